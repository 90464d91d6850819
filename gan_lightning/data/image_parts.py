"""Which images are trained on: a mark in their labels, until the splits are made.

A file that cannot be decoded must not shift the split, and a memory-mapped file can be sliced
without a copy, but not indexed. So the images of each part are contiguous.
"""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from gan_lightning.data.image_layout import Part, Place
from gan_lightning.data.memory import Split
from gan_lightning.errors import InputError

ORDER: tuple[Part, ...] = ("val", "test", "train")

MARK = 2**40
"""Multiplied by a part's position, it is added to the labels of the part's images."""

FEWEST = 2
"""The smallest number of images to read, and to compare with."""


class Marked(NamedTuple):
    """A file, and the label of its image with the mark of its part."""

    path: Path
    label: int


def marked(
    images: Sequence[tuple[Path, Place]], hashes: Mapping[Path, str], held_out: Set[str]
) -> list[Marked]:
    """Return files part by part, each part in the order of content.

    Args:
        images: Files and where they lie.
        hashes: A hash of the content of each.
        held_out: Hashes of training images that are held out for validation.
    """

    def place_of(path: Path, place: Place) -> int:
        held = place.part == "train" and hashes[path] in held_out
        return ORDER.index("val" if held else place.part)

    ordered = sorted(images, key=lambda image: (place_of(*image), hashes[image[0]]))
    return [Marked(path, place.label + MARK * place_of(path, place)) for path, place in ordered]


def held_out_share(val_fraction: float, num_images: int) -> float:
    """Return the share to hold out: if any, at least as many images as a comparison needs."""
    if val_fraction == 0 or num_images < 2 * FEWEST:
        return val_fraction
    return max(val_fraction, FEWEST / num_images)


def part_sizes(labels: Tensor, copies: int) -> dict[Part, int]:
    """Return how many images each part has, not counting copies."""
    counts = (labels // MARK).bincount(minlength=len(ORDER)) // copies
    return dict(zip(ORDER, counts.tolist(), strict=True))


def check_sizes(sizes: Mapping[Part, int], root: Path, val_fraction: float) -> None:
    """Make sure that there are images to train on, and either none or enough to compare with.

    Raises:
        InputError: If there are too few.
    """
    num_train, num_val = sizes["train"], sizes["val"]
    if num_train == 0 or 0 < num_val < FEWEST:
        raise InputError(
            f"ImageFolder: val_fraction {val_fraction} of the images in {root} leaves {num_train} "
            f"for training and {num_val} to compare with, expected at least 1 and {FEWEST}: choose "
            "another, or 0 to compare with the training images."
        )


def class_sizes(labels: Tensor, copies: int, num_classes: int) -> list[int]:
    """Return how many images each class has, not counting copies."""
    return ((labels % MARK).bincount(minlength=num_classes) // copies).tolist()


def cut(images: Tensor, labels: Tensor, copies: int) -> dict[Part, Split]:
    """Return the images of each part, with copies only for training.

    Args:
        images: Shape ``(num_images · copies, …)``, each followed by its copies.
        labels: Marked labels, shape ``(num_images · copies,)``.
        copies: How often each image occurs.
    """
    sizes = [size * copies for size in part_sizes(labels, copies).values()]
    parts = zip(ORDER, images.split(sizes), (labels % MARK).split(sizes), strict=True)
    return {
        name: Split(x, y) if name == "train" else Split(x[::copies], y[::copies])
        for name, x, y in parts
    }
