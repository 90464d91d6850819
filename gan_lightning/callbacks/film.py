"""Films of a run: which moments they show, and the files they are."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gan_lightning.figures import write_animation

PER_DOUBLING = 6
"""Moments of a film while the batches double: about 60 of a run of 4000."""

MOST_FRAMES = 60
"""Frames of a film; of a longer run some are left out."""

MOST_PICTURES = 240
"""Pictures of a kind that a run's folder keeps."""

UNTRAINED = "untrained"
"""Name of the picture before the first batch."""

MILLISECONDS = {"first": 1000, "frame": 120, "last": 2500}
"""How long the first, the last and the other frames are shown."""


def is_moment(batches: int) -> bool:
    """Return whether a film shows the moment after so many batches.

    The moments are evenly spaced by the logarithm, and depend on nothing else: a run that goes on
    for longer goes on with them.
    """
    if batches < 1:
        return batches == 0
    nearest = round(PER_DOUBLING * math.log2(batches))
    # Whole numbers that are few at first share moments.
    return any(
        round(2 ** (k / PER_DOUBLING)) == batches for k in (nearest - 1, nearest, nearest + 1)
    )


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures of a folder in the order of their batches, the untrained one first."""
    return sorted(folder.glob("*.png"), key=batches_of)


def batches_of(picture: Path) -> int:
    """Return after how many batches a picture was drawn."""
    return int(picture.stem) + 1 if picture.stem.isdecimal() else 0


def evenly_spaced(pictures: Sequence[Path], most: int) -> list[Path]:
    """Return at most so many pictures, evenly spaced by the logarithm, with the first and the last.

    One after the other is left out, that whose neighbours are closest to each other.
    """
    kept = list(pictures)
    places = [math.log(batches_of(path) + 1) for path in kept]
    while len(kept) > max(most, 2):
        gaps = [places[i + 1] - places[i - 1] for i in range(1, len(kept) - 1)]
        closest = 1 + int(np.argmin(gaps))
        del kept[closest], places[closest]
    return kept


def forget_later(folder: Path, batches: int) -> None:
    """Remove pictures of batches that a run, which goes on from a checkpoint, trains on again."""
    for path in folder.glob("*/*.png"):
        if batches_of(path) > batches:
            path.unlink()


def keep_few(folder: Path) -> None:
    """Remove pictures that lie closest to others, where there are very many."""
    pictures = pictures_in(folder)
    if len(pictures) > MOST_PICTURES:
        for path in set(pictures) - set(evenly_spaced(pictures, MOST_PICTURES // 2)):
            path.unlink()


def write_films(folder: Path) -> list[Path]:
    """Make a film of each folder of pictures within a folder; one picture is no film."""
    films: list[Path] = []
    for pictures in sorted(folder.glob("*/")):
        films += write_film(pictures, pictures.with_suffix(".gif"))
    return films


def write_film(pictures: Path, film: Path) -> list[Path]:
    """Write pictures one after the other as an animated GIF, and as MP4 where that can be had.

    Args:
        pictures: Their folder; those of another size than the last one are left out.
        film: The GIF; the MP4 lies beside it.

    Returns:
        The files: none of less than two pictures.
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
