"""Decoded images in a memory-mapped file, if they are too many for memory."""

import hashlib
import math
import os
import secrets
import time
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_lightning.data.memory import Split

NUMBER_BYTES = 8  # int64


def fingerprint(files: Iterable[Path], root: Path, conversion: str) -> str:
    """Return 16 letters that change when a file is added, removed, renamed or written to.

    Args:
        files: The files, in the order of their images.
        root: The folder to which their names are relative.
        conversion: Everything else on which the images depend.
    """
    digest = hashlib.sha256(conversion.encode())
    for path in files:
        status = path.stat()
        digest.update(os.fsencode(path.relative_to(root)))
        digest.update(f"\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def write_images(path: Path, images: Iterable[tuple[Tensor, int]]) -> None:
    """Write images one after the other, followed by a number for each.

    The file gets its name once it is complete, so a kill leaves no partial file.

    Args:
        path: The file; its folder is created if missing.
        images: uint8, all of one shape, each with its number.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for forsaken in path.parent.glob("*.partial"):
        if time.time() - forsaken.stat().st_mtime > 3600:  # its writer was killed
            forsaken.unlink()
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")  # one per process
    numbers = []
    try:
        with partial.open("wb") as file:
            for image, number in images:
                file.write(image.numpy().tobytes())
                numbers.append(number)
            file.write(np.array(numbers, np.int64).tobytes())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def mapped_images(path: Path, shape: tuple[int, ...]) -> Split:
    """Return the images of a file without reading them: the system loads them on use.

    Args:
        path: A file of ``write_images``.
        shape: Shape of one image.
    """
    num_bytes = math.prod(shape)
    count = path.stat().st_size // (num_bytes + NUMBER_BYTES)
    pixels = np.memmap(path, np.uint8, "r", shape=(count, *shape))
    numbers = np.fromfile(path, np.int64, offset=count * num_bytes)
    with warnings.catch_warnings():
        # A writable mapping larger than memory would be refused.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return Split(torch.from_numpy(pixels), torch.from_numpy(numbers))
