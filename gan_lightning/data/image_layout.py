"""The meaning of folders of images: classes, parts of a split, or nothing."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from gan_lightning.data.image_files import is_called_image, is_image, why_irregular
from gan_lightning.errors import InputError

Part = Literal["train", "val", "test"]

PARTS: dict[Part, str] = {
    "train": "train(ing)?",
    "val": "val|valid(ation)?|dev",
    "test": "test(ing)?",
}
"""Names of the folders of a split, apart from additions as in ``train2017``."""

ADDITION = r"([ _-]?(set|data|images|pictures|imgs|\d{4}))?"


class Place(NamedTuple):
    """A folder whose images, nested ones included, share one label and one part."""

    folder: Path
    label: int
    part: Part


class Layout(NamedTuple):
    """Where the images are, and what their folders mean."""

    classes: list[str]
    """A name for each label; empty if the images have no classes."""
    places: list[Place]
    notes: list[str]
    """Notes for the user."""


class Listing(NamedTuple):
    """All files of a layout."""

    images: list[tuple[Path, Place]]
    skipped: dict[str, str]
    """Why a file that looks like an image is skipped, by its name."""
    others: list[str]
    """Files that neither are images nor are named like images."""


def read_layout(root: Path) -> Layout:
    """Infer what the folders in a root mean from the first image in each.

    Folders named ``train``, ``val`` and ``test`` are parts, and may hold classes; other folders are
    classes. If images lie beside folders of images, no image has a class.

    Raises:
        InputError: If the folders can be understood in two ways.
    """
    folders, notes = _filled(root)
    parts = {folder: part for folder in folders if (part := _part(folder.name))}
    found = set(parts.values())
    # Among others, train may be a class: of vehicles.
    if not parts or (len(parts) < len(folders) and found == {"train"}):
        names, more = _classes(root)
        places = [Place(root / name, label, "train") for label, name in enumerate(names)]
        return Layout(names, places or [Place(root, 0, "train")], notes + more)
    if len(found) < len(parts) or len(parts) < len(folders) or "train" not in found:
        raise InputError(
            f"ImageFolder: {root} holds the folders {_listed([f.name for f in folders])}: expected "
            "classes alone, or train and perhaps val and test alone."
        )
    inner = {folder: _classes(folder) for folder in parts}
    notes += [note for _, more in inner.values() for note in more]
    if any(is_image(path) for path in _files(root)):
        notes.append(f"images beside {_listed([f.name for f in folders])} are left out")
    has_classes = all(names for names, _ in inner.values())
    if not has_classes:
        return Layout([], [Place(folder, 0, part) for folder, part in parts.items()], notes)
    classes = sorted({name for names, _ in inner.values() for name in names})
    places = [
        Place(folder / name, classes.index(name), part)
        for folder, part in parts.items()
        for name in inner[folder][0]
    ]
    return Layout(classes, places, notes)


def list_files(root: Path, layout: Layout) -> Listing:
    """Open every file of a layout far enough to tell whether it is an image."""
    images: list[tuple[Path, Place]] = []
    listing = Listing(images, {}, [])
    folders = [place.folder for place in layout.places]
    seen = {_identity(folder) for folder in [root, *folders]}  # no link leads into another class
    for place in layout.places:
        for path in _walk(place.folder, seen, listing.skipped):
            if not _note_if_none(path, root, listing):
                images.append((path, place))
    for folder in sorted({folder.parent for folder in folders} - {*folders, root.parent}):
        for path in _files(folder):  # outside the layout's folders, where no image counts
            _note_if_none(path, root, listing)
    return listing


def _note_if_none(path: Path, root: Path, listing: Listing) -> bool:
    """Return whether a file is not an image, and note it."""
    why = why_irregular(path)
    if why is None and is_image(path):
        return False
    name = path.relative_to(root).as_posix()
    if why is None and not is_called_image(path):
        listing.others.append(name)
    else:
        empty = why is None and path.stat().st_size == 0
        listing.skipped[name] = why or ("empty" if empty else "not an image that Pillow knows")
    return True


def _classes(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of a folder's classes, if any, and notes on them."""
    folders, notes = _filled(folder)
    for inner in folders:
        parts = {part for each in _filled(inner)[0] if (part := _part(each.name))}
        if len(parts) > 1:
            raise InputError(
                f"ImageFolder: {inner} holds a split of its own, {_listed(sorted(parts))}: "
                "expected train and test above the classes."
            )
    if folders and any(is_image(path) for path in _files(folder)):
        names = _listed([inner.name for inner in folders])
        return [], [*notes, f"no classes, as images lie beside the folders {names} in {folder}"]
    return [inner.name for inner in folders], notes


def _filled(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the subfolders that contain an image, and a note on the others."""
    subfolders = [entry for entry in _entries(folder) if entry.is_dir() and not _hidden(entry)]
    filled = [
        each
        for each in subfolders
        if any(map(is_image, _walk(each, {_identity(folder), _identity(each)}, {})))
    ]
    empty = [each.name for each in subfolders if each not in filled]
    return filled, [f"no image in {_listed(empty)}"] if empty else []


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in _entries(folder) if not path.is_dir() and not _hidden(path))


def _walk(folder: Path, seen: set[tuple[int, int]], unread: dict[str, str]) -> Iterator[Path]:
    """Yield all files below a folder, also through links, but each folder only once."""
    try:
        entries = _entries(folder)
    except OSError as error:
        unread[str(folder)] = str(error.strerror)
        return
    for path in entries:
        if _hidden(path):
            continue
        if not path.is_dir():
            yield path
        elif (identity := _identity(path)) not in seen:
            seen.add(identity)
            yield from _walk(path, seen, unread)


def _identity(folder: Path) -> tuple[int, int]:
    """Return what identifies a folder, whatever link leads there."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def _entries(folder: Path) -> list[Path]:
    return [folder / name for name in sorted(os.listdir(folder))]


def _hidden(path: Path) -> bool:
    return path.name.startswith((".", "__"))  # such as .ipynb_checkpoints, __MACOSX


def _part(name: str) -> Part | None:
    for part, pattern in PARTS.items():
        if re.fullmatch(f"({pattern}){ADDITION}", name.lower()):
            return part
    return None


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
