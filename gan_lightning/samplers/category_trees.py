"""Decision trees over the categories of a row, one for each of its numbers."""

import math
from collections.abc import Mapping, Sequence

import torch
from sklearn.tree import DecisionTreeClassifier
from torch import Tensor, nn

from gan_lightning.errors import InputError

DEPTH = 6
"""Questions on the way to a leaf at most."""

MOST_LEAVES = 50

FEWEST_ROWS = 60
"""Rows of a leaf at least."""

WORTH = 0.01
"""Nats that a question must tell of a number, in the mean over all rows."""

NUM_BINS = 20
"""Equally frequent parts of a number in which that is counted."""

MOST_LEVELS = 50
"""Categories of a column that is asked for."""

MOST_ASKED = 8
"""Columns that are asked for a number: those that tell most of it, each on its own."""


class CategoryTrees(nn.Module):
    """Asks for the categories of a row as long as they tell of a number: one tree per number.

    Classification trees (Breiman et al., 1984) of which part of its range a number lies in, grown
    by entropy. A question is whether a category is one of a set. Trees are single leaves until they
    are grown, and are kept as tensors.

    Args:
        num_numbers: Number of measured values in a row.
    """

    columns: Tensor
    sets: Tensor
    branches: Tensor

    def __init__(self, num_numbers: int) -> None:
        super().__init__()
        self.num_numbers = num_numbers
        self.num_nodes = 2 * MOST_LEAVES - 1
        shape = num_numbers, self.num_nodes
        leaves = torch.arange(self.num_nodes)[:, None].expand(*shape, 2)  # lead to themselves
        self.register_buffer("columns", torch.zeros(shape, dtype=torch.int64))
        self.register_buffer("sets", torch.zeros(*shape, MOST_LEVELS + 1, dtype=torch.bool))
        self.register_buffer("branches", leaves.clone())

    def forward(self, codes: Tensor) -> Tensor:
        """Return the leaf of each number, a node, int64, shape ``(batch, num_numbers)``.

        Args:
            codes: Categories, int64, shape ``(batch, num_categories)``.
        """
        sets, branches = self.sets.flatten(1), self.branches.flatten(1)
        node = codes.new_zeros(self.num_numbers, codes.shape[0])
        for _ in range(DEPTH):
            code = codes.T.gather(0, self.columns.gather(1, node)).clamp(max=MOST_LEVELS)
            inside = sets.gather(1, node * (MOST_LEVELS + 1) + code)
            node = branches.gather(1, 2 * node + inside)
        return node.T

    def grow(self, values: Tensor, codes: Tensor, sizes: Sequence[int]) -> None:
        """Grow the trees.

        Args:
            values: Measured values, shape ``(num_rows, num_numbers)``.
            codes: Categories, int64, shape ``(num_rows, num_categories)``.
            sizes: Number of categories of each column.
        """
        self.branches.copy_(torch.arange(self.num_nodes)[:, None].expand_as(self.branches))
        if len(values) < 2 * FEWEST_ROWS:
            return
        bins = values.argsort(0).argsort(0) * NUM_BINS // len(values)
        for number, told in enumerate(nats_told(bins, codes, sizes)):
            best = told.topk(min(MOST_ASKED, len(sizes))).indices
            asked = best[told[best] > WORTH].tolist()
            if asked:
                self._grow(number, values[:, number], bins[:, number], codes, asked)

    def _grow(
        self, number: int, values: Tensor, bins: Tensor, codes: Tensor, asked: Sequence[int]
    ) -> None:
        """Grow one tree over some columns, whose categories are sorted by the number's mean."""
        means = [_means(values, codes[:, c]) for c in asked]
        known = torch.stack([mean[codes[:, c]] for mean, c in zip(means, asked, strict=True)], 1)
        grown = DecisionTreeClassifier(
            criterion="entropy",
            max_depth=DEPTH,
            max_leaf_nodes=MOST_LEAVES,
            min_samples_leaf=FEWEST_ROWS,
            min_impurity_decrease=WORTH / math.log(2),  # in bits
            random_state=0,
        )
        grown = grown.fit(known.numpy(), bins.numpy()).tree_
        for node in (grown.children_left >= 0).nonzero()[0].tolist():
            which = grown.feature[node]
            above = means[which].double() > grown.threshold[node]
            self.columns[number, node] = asked[which]
            self.sets[number, node, : len(above)] = above
            self.sets[number, node, len(above) :] = False
            self.branches[number, node, 0] = int(grown.children_left[node])
            self.branches[number, node, 1] = int(grown.children_right[node])

    def split(self, number: int, column: int, size: int) -> list[int]:
        """Give a number a tree that asks for each category of a column, and return the leaves."""
        nodes, leaves = iter(range(self.num_nodes)), []

        def grown(low: int, high: int) -> int:
            node = next(nodes)
            if high - low == 1:
                leaves.append(node)
            else:
                middle = (low + high) // 2
                self.columns[number, node] = column
                self.sets[number, node, middle:high] = True
                self.branches[number, node, 0] = grown(low, middle)
                self.branches[number, node, 1] = grown(middle, high)
            return node

        grown(0, size)
        return leaves

    def check(self, weights: Mapping[str, Tensor], prefix: str, num_categories: int) -> None:
        """Make sure that loaded trees lead to leaves of their own.

        Args:
            weights: Those of a checkpoint, by name.
            prefix: What the names of the trees' own begin with.
            num_categories: Number of columns of categories.

        Raises:
            InputError: If they do not.
        """
        for name, end in (("columns", max(1, num_categories)), ("branches", self.num_nodes)):
            found = weights.get(f"{prefix}{name}", torch.zeros(1))
            if found.numel() and not 0 <= found.min() <= found.max() < end:
                raise InputError(
                    f"The checkpoint is damaged: {prefix}{name} must lie between 0 and {end - 1}, "
                    f"found {found.min()} to {found.max()}."
                )


def _means(values: Tensor, codes: Tensor) -> Tensor:
    """Return the mean of a number for each category, float32 as trees are."""
    counts = codes.bincount()
    return (codes.bincount(values) / counts.clamp_min(1)).float()


def nats_told(bins: Tensor, codes: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return the nats that each category tells of each number, ``(num_numbers, num_categories)``.

    The mutual information of both, less what chance is expected to add (Miller, 1955). It is 0 for
    columns of more than ``MOST_LEVELS`` categories.

    Args:
        bins: In which of ``NUM_BINS`` equal parts each number lies, ``(num_rows, num_numbers)``.
        codes: Categories, int64, shape ``(num_rows, num_categories)``.
        sizes: Number of categories of each column.
    """
    num_rows, num_numbers = bins.shape
    places = bins + NUM_BINS * torch.arange(num_numbers)
    nats = torch.zeros(num_numbers, len(sizes), dtype=torch.float64)
    for i, size in enumerate(sizes):
        if size <= MOST_LEVELS:
            counts = (
                (places * size + codes[:, [i]])
                .flatten()
                .bincount(minlength=num_numbers * NUM_BINS * size)
            )
            joint = counts.view(-1, NUM_BINS, size).double() / num_rows
            shares = joint.sum(1, keepdim=True)
            surprise = torch.where(joint > 0, joint * (joint * NUM_BINS / shares).log(), 0.0)
            chance = (NUM_BINS - 1) * ((shares > 0).sum(2) - 1)[:, 0] / (2 * num_rows)
            nats[:, i] = surprise.sum((1, 2)) - chance
    return nats
