"""Pairs of categories that never occur together."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

MOST_LEVELS = 20
"""Categories of a column whose pairs are looked at."""

MOST_IN_ALL = 1000
"""Categories of all these columns; those of further columns are left out."""

SURE = 1.0
"""Nats of evidence, beyond the number of pairs, that a pair is absent for a reason."""

LIKELY = 4.0
"""Nats that suffice for two categories which surely exclude others, as one-hot ones do."""

ROUNDS = 10
"""Corrections of the weights of categories."""


class Exclusions(nn.Module):
    """Knows which categories of two columns never occur together, such as two of one-hot columns.

    A pair counts as excluded if no row has it, although chance would have brought it up: of n rows,
    independent categories with shares p and q have none with a probability of exp(-npq). Smooth
    models only make such pairs rare. Nothing is excluded until ``learn``.

    Args:
        sizes: Number of categories of each column.
    """

    never: Tensor

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.starts: dict[int, int] = {}
        """Where the categories of each column begin, for the columns that are looked at."""
        total = 0
        for column, size in enumerate(sizes):
            if size <= MOST_LEVELS and total + size <= MOST_IN_ALL:
                self.starts[column] = total
                total += size
        self.register_buffer("never", torch.zeros(total, total, dtype=torch.bool))

    def learn(self, codes: Tensor) -> None:
        """Find the pairs that rows exclude.

        Args:
            codes: Categories, int64, shape ``(num_rows, num_columns)``.
        """
        self.never.fill_(False)
        if len(self.starts) < 2 or not len(codes):
            return
        hot = torch.cat([one_hot(codes[:, i], self.sizes[i]).float() for i in self.starts], 1)
        together, counts = hot.T @ hot, hot.sum(0).double()
        column = torch.cat([torch.full((self.sizes[i],), i) for i in self.starts])
        others = column[:, None] != column
        expected = counts[:, None] * counts / len(codes)
        enough = math.log(int(others.sum()) / 2) + SURE
        absent = (together == 0) & others
        exclusive = (absent & (expected >= enough)).any(1)
        needed = torch.where(exclusive & exclusive[:, None], min(LIKELY, enough), enough)
        self.never.copy_(absent & (expected >= needed))

    def given(self, codes: Tensor, held: Tensor) -> Tensor:
        """Return which categories are excluded by given ones, ``(num_rows, categories in all)``.

        Args:
            codes: Categories, int64, shape ``(num_rows, num_columns)``.
            held: Which of them are given, booleans of the same shape.
        """
        excluded = self.never.new_zeros(codes.shape[0], self.never.shape[0])
        for column in self.starts:
            excluded = self.after(excluded, column, codes[:, column], held[:, column])
        return excluded

    def after(self, excluded: Tensor, column: int, codes: Tensor, chosen: Tensor) -> Tensor:
        """Return what is excluded once rows have categories of one more column.

        Args:
            excluded: What was excluded before.
            column: Index of the column.
            codes: Its categories, int64, shape ``(num_rows,)``.
            chosen: Which rows have them.
        """
        if column not in self.starts:
            return excluded
        return excluded | (self.never[self.starts[column] + codes] & chosen[:, None])

    def allowed(self, excluded: Tensor, column: int, most: int) -> Tensor:
        """Return which categories of a column are left, booleans, ``(num_rows, most)``.

        All are where none would be, and the first ``most`` count, as in padded logits.
        """
        if column not in self.starts:
            return excluded.new_ones(excluded.shape[0], most)
        start, size = self.starts[column], self.sizes[column]
        left = ~excluded[:, start : start + size]
        left = left | ~left.any(1, keepdim=True)
        return nn.functional.pad(left, (0, most - size), value=True)

    def drawn(self, shares: Tensor, levels: Tensor, codes: Tensor, held: Tensor) -> Tensor:
        """Return the categories at levels of their distributions.

        Those that others of the row exclude leave their share to the rest of their column.

        Args:
            shares: Of each category, shape ``(num_rows, num_columns, most)``.
            levels: Numbers in [0, 1], shape ``(num_rows, num_columns)``.
            codes: Categories, int64, of which some are given, of the same shape.
            held: Which columns are given, booleans.
        """
        excluded = self.given(codes, held.expand_as(codes))
        codes = codes.clone()
        for column in range(codes.shape[1]):
            left = self.allowed(excluded, column, shares.shape[2])
            some = shares[:, column] * left
            some = torch.where(some.sum(1, keepdim=True) > 0, some, shares[:, column])
            edges = some.cumsum(1)
            new = (levels[:, [column]] * edges[:, -1:] > edges[:, :-1]).sum(1)
            fixed = held[column].expand_as(new)
            codes[:, column] = torch.where(fixed, codes[:, column], new)
            excluded = self.after(excluded, column, codes[:, column], ~fixed)
        return codes

    def weighted(self, shares: Tensor, levels: Tensor) -> Tensor:
        """Return weights with which ``drawn`` gives categories their shares.

        Where another column excludes it, a category is not drawn; elsewhere it has to be drawn more
        often, how much depends on the dependence of the columns.

        Args:
            shares: Of each category, shape ``(num_columns, most)``.
            levels: Numbers in [0, 1] that depend on each other as in samples,
                ``(num_rows, num_columns)``.
        """
        weights = shares.clone()
        nothing = levels.new_zeros(levels.shape, dtype=torch.int64)
        for _ in range(ROUNDS if self.never.any() else 0):
            codes = self.drawn(weights.expand(len(levels), -1, -1), levels, nothing, nothing[0] > 0)
            found = one_hot(codes, shares.shape[1]).double().mean(0)
            weights = weights * (shares / found.clamp_min(1 / len(levels))).clamp(0.5, 2)
        return weights


def add_none(weights: dict[str, Tensor], name: str, exclusions: Exclusions) -> None:
    """Add to the weights of a checkpoint that nothing is excluded, if they do not know."""
    weights.setdefault(name, torch.zeros_like(exclusions.never))
