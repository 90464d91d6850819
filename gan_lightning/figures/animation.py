"""Animations as files."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from gan_lightning.figures.palette import GENERATED, REAL
from gan_lightning.files import replacing

FRAMES_PER_SECOND = 25
"""Frames per second of a video, which repeats a picture for as long as it is shown."""

KEPT = ("white", REAL, GENERATED)
"""Colours that no palette approximates, however few pixels of a picture have them."""


def write_animation(
    images: Sequence[Image.Image], milliseconds: Sequence[int], path: Path
) -> list[Path]:
    """Write an animated GIF, and an MP4 beside it where the extra ``video`` is installed.

    Args:
        images: Images of one size.
        milliseconds: How long each is shown.
        path: The GIF.

    Returns:
        The files.
    """
    drawn = _in_common_colours(images)
    with replacing(path) as file:
        drawn[0].save(
            file,
            save_all=True,
            append_images=drawn[1:],
            duration=list(milliseconds),
            loop=0,
            disposal=1,
        )
    if find_spec("imageio_ffmpeg") is None:
        return [path]
    video = path.with_suffix(".mp4")
    _write_video(images, milliseconds, video)
    return [path, video]


def _in_common_colours(images: Sequence[Image.Image]) -> list[Image.Image]:
    """Return images in 256 colours that all share, chosen from five of them."""
    own = images[0].getpalette()
    if own is not None and all(image.getpalette() == own for image in images):
        return list(images)
    coloured = [image.convert("RGB") for image in images]
    last = len(images) - 1
    palette = palette_of([coloured[i] for i in sorted({last * k // 4 for k in range(5)})])
    return [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in coloured]


def palette_of(chosen: Sequence[Image.Image]) -> Image.Image:
    """Return an image with the 256 colours that suit several images best, ``KEPT`` among them.

    Args:
        chosen: RGB, of one size.
    """
    width, height = chosen[0].size
    sheet = Image.new("RGB", (width, height * len(chosen)))
    for i, image in enumerate(chosen):
        sheet.paste(image, (0, i * height))
    found = sheet.quantize(256 - len(KEPT))
    colours = np.array(found.getpalette() or [], dtype=int).reshape(-1, 3)
    for kept in np.array([ImageColor.getrgb(colour) for colour in KEPT]):
        # Pillow compares colours with the lower corner of a cell of 4 levels each way.
        corner = kept // 4 * 4
        rivals = np.square(colours - corner).sum(1) <= np.square(kept - corner).sum()
        colours[rivals] = kept
        colours = np.concatenate([colours, kept[None]])
    found.putpalette(colours.flatten().tolist())
    return found


def _write_video(images: Sequence[Image.Image], milliseconds: Sequence[int], path: Path) -> None:
    """Write H.264, which every browser plays and which needs even sides."""
    import imageio_ffmpeg  # an extra

    width, height = (side + side % 2 for side in images[0].size)
    with replacing(path) as file:
        writer = imageio_ffmpeg.write_frames(
            str(file), (width, height), fps=FRAMES_PER_SECOND, macro_block_size=2, quality=7
        )
        writer.send(None)  # which starts it
        for image, duration in zip(images, milliseconds, strict=True):
            padded = Image.new("RGB", (width, height), "white")
            padded.paste(image.convert("RGB"))
            frame = np.asarray(padded).tobytes()
            for _ in range(max(round(duration / 1000 * FRAMES_PER_SECOND), 1)):
                writer.send(frame)
        writer.close()
