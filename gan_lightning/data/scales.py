"""A scale in which any measured column is normal."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

REACH = 3.5
"""Normal scores lie within ± this: 1 of 2000 draws from N(0, 1) does not."""

BEYOND = float(torch.special.ndtr(torch.tensor(-REACH, dtype=torch.float64)))
"""Share of N(0, 1) below -REACH."""

ROWS_PER_KNOT = 5
"""Training rows per knot of a scale: a checkpoint holds quantiles, not the column."""

MOST_KNOTS = 500
"""The largest number of knots, however many rows there are."""

FEW_ROWS = 1000
"""This few rows say little about a column's distribution: its scale is a line if one suffices."""

LONGEST_TAIL = 6.0
"""Standard deviations from the mean beyond which values are too far out for a line."""

WIDEST_GAP = 2.0
"""Standard deviations between neighbouring values that are too many for a line beside a value that
several rows share, such as -999 for something unknown: its edges would be blurred."""

LARGEST_SHARE = 0.25
"""Share of the rows above which one value is a spike on a line."""

NUM_LINE_KNOTS = 70
"""Intervals of a line's knots, which are those of a normal distribution."""


@dataclass
class NormalScores:
    """Makes each measured column normal: N(0, 1), cut off at ±3.5, whatever its distribution is.

    A rounded value stands for a cell, in which it is placed at random, and so does a value that
    many rows share: nothing that the model sees is a spike. Unscaled, it is in that cell again.
    A column of few rows, without long tails or a value that many share, is standardised instead:
    few quantiles are a rough scale, and a density is best estimated in the data's own units.

    Args:
        values: Knots of the quantile functions, ascending, float64, ``(num_columns, num_knots)``;
            the last one is repeated where a column has fewer.
        levels: Their levels in [0, 1], in the same form; two knots at one level span a gap.
        steps: Width of the cell of a rounded value, ``(num_columns, 1)``; 0 for one that is not.
    """

    values: Tensor
    levels: Tensor
    steps: Tensor

    @classmethod
    def of(cls, columns: Sequence[Tensor], steps: Sequence[float]) -> "NormalScores":
        """Return the scores of columns.

        Args:
            columns: The training rows' values of each column; NaN is missing.
            steps: Width of the cell of each column's rounded values.
        """
        knots = [_knots(values, step) for values, step in zip(columns, steps, strict=True)]
        most = max(map(len, knots), default=2)
        padded = [torch.cat([k, k[-1:].expand(most - len(k), 2)]) for k in knots]
        both = torch.stack(padded) if padded else torch.zeros(0, most, 2, dtype=torch.float64)
        widths = torch.tensor(list(steps), dtype=torch.float64)[:, None]
        return cls(both[..., 1].contiguous(), both[..., 0].contiguous(), widths)

    def cells(self, values: Tensor) -> Tensor:
        """Return the levels at which each cell begins and ends, and its distance from the knots.

        Float64, shape ``(3, num_columns, num_rows)``; the distance is in scores.

        Args:
            values: In the data's own units, shape ``(num_columns, num_rows)``; NaN is missing, and
                may get any score.
        """
        half, missing = self.steps / 2 * 0.999, values.isnan()  # not into the next cell
        low = _interpolated(values - half, self.values, self.levels, False)
        high = _interpolated(values + half, self.values, self.levels, True)
        beyond = values - values.clamp(self.values[:, :1], self.values[:, -1:])
        return torch.stack(
            [
                low.masked_fill(missing, 0),
                high.masked_fill(missing, 1),
                beyond.nan_to_num() / self._slopes,
            ]
        )

    @staticmethod
    def placed(cells: Tensor, place: Tensor) -> Tensor:
        """Return normal scores, float64.

        Args:
            cells: As from ``cells``, with any shape after the first dimension.
            place: Where in its cell each value is put, in [0, 1].
        """
        low, high, beyond = cells
        level = torch.lerp(low, high, place)
        return torch.special.ndtri(BEYOND + (1 - 2 * BEYOND) * level) + beyond

    def unscaled(self, x: Tensor) -> Tensor:
        """Return unrounded values in the data's own units; shapes as in ``cells``."""
        level = (torch.special.ndtr(x) - BEYOND) / (1 - 2 * BEYOND)
        values = _interpolated(level.clamp(0, 1), self.levels, self.values, False)
        return values + (x - x.clamp(-REACH, REACH)) * self._slopes

    @property
    def _slopes(self) -> Tensor:
        """How fast values rise beyond the knots, where held-out rows may lie."""
        slopes = (self.values[:, -1:] - self.values[:, :1]) / (2 * REACH)
        return torch.where(slopes > 0, slopes, 1.0)


