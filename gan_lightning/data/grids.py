"""Grids on which the numbers of a column lie."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

FEWEST_ON_GRID = 20
"""Distinct numbers that prove a grid coarser than their decimals: by chance, 1 in 2^20."""

FEWEST_MONTHS = 5
"""Fewer different first or last days of months may be so by chance."""


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


class Months(NamedTuple):
    """The first or last days of months at equal distances: each quarter, say."""

    day: int
    """1 for first days and -1 for last ones."""

    step: int
    """Distance of neighbours in months: 1, 3 or 12."""

    start: int
    """One of the months, counted from January 1970."""

    @classmethod
    def of(cls, moments: "np.ndarray[Any, Any]") -> "Months | None":
        """Return the months of moments; None if some are on other days, or if they are few.

        Args:
            moments: Seconds from 1970 on.
        """
        if len(np.unique(moments)) < FEWEST_MONTHS or (moments % 86400).any():
            return None
        for day, shift in ((1, 0), (-1, 1)):
            days = (moments / 86400 + shift).astype("datetime64[D]")
            months = days.astype("datetime64[M]")
            if (days == months).all():
                count = months.astype(np.int64)
                common = int(np.gcd.reduce(count - count.min()))
                step = max(step for step in (1, 3, 12) if common % step == 0)
                return cls(day, step, int(count.min()))
        return None

    def nearest(self, moments: Tensor, unit: float) -> Tensor:
        """Return the nearest of these days; NaN stays.

        Args:
            moments: Float64, counted from 1970 on.
            unit: Length of the counted unit in seconds.
        """
        there, shift = ~moments.isnan(), np.timedelta64(0 if self.day == 1 else 1, "D")
        days = (moments[there] * unit / 86400).numpy().astype("datetime64[D]") + shift
        month = days.astype("datetime64[M]").astype(np.int64)
        before = self.start + (month - self.start) // self.step * self.step
        low, high = (
            m.astype("datetime64[M]").astype("datetime64[D]") for m in (before, before + self.step)
        )
        nearest = np.where(days - low <= high - days, low, high) - shift
        found = moments.clone()
        found[there] = torch.from_numpy(nearest.astype(float)) * (86400 / unit)
        return found
