"""Films of a run: the moments they show, and their files."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gan_lightning.figures import write_animation

PER_DOUBLING = 6
"""Moments of a film each time the batches double: about 60 in a run of 4000."""

MOST_FRAMES = 60
"""The largest number of frames in a film; a longer run leaves some out."""

MOST_PICTURES = 240
"""The largest number of pictures of one kind in a run's folder."""

UNTRAINED = "untrained"
"""Name of the picture drawn before the first batch."""

MILLISECONDS = {"first": 1000, "frame": 120, "last": 2500}
"""Durations of the first, the last and the other frames."""


def is_moment(batches: int, per_doubling: int = PER_DOUBLING) -> bool:
    """Return whether a film shows the moment after a number of batches.

    The moments are evenly spaced in the logarithm and depend on nothing else: a resumed run
    continues them.
    """
    if batches < 1:
        return batches == 0
    nearest = round(per_doubling * math.log2(batches))
    # Among the first few batches, several moments fall on the same one.
    return any(
        round(2 ** (k / per_doubling)) == batches for k in (nearest - 1, nearest, nearest + 1)
    )


def pictures_in(folder: Path) -> list[Path]:
    """Return a folder's pictures in the order of their batches, the untrained one first."""
    return sorted(folder.glob("*.png"), key=batches_of)


def batches_of(picture: Path) -> int:
    """Return the number of batches after which a picture was drawn."""
    return int(picture.stem) + 1 if picture.stem.isdecimal() else 0


def evenly_spaced(pictures: Sequence[Path], most: int) -> list[Path]:
    """Return at most ``most`` pictures, evenly spaced in the logarithm, first and last included.

    The picture whose neighbours are closest to each other is removed repeatedly.
    """
    kept = list(pictures)
    places = [math.log(batches_of(path) + 1) for path in kept]
    while len(kept) > max(most, 2):
        gaps = [places[i + 1] - places[i - 1] for i in range(1, len(kept) - 1)]
        closest = 1 + int(np.argmin(gaps))
        del kept[closest], places[closest]
    return kept


def forget_later(folder: Path, batches: int) -> None:
    """Remove pictures of batches that a resumed run will train on again."""
    for path in folder.glob("*/*.png"):
        if batches_of(path) > batches:
            path.unlink()


def keep_few(folder: Path) -> None:
    """Remove the pictures closest to others, if there are very many."""
    pictures = pictures_in(folder)
    if len(pictures) > MOST_PICTURES:
        for path in set(pictures) - set(evenly_spaced(pictures, MOST_PICTURES // 2)):
            path.unlink()


def write_films(folder: Path) -> list[Path]:
    """Make a film of each subfolder that holds more than one picture."""
    films: list[Path] = []
    for pictures in sorted(folder.glob("*/")):
        films += write_film(pictures, pictures.with_suffix(".gif"))
    return films


def write_film(pictures: Path, film: Path) -> list[Path]:
    """Write pictures as an animated GIF, and as MP4 where the extra is installed.

    Args:
        pictures: Their folder; pictures that differ in size from the last one are left out.
        film: The GIF; the MP4 lies beside it.

    Returns:
        The files; none for fewer than two pictures.
    """
    frames = evenly_spaced(pictures_in(pictures), MOST_FRAMES)
    if len(frames) < 2:
        return []
    images = [_opened(path) for path in frames]
    images = [image for image in images if image.size == images[-1].size]
    between = [MILLISECONDS["frame"]] * (len(images) - 2)
    shown = [MILLISECONDS["first"], *between, MILLISECONDS["last"]][-len(images) :]
    return write_animation(images, shown, film)


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.copy()
