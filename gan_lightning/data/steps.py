"""Columns that are step functions of others: an age band, a tenth of a sum."""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from gan_lightning.data.columns import Column, Continuous
from gan_lightning.data.equations import MOST_LOOKED_AT, MOST_PAIRED, SURE
from gan_lightning.data.formulas import Candidate, Formula, combined

MOST_STEPS = 2000
"""The largest number of steps, such as towns that each have a country."""

NEAR = 10
"""Spacings on each side of a step that define the local spacing."""

WIDE = 8.0
"""Multiples of the local spacing that make a gap."""

FEWEST_PER_STEP = 5
"""Mean number of rows per value of a column that may have steps."""

FEWEST_FOR_PAIRS = 200
"""Fewer rows have no steps along two columns: one of many scores would fit them by chance."""


class Steps:
    """Finds columns with few steps along a score of one or two columns.

    Args:
        columns: The columns in their order.
        rows: Their values.
        sources: Indices of the columns that others may follow from.
    """

    def __init__(self, columns: Sequence[Column], rows: Tensor, sources: Sequence[int]) -> None:
        self.columns = columns
        self.rows = rows
        self.some = rows[:: max(1, len(rows) // MOST_LOOKED_AT)]
        self.candidates = list(_scores(columns, sources))
        scores = [self._score(self.some, candidate) for candidate in self.candidates]
        ordered, self.order = torch.stack(scores, 1).sort(dim=0, stable=True)
        self.places = (ordered[1:] != ordered[:-1]).sum(0) + 1
        named = [self._is_named(candidate) for candidate in self.candidates]
        self.place_costs = torch.tensor([0.0 if n else math.log(len(self.some)) for n in named])

    def formula(self, column: int) -> Formula | None:
        """Return the formula of a column, if it has one."""
        marks = self.some[:, column].nan_to_num(torch.inf)
        entropy, levels = _entropy(marks)
        if levels < 2 or levels * FEWEST_PER_STEP > len(marks):
            return None
        marks = marks[self.order]
        runs = (marks[1:] != marks[:-1]).sum(0) + 1
        gains = entropy - runs * (math.log(levels) + self.place_costs)
        gains = gains.where(runs <= self.places, -math.inf)
        for place in gains.argsort(descending=True, stable=True).tolist():
            if gains[place] <= 0:
                break
            if column not in self.candidates[place][0]:
                formula = self._stepped(column, self.candidates[place])
                if formula is not None:
                    return formula
        return None

    def _is_named(self, candidate: Candidate) -> bool:
        """Return whether steps begin at each level of a column, so that thresholds cost nothing."""
        return len(candidate[0]) == 1 and bool(self.columns[candidate[0][0]].levels)

    def _score(self, rows: Tensor, candidate: Candidate) -> Tensor:
        values = rows[:, list(candidate[0])]
        return combined(values.nan_to_num(-1) if values.shape[1] == 1 else values, *candidate[1:])

    def _stepped(self, column: int, candidate: Candidate) -> Formula | None:
        """Return a formula with steps, if it describes a column in fewer nats than its cells."""
        target, score = self.rows[:, column], self._score(self.rows, candidate)
        there = ~score.isnan()
        if score.isinf().any() or not target[~there].isnan().all():
            return None
        ordered, order = score[there].sort()
        marks = target[there][order].nan_to_num(torch.inf)
        at = (marks[1:] != marks[:-1]).nonzero().flatten()
        steps = len(at) + 1
        if steps > MOST_STEPS or (ordered[at] == ordered[at + 1]).any():
            return None
        entropy, levels = _entropy(marks)
        cost = steps * (math.log(levels) + math.log(len(marks)))
        if self._is_named(candidate):
            cost = len(ordered.unique()) * math.log(levels)
        if entropy - cost < SURE:
            return None
        if len(candidate[0]) > 1 and len(marks) < FEWEST_FOR_PAIRS:
            return None
        if not self._is_named(candidate) and _has_gaps(ordered, at):
            return None
        thresholds = _roundest(ordered[at], ordered[at + 1])
        cells = marks[torch.cat([torch.zeros(1, dtype=torch.int64), at + 1])]
        cells = torch.where(cells.isinf(), torch.nan, cells)
        return Formula(*candidate, tuple(thresholds.tolist()), tuple(cells.tolist()))


def _roundest(low: Tensor, high: Tensor) -> Tensor:
    """Return the shortest number in each interval, above its lower end and at most its upper."""
    found = high.clone()
    for digits in range(6, -4, -1):
        candidate = (torch.floor(low * 10.0**digits) + 1) / 10.0**digits
        found = torch.where((candidate > low) & (candidate <= high), candidate, found)
    return found


def _has_gaps(ordered: Tensor, at: Tensor) -> bool:
    """Return whether values leave a gap at each step: then the steps determine them.

    A class with a distinct place on a scale is not a band of that scale.

    Args:
        ordered: Ascending values.
        at: Indices of the values before the steps.
    """
    values = ordered.unique_consecutive()
    spacings = values[1:] - values[:-1]
    places = torch.searchsorted(values, ordered[at])
    for place in places.tolist():
        around = spacings[max(0, place - NEAR) : place + NEAR + 1]
        if spacings[place] > WIDE * around.median():
            return True
    return False


def _entropy(marks: Tensor) -> tuple[float, int]:
    """Return the cost of values in nats, one by one, and the number of distinct ones."""
    counts = marks.unique(return_counts=True)[1].double()
    return -float((counts * (counts / len(marks)).log()).sum()), len(counts)


def _scores(columns: Sequence[Column], sources: Sequence[int]) -> Iterator[Candidate]:
    """Yield single columns, and sums, differences, products and ratios of two numbers."""
    for i in sources:
        yield (i,), "sum", (1.0, 0.0)
    numbers = [i for i in sources if isinstance(columns[i], Continuous)]
    if len(numbers) > MOST_PAIRED:
        return
    for place, second in enumerate(numbers):
        for first in numbers[:place]:
            for sign in (1.0, -1.0):
                yield (first, second), "sum", (1.0, sign, 0.0)
            for kind in ("product", "ratio"):
                yield (first, second), kind, (1.0,)
    if len(numbers) > 2:
        yield tuple(numbers), "sum", (*(1.0 for _ in numbers), 0.0)
