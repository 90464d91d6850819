"""Which points of your own data are held out: decided by content, not by position.

A point that is added, removed or renamed moves no other point from one split to another.
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
    """Return what ``content_hash`` does of a file's content, which may be larger than memory.

    Of a file that cannot be read it is that of what could be: whoever uses it will say why.
    """
    total = hashlib.sha256(str(seed).encode() + b"\0")
    with suppress(OSError), path.open("rb") as file:
        while part := file.read(2**20):
            total.update(part)
    return total.hexdigest()[:16]


def row_hashes(rows: Tensor, label: int, seed: int) -> list[str]:
    """Return a hash for each row of a label."""
    contents = (row.tobytes() for row in rows.double().numpy())
    return [content_hash(content + str(label).encode(), seed) for content in contents]


class HeldOut(NamedTuple):
    """The hashes of points that were held out once, and stay so."""

    val: frozenset[str]
    test: frozenset[str]


def parted(
    hashes: Sequence[str], val_share: float, test_share: float, known: HeldOut | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the indices of training, validation and test points, held out by their hashes.

    At first reading the points with the lowest hashes are held out, as many as the shares say to a
    point; points that are the same stay together. Later the known ones are, and points that were
    added are trained on.

    Args:
        hashes: A hash for each point.
        val_share: Share of the points for validation.
        test_share: Share of the points for ``test``.
        known: What was held out before.
    """
    if known is None:
        order = sorted(range(len(hashes)), key=lambda i: (hashes[i], i))
        ordered = [hashes[i] for i in order]
        first = _uncut(ordered, round(val_share * len(hashes)))
        second = _uncut(ordered, first + round(test_share * len(hashes)))
        known = HeldOut(frozenset(ordered[:first]), frozenset(ordered[first:second]))
    val = [i for i, name in enumerate(hashes) if name in known.val]
    test = [i for i, name in enumerate(hashes) if name in known.test]
    held_out = {*val, *test}
    train = [i for i in range(len(hashes)) if i not in held_out]
    return tuple(torch.tensor(part, dtype=torch.int64) for part in (train, val, test))  # type: ignore[return-value]


def _uncut(ordered: Sequence[str], count: int) -> int:
    """Return a count that parts no points of the same hash."""
    while 0 < count < len(ordered) and ordered[count - 1] == ordered[count]:
        count -= 1
    return count


def digest(*tensors: Tensor) -> str:
    """Return 16 letters that change when a number changes, or its place."""
    total = hashlib.sha256()
    for tensor in tensors:
        for part in tensor.detach().cpu().split(4096) if tensor.dim() else [tensor]:
            total.update(part.contiguous().view(torch.uint8).numpy().tobytes())
    return total.hexdigest()[:16]