def _knots(values: Tensor, step: float) -> Tensor:
    """Return levels and values of a column's knots, float64, shape ``(num_knots, 2)``."""
    known = values[~values.isnan()].double().sort().values
    known = known if len(known) else torch.zeros(1, dtype=torch.float64)
    if len(known) <= FEW_ROWS and _suits_a_line(known):
        return _line(known)
    num_knots = _num_knots(known)
    levels = torch.linspace(0, 1, num_knots + 1, dtype=torch.float64)
    quantiles = _quantiles(known, levels, step)
    pairs = {*zip(levels.tolist(), quantiles.tolist(), strict=True)}
    pairs.update(_edges(known, step, num_knots))
    knots = torch.tensor(sorted(pairs), dtype=torch.float64)
    knots[:, 1] = knots[:, 1].cummax(0).values
    return knots


def _suits_a_line(ordered: Tensor) -> bool:
    """Return whether values are neither far out, nor mostly the same, nor one value far away."""
    deviation, mean = torch.std_mean(ordered, correction=0)
    longest = (ordered[[0, -1]] - mean).abs().max()
    distinct, counts = ordered.unique_consecutive(return_counts=True)
    share = counts.max() / len(ordered)
    several = counts * _num_knots(ordered) > len(ordered)
    gaps = (distinct.diff() > WIDEST_GAP * deviation) & (several[1:] | several[:-1])
    close = longest <= LONGEST_TAIL * deviation and not gaps.any()
    return bool(deviation > 0 and close and share <= LARGEST_SHARE)


def _num_knots(ordered: Tensor) -> int:
    return min(max(len(ordered) // ROWS_PER_KNOT, 10), MOST_KNOTS)


def _line(values: Tensor) -> Tensor:
    """Return the knots of a normal distribution, on which scores are standardised values."""
    deviation, mean = torch.std_mean(values, correction=0)
    scores = torch.linspace(-REACH, REACH, NUM_LINE_KNOTS + 1, dtype=torch.float64)
    levels = (torch.special.ndtr(scores) - BEYOND) / (1 - 2 * BEYOND)
    return torch.stack([levels.clamp(0, 1), mean + deviation * scores], 1)


def _quantiles(ordered: Tensor, levels: Tensor, step: float) -> Tensor:
    """Return the quantiles of values that are spread evenly over their cells."""
    if not step:
        at = (levels * len(ordered) - 0.5).clamp(0, len(ordered) - 1)
        return torch.lerp(ordered[at.floor().long()], ordered[at.ceil().long()], at % 1)
    distinct, counts = ordered.unique_consecutive(return_counts=True)
    high = counts.cumsum(0).double() / len(ordered)
    low = high - counts / len(ordered)
    ends = torch.stack([low, high], 1).flatten()[None]
    edges = torch.stack([distinct - step / 2, distinct + step / 2], 1).flatten()[None]
    return _interpolated(levels[None], ends, edges, False)[0]


def _edges(ordered: Tensor, step: float, num_knots: int) -> list[tuple[float, float]]:
    """Return knots around each value of a large share, so that no line crosses its edges."""
    distinct, counts = ordered.unique_consecutive(return_counts=True)
    ends = counts.cumsum(0)
    pairs = []
    for i in (counts * num_knots > len(ordered)).nonzero().flatten().tolist():
        low, high = (float(end) / len(ordered) for end in (ends[i] - counts[i], ends[i]))
        pairs += [(low, float(distinct[i]) - step / 2), (high, float(distinct[i]) + step / 2)]
        if i > 0:
            pairs.append((low, float(distinct[i - 1]) + step / 2))
        if i + 1 < len(distinct):
            pairs.append((high, float(distinct[i + 1]) - step / 2))
    return pairs


def _interpolated(x: Tensor, xs: Tensor, ys: Tensor, right: bool) -> Tensor:
    """Return the values at ``x`` of lines through knots; ``right`` chooses among several."""
    after = torch.searchsorted(xs, x.contiguous(), right=right).clamp(1, xs.shape[1] - 1)
    x0, x1, y0, y1 = (part.gather(1, i) for part in (xs, ys) for i in (after - 1, after))
    width = x1 - x0
    share = torch.where(width > 0, (x - x0) / torch.where(width > 0, width, 1.0), 0.5)
    return torch.lerp(y0, y1, share.clamp(0, 1))
