"""Grids on which the numbers of a column lie."""

from typing import Any

import numpy as np

FEWEST_ON_GRID = 20
"""Distinct numbers that prove a grid coarser than their decimals: by chance, 1 in 2^20."""


def decimals_of(values: "np.ndarray[Any, Any]") -> int | None:
    """Return the decimal places that represent all values; None if 6 are not enough."""
    scale = np.maximum(np.abs(values), 1.0)
    for decimals in range(-3, 7):
        if (np.abs(values - np.round(values, decimals)) <= 1e-9 * scale).all():
            return decimals if np.unique(values).size > 1 or decimals >= 0 else 0
    return None


def spacing_of(values: "np.ndarray[Any, Any]", decimals: int | None) -> float | None:
    """Return the step of the grid of all values; None if it is one decimal, or if they are few.

    Args:
        values: The distinct values, ascending.
        decimals: Their decimal places, if they are rounded.
    """
    if decimals is None or len(values) <= FEWEST_ON_GRID:
        return None
    counts = np.round((values - values[0]) * 10.0**decimals).astype(np.int64)
    common = int(np.gcd.reduce(counts))
    return None if common == 1 else common / 10.0**decimals
