"""Decoded images in a file that stands for them, where they are too many for memory."""

import hashlib
import math
import secrets
import time
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_lightning.data.memory import Split

LABEL_BYTES = 8  # int64


def fingerprint(files: Iterable[Path], root: Path) -> str:
    """Return 16 letters that change when a file is added, removed, renamed or written to."""
    digest = hashlib.sha256()
    for path in files:
        status = path.stat()
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def write_images(path: Path, images: Iterable[tuple[Tensor, int]]) -> None:
    """Write images, one after the other, and behind the last of them their labels.

    The file gets its name when it is complete, so that a kill leaves none that is half.

    Args:
        path: The file; its folder is made if need be.
        images: uint8, all of one shape, each with its label.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for forsaken in path.parent.glob("*.partial"):
        if time.time() - forsaken.stat().st_mtime > 3600:  # whoever wrote it was killed
            forsaken.unlink()
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")  # one for each process
    labels = []
    try:
        with partial.open("wb") as file:
            for image, label in images:
                file.write(image.numpy().tobytes())
                labels.append(label)
            file.write(np.array(labels, np.int64).tobytes())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def mapped_images(path: Path, shape: tuple[int, ...]) -> Split:
    """Return the images of a file without reading them: the system does that when they are used.

    Args:
        path: A file of ``write_images``.
        shape: Shape of one image.
    """
    num_bytes = math.prod(shape)
    count = path.stat().st_size // (num_bytes + LABEL_BYTES)
    pixels = np.memmap(path, np.uint8, "r", shape=(count, *shape))
    labels = np.fromfile(path, np.int64, offset=count * num_bytes)
    with warnings.catch_warnings():
        # A mapping that could be written to would be refused where it is larger than the memory.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return Split(torch.from_numpy(pixels), torch.from_numpy(labels))
