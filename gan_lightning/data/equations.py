"""Numbers of a table that are sums, products or ratios of others in every row."""

import math
from collections.abc import Collection, Iterator, Sequence

import torch
from torch import Tensor

from gan_lightning.data.columns import Column, Continuous, Discrete
from gan_lightning.data.formulas import Candidate, Formula, combined

SURE = 40.0
"""Nats by which a formula must be shorter than the column that it replaces."""

MOST_PAIRED = 24
"""Number of numeric columns up to which all pairs are searched."""

MOST_SUMMED = 60
"""Number of numeric columns up to which sums of many are searched."""

COMBINATIONS_PER_WEIGHT = 4
"""Combinations of values that a sum of few values must describe, where some are rare."""

FEWEST_OF_COMBINATION = 3
"""Rows of each combination for which these count as all that there are."""

MOST_LOOKED_AT = 1000
"""Rows that rule out candidates before all rows are checked."""


class Equations:
    """Finds numbers that are sums, products or ratios of others.

    Args:
        columns: The columns in their order.
        rows: Their values.
    """

    def __init__(self, columns: Sequence[Column], rows: Tensor) -> None:
        self.columns = columns
        self.rows = rows
        self.some = rows[:: max(1, len(rows) // MOST_LOOKED_AT)]
        steps = {i: c.step for i, c in enumerate(columns) if isinstance(c, Continuous)}
        spreads = {i: float(rows[:, i][~rows[:, i].isnan()].std()) for i in steps}
        self.order = sorted(steps, key=lambda i: (-steps[i], spreads[i]))
        few = self.order if len(steps) <= MOST_PAIRED else []
        self.pairs: list[Candidate] = [
            ((a, b), kind, (1.0,))
            for a in few
            for b in few
            for kind in ("product", "ratio")
            if a < b or (kind == "ratio" and a > b)
        ]
        scores = [combined(self.some[:, list(pair)], kind, w) for pair, kind, w in self.pairs]
        self.units = _unit(self.some)
        self.pair_units = _unit(torch.stack(scores, 1) if scores else self.some[:, :0])

    def formula(self, column: int, found: Collection[int]) -> Formula | None:
        """Return the formula of a number, given those found for others."""
        numbers = self.order[: self.order.index(column)]
        numbers = [i for i in numbers if i not in found]
        for candidate in (*self._sums(column, numbers), *self._pairs(column, {*numbers})):
            equal = _is_equal(self.columns[column], self.rows, candidate, self.rows[:, column])
            if equal and self._goes_on(column, candidate):
                return Formula(*candidate)
        return None

    def _sums(self, column: int, numbers: Sequence[int]) -> Iterator[Candidate]:
        """Yield weighted sums of one or several numbers that approximate a column."""
        target = self.some[:, column]
        likeness = (self.units[:, numbers].T @ self.units[:, column]).abs()
        near = [[i] for i, like in zip(numbers, likeness.tolist(), strict=True) if like > 0.999]
        together = [list(numbers)] if 1 < len(numbers) <= MOST_SUMMED else []
        for chosen in [*near, *together]:
            complete = ~torch.cat([self.some[:, chosen], target[:, None]], 1).isnan().any(1)
            if complete.sum() >= 3 * (len(chosen) + 1) + 10:
                yield from _fitted_sums(self.some[complete][:, chosen], target[complete], chosen)

    def _goes_on(self, column: int, candidate: Candidate) -> bool:
        """Return whether a sum may hold in rows to come as well.

        Weights can be found by which many columns of few values give any other one, if there are
        hardly more combinations of them than weights. That is no chance where few combinations
        fill the table, as those of one-hot columns do, nor for a plain sum with several summands.
        """
        sources, kind, weights = candidate
        if kind != "sum" or not isinstance(self.columns[column], Discrete):
            return True
        cells = self.rows[:, list(sources)]
        several = int(((cells != 0) & ~cells.isnan()).sum(1).gt(1).sum())
        if {*weights[:-1]} == {1.0} and weights[-1] == 0 and several >= FEWEST_OF_COMBINATION:
            return True
        counts = cells[~cells.isnan().any(1)].unique(dim=0, return_counts=True)[1]
        rare = int((counts < FEWEST_OF_COMBINATION).sum())
        alone = len(sources) == 1  # another unit: a line through more values than it has weights
        needed = len(weights) + 1 if alone else COMBINATIONS_PER_WEIGHT * len(weights)
        return rare == 0 or len(counts) >= needed

    def _pairs(self, column: int, numbers: Collection[int]) -> Iterator[Candidate]:
        """Yield products and ratios of two numbers that approximate a column."""
        likeness = (self.pair_units.T @ self.units[:, column]).abs()
        for place in (likeness > 0.999).nonzero().flatten().tolist():
            sources, kind, weights = self.pairs[place]
            if {*sources} <= {*numbers}:
                score = combined(self.some[:, list(sources)], kind, weights)
                there = score.isfinite() & ~self.some[:, column].isnan()
                x, y = score[there], self.some[there, column]
                yield from ((sources, kind, w) for w in _rounded([float(x @ y / (x @ x))]))


def _fitted_sums(x: Tensor, y: Tensor, chosen: Sequence[int]) -> Iterator[Candidate]:
    """Yield the least-squares solution, rounded and exact, if its residual is small."""
    scale = x.std(0).clamp_min(1e-12)
    scaled, centred = (x - x.mean(0)) / scale, y - y.mean()
    solution = torch.linalg.lstsq(scaled, centred[:, None], driver="gelsd").solution[:, 0]
    if (scaled @ solution - centred).std() > 0.02 * y.std():
        return
    used = (solution.abs() > 1e-3 * solution.abs().max()).nonzero().flatten().tolist()
    for weights in _rounded((solution / scale)[used].tolist()):
        left = y - x[:, used] @ torch.tensor(weights, dtype=x.dtype)
        middle = float((left.min() + left.max()) / 2)
        for added in dict.fromkeys([0.0, *(w[0] for w in _rounded([middle])), float(left.mean())]):
            yield tuple(chosen[k] for k in used), "sum", (*weights, added + 0.0)


def _unit(values: Tensor) -> Tensor:
    """Return columns of mean 0 and norm 1, with 0 for missing and infinite values."""
    there = values.isfinite()
    values = torch.where(there, values, 0.0)
    centred = torch.where(there, values - values.sum(0) / there.sum(0).clamp_min(1), 0.0)
    return centred / centred.norm(dim=0).clamp_min(1e-300)


def _rounded(numbers: list[float]) -> list[tuple[float, ...]]:
    """Return numbers rounded to more and more digits, as a person would write them."""
    written = [tuple(float(f"{number:.{digits}g}") for number in numbers) for digits in range(1, 8)]
    return list(dict.fromkeys([*written, tuple(numbers)]))


def _is_equal(column: Column, rows: Tensor, candidate: Candidate, target: Tensor) -> bool:
    """Return whether a candidate reproduces a number, up to its rounding."""
    assert isinstance(column, Continuous)
    values = combined(rows[:, list(candidate[0])], *candidate[1:])
    there = ~target.isnan()
    if not torch.equal(there, values.isfinite()) or there.sum() < 20:
        return False
    spread, largest = float(target[there].std()), float(target[there].abs().max())
    rounding = column.step / 2 * (1 + 1e-6) if column.step < 0.2 * spread else 0.0
    allowed = rounding + 1e-9 * largest  # coarse numbers match many candidates by chance
    if float((values - target)[there].abs().max()) > allowed:
        return False
    by_chance = max(allowed / (spread + allowed), 1e-12)
    return (int(there.sum()) - 2 * len(candidate[2])) * -math.log(by_chance) > SURE
