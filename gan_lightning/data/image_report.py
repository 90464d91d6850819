"""The report on a folder of images that was read."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lightning_utilities.core.rank_zero import rank_zero_only, rank_zero_warn

from gan_lightning.data.image_layout import Part

NAMED = 20
"""The largest number of files or classes that are named; others are counted."""

FOR: dict[Part, str] = {"train": "for training", "val": "held out", "test": "for test"}

DARK = 65535 / 8
"""Images of 16 bits without a larger value are nearly black."""


@dataclass
class FolderReport:
    """How many images of a folder are used, and what happened to the others."""

    root: Path
    parts: Mapping[Part, int]
    """The number of images for each purpose."""
    classes: Mapping[str, int]
    """The number of images in each class."""
    skipped: Mapping[str, str]
    """Why a file that looks like an image is skipped, by its name."""
    others: Sequence[str]
    """Files that are not images."""
    remarks: Mapping[str, int]
    """The number of images for each conversion."""
    notes: Sequence[str]
    """Further notes for the user."""

    def text(self) -> str:
        """Return all of it as one line."""
        used = sum(self.parts.values())
        total = used + len(self.skipped)
        parts = [f"{self.parts[part]} {use}" for part, use in FOR.items() if self.parts[part]]
        sentences = [f"{self.root}: {used} of {total} images are used ({', '.join(parts)})"]
        if self.classes:
            sentences.append(f"classes: {_listed([f'{k} {n}' for k, n in self.classes.items()])}")
        sentences += [f"{count} {how}" for how, count in sorted(self.remarks.items())]
        sentences += self.notes
        left_out = left_out_text(self.skipped, self.others)
        return "; ".join([*sentences, *([left_out] if left_out else [])]) + "."

    def tell(self) -> None:
        """Print the report once, as a warning if usable-looking files are left out."""
        if self.skipped or self.notes:
            rank_zero_warn(self.text())
        else:
            _say(self.text())


def left_out_text(skipped: Mapping[str, str], others: Sequence[str] = ()) -> str:
    """Return which files are skipped and why, and which are not images."""
    why = [f"{name} is skipped: {why}" for name, why in skipped.items()]
    parts = [_listed(why, "; "), f"no images: {_listed(others)}" if others else ""]
    return "; ".join(filter(None, parts))


def darkness_note(largest: float) -> list[str]:
    """Return a note on 16-bit images that use a small part of their range."""
    if not 0 < largest < DARK:
        return []
    return [
        f"the largest value of the 16-bit images is {largest:g} of 65535, so they are nearly "
        f"black: set white to {largest:g}, or to the camera's own value"
    ]


def none_held_out_note(val_fraction: float, sizes: Mapping[Part, int]) -> list[str]:
    """Return a note if images should be held out and cannot be."""
    if sizes["val"] or val_fraction == 0:
        return []
    return [
        f"none can be held out, as they are too few or all the same, despite a val_fraction of "
        f"{val_fraction}: samples are compared with the training images"
    ]


@rank_zero_only
def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _listed(names: Sequence[str], separator: str = ", ") -> str:
    more = len(names) - NAMED
    return separator.join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
