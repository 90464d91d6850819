"""Which points of your own data are held out: decided by content, not by position.

Adding, removing or renaming a point moves no other point between splits.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor


def content_hash(content: bytes, seed: int) -> str:
    """Return 16 letters that depend on a point's content and a seed."""
    return hashlib.sha256(str(seed).encode() + b"\0" + content).hexdigest()[:16]


def file_hash(path: Path, seed: int) -> str:
    """Return ``content_hash`` of a file, which may be larger than memory.

    For an unreadable file it covers what could be read: the error is reported when it is used.
    """
    total = hashlib.sha256(str(seed).encode() + b"\0")
    with suppress(OSError), path.open("rb") as file:
        while part := file.read(2**20):
            total.update(part)
    return total.hexdigest()[:16]


def row_hashes(rows: Tensor, label: int, seed: int) -> list[str]:
    """Return a hash for each row of a label."""
    start, end = hashlib.sha256(str(seed).encode() + b"\0"), str(label).encode()
    content, width = rows.double().contiguous().numpy().tobytes(), 8 * rows.shape[1]
    hashes = []
    for place in range(0, len(content), width or 1):  # once for each of a million rows
        row = start.copy()
        row.update(content[place : place + width] + end)
        hashes.append(row.hexdigest()[:16])
    return hashes


class HeldOut(NamedTuple):
    """The hashes of points that were held out before and stay held out."""

    val: frozenset[str]
    test: frozenset[str]


def parted(
    hashes: Sequence[str], val_share: float, test_share: float, known: HeldOut | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the indices of training, validation and test points, held out by their hashes.

    On the first reading, the points with the lowest hashes are held out, exactly as many as the
    shares require; equal points stay together. Later the known points are held out, and added ones
    are trained on.

    Args:
        hashes: A hash for each point.
        val_share: Share of the points for validation.
        test_share: Share of the points for ``test``.
        known: The points held out before.
    """
    if known is None:
        ordered = sorted(hashes)
        first = _uncut(ordered, round(val_share * len(hashes)))
        second = _uncut(ordered, first + round(test_share * len(hashes)))
        known = HeldOut(frozenset(ordered[:first]), frozenset(ordered[first:second]))
    val = [name in known.val for name in hashes]
    test = [name in known.test for name in hashes]
    held = torch.tensor([val, test], dtype=torch.bool)
    train = ~held.any(0)
    return tuple(part.nonzero().flatten() for part in (train, *held))


def _uncut(ordered: Sequence[str], count: int) -> int:
    """Return a count that does not separate points with the same hash."""
    while 0 < count < len(ordered) and ordered[count - 1] == ordered[count]:
        count -= 1
    return count


def digest(*tensors: Tensor) -> str:
    """Return 16 letters that change when a number or its place changes."""
    total = hashlib.sha256()
    for tensor in tensors:
        for part in tensor.detach().cpu().split(4096) if tensor.dim() else [tensor]:
            total.update(part.contiguous().view(torch.uint8).numpy().tobytes())
    return total.hexdigest()[:16]
