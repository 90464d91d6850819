"""Sets of features in the form that the metrics need."""

from collections.abc import Iterator

import torch
from torch import Tensor

from gan_lightning.errors import InputError

BLOCK_BYTES = 2**24
"""Size of one block of a matrix of pairs: larger blocks leave the cache and are slower."""


def normalised(features: Tensor, reference: Tensor) -> Tensor:
    """Return features in units of the root mean square of the reference's, in float64.

    One scalar scales all dimensions, so that directions keep their weight. Both sets of a
    comparison are divided by the real set's. A reference of zeros is not scaled.

    Args:
        features: Shape ``(num_rows, …)``.
        reference: The real set's features, shape ``(num_real, …)``.
    """
    scale = reference.double().square().mean().sqrt()
    return features.double() / torch.where(scale == 0, 1.0, scale)


def as_rows(at_least: int, dtype: torch.dtype = torch.float64, **sets: Tensor) -> list[Tensor]:
    """Return the named sets as matrices, one row for each of their entries.

    Raises:
        InputError: If a set has fewer than ``at_least`` rows, or rows of another size than the
            first set's.
    """
    rows = []
    for name, features in sets.items():
        if features.ndim < 2 or len(features) < at_least:
            raise InputError(
                f"The {name} set needs the shape (rows, dimensions) with at least {at_least} "
                f"row{'s' * (at_least > 1)}, not {tuple(features.shape)}."
            )
        rows.append(features.detach().flatten(1).to(dtype))
        if rows[-1].shape[1] != rows[0].shape[1]:
            raise InputError(
                f"The {name} set needs {rows[0].shape[1]} dimensions like the {next(iter(sets))} "
                f"set, not {rows[-1].shape[1]}."
            )
    return rows


def all_finite(*sets: Tensor) -> bool:
    """Return whether there is neither NaN nor infinity: eigensolvers and trees refuse them."""
    return all(bool(features.isfinite().all()) for features in sets)


def blocks(rows: Tensor, num_others: int) -> Iterator[slice]:
    """Split rows so that the pairs of one block with ``num_others`` rows take 16 MB."""
    size = max(1, BLOCK_BYTES // (num_others * rows.element_size()))
    return (slice(i, min(i + size, len(rows))) for i in range(0, len(rows), size))
