"""Pairs of categories that never occur together."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, pad

MOST_LEVELS = 20
"""Categories of a column whose pairs are looked at."""

MOST_IN_ALL = 1000
"""Categories of all these columns; those of further columns are left out."""

SURE = 1.0
"""Nats of evidence, beyond the number of pairs, that a pair is absent for a reason."""

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
        self.concerned: list[int] = []
        """Columns with a category that excludes another one."""

    def learn(self, codes: Tensor) -> None:
        """Find the pairs that rows exclude.

        Args:
            codes: Categories, int64, shape ``(num_rows, num_columns)``.
        """
        self.never.fill_(False)
        if len(self.starts) > 1 and len(codes):
            hot = torch.cat([one_hot(codes[:, i], self.sizes[i]).float() for i in self.starts], 1)
            together, counts = hot.T @ hot, hot.sum(0).double()
            column = torch.cat([torch.full((self.sizes[i],), i) for i in self.starts])
            others = column[:, None] != column
            absent, expected = others & (together == 0), counts[:, None] * counts / len(codes)
            never = absent & (expected >= _enough(others))
            # Categories that exclude others, as those of one-hot columns do, are few: among them,
            # less evidence is enough.
            exclusive = never.any(1) & never.any(1)[:, None] & others
            self.never.copy_(never | (absent & exclusive & (expected >= _enough(exclusive))))
        self._look()

    def _look(self) -> None:
        spans = {i: slice(start, start + self.sizes[i]) for i, start in self.starts.items()}
        self.concerned = [i for i, span in spans.items() if bool(self.never[span].any())]

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._look()

    def given(self, codes: Tensor, held: Tensor) -> Tensor:
        """Return which categories are excluded by given ones, ``(num_rows, categories in all)``.

        Args:
            codes: Categories, int64, shape ``(num_rows, num_columns)``.
            held: Which of them are given, booleans of the same shape.
        """
        excluded = self.never.new_zeros(codes.shape[0], self.never.shape[0])
        for column in self.concerned:
            excluded = self.after(excluded, column, codes[:, column], held[:, column])
        return excluded

    def after(
        self, excluded: Tensor, column: int, codes: Tensor, chosen: Tensor | None = None
    ) -> Tensor:
        """Return what is excluded once rows have categories of one more column.

        Args:
            excluded: What was excluded before.
            column: Index of a column that is concerned.
            codes: Its categories, int64, shape ``(num_rows,)``.
            chosen: Which rows have them; by default all.
        """
        more = self.never[self.starts[column] + codes]
        return excluded | (more if chosen is None else more & chosen[:, None])

    def allowed(self, excluded: Tensor, column: int, most: int) -> Tensor:
        """Return which categories of a column are left, booleans, ``(num_rows, most)``.

        All are where none would be, and the first ``most`` count, as in padded logits.
        """
        start, size = self.starts[column], self.sizes[column]
        left = ~excluded[:, start : start + size]
        left = left | ~left.any(1, keepdim=True)
        return pad(left, (0, most - size), value=True)

    def drawn(
        self,
        shares: Tensor,
        levels: Tensor,
        codes: Tensor | None = None,
        held: Tensor | None = None,
    ) -> Tensor:
        """Return the categories at levels of their distributions.

        Those that others of the row exclude leave their share to the rest of their column.

        Args:
            shares: Of each category, shape ``(num_rows, num_columns, most)``.
            levels: Numbers in [0, 1], shape ``(num_rows, num_columns)``.
            codes: Categories, int64, of which some are given, of the same shape; none by default.
            held: Which columns are given, booleans.
        """
        found = _at(levels, shares)
        excluded = self.never.new_zeros(len(levels), self.never.shape[0])
        if codes is not None and held is not None:
            found = torch.where(held, codes, found)
            excluded = self.given(codes, held.expand_as(codes))
        return self._settled(found, excluded, shares, levels, held)

    def _settled(
        self,
        found: Tensor,
        excluded: Tensor,
        shares: Tensor,
        levels: Tensor,
        held: Tensor | None = None,
    ) -> Tensor:
        """Draw the columns that are concerned anew, one after another, into ``found``."""
        for column in self.concerned:
            own = shares[:, column, : self.sizes[column]]
            some = own * self.allowed(excluded, column, self.sizes[column])
            some = torch.where(some.sum(1, keepdim=True) > 0, some, own)
            new = _at(levels[:, column], some)
            new = new if held is None else torch.where(held[column], found[:, column], new)
            found[:, column] = new
            excluded = self.after(excluded, column, new)
        return found

    def weighted(self, shares: Tensor, levels: Tensor) -> Tensor:
        """Return weights with which ``drawn`` gives categories their shares.

        Where another column excludes it, a category is not drawn; elsewhere it has to be drawn more
        often, how much depends on the dependence of the columns.

        Args:
            shares: Of each category, shape ``(num_columns, most)``.
            levels: Numbers in [0, 1] that depend on each other as in samples,
                ``(num_rows, num_columns)``.
        """
        weights, num_rows = shares.clone(), len(levels)
        for _ in range(ROUNDS if self.concerned else 0):
            codes = torch.zeros_like(levels, dtype=torch.int64)
            nothing = self.never.new_zeros(num_rows, self.never.shape[0])
            self._settled(codes, nothing, weights.expand(num_rows, -1, -1), levels)
            for column in self.concerned:
                found = codes[:, column].bincount(minlength=shares.shape[1]) / num_rows
                factor = (shares[column] / found.clamp_min(1 / num_rows)).clamp(0.5, 2)
                weights[column] *= factor
        return weights

    def complete(self, weights: dict[str, Tensor], prefix: str = "") -> None:
        """Add to the weights of a checkpoint that nothing is excluded, if they do not know."""
        weights.setdefault(f"{prefix}never", torch.zeros_like(self.never))


def _enough(pairs: Tensor) -> float:
    """Return how often a pair must be expected for its absence to count, of so many pairs."""
    return math.log(max(1, int(pairs.sum()) // 2)) + SURE


def _at(levels: Tensor, shares: Tensor) -> Tensor:
    """Return the categories at levels of their distributions, whose sum need not be 1."""
    edges = shares.cumsum(-1)
    return (levels[..., None] * edges[..., -1:] > edges[..., :-1]).sum(-1)
