"""Vectors that stand for labels."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError

Parts = Sequence[int]
"""Sizes of the parts that make up a label, the most significant first."""


def label_embedding(num_classes: int, dim: int, parts: Parts | None = None) -> nn.Module:
    """Return a module that maps labels, int64 of shape ``(batch,)``, to ``(batch, dim)``.

    Args:
        num_classes: Number of labels.
        dim: Length of a label's vector.
        parts: See ``SumOfParts``; by default each label has its own vector.
    """
    if parts is None:
        return nn.Embedding(num_classes, dim)
    return SumOfParts(num_classes, dim, parts)


def tables(embedding: nn.Module) -> list[nn.Embedding]:
    """Return the tables of vectors of an embedding: one, or one for each part of a label."""
    return [module for module in embedding.modules() if isinstance(module, nn.Embedding)]


class SumOfParts(nn.Module):
    """An embedding of labels that are numbers of several digits: the sum of the digits' vectors.

    A thousand labels of three digits have 30 vectors to learn, not 1 000.

    Args:
        num_classes: Number of labels.
        dim: Length of a label's vector.
        parts: How many values each digit has, the most significant first: ``[10, 10, 10]``.

    Raises:
        InputError: If there are not that many labels.
    """

    def __init__(self, num_classes: int, dim: int, parts: Parts) -> None:
        super().__init__()
        if not parts or min(parts) < 1 or math.prod(parts) != num_classes:
            raise InputError(
                f"parts must be positive numbers whose product is the number of labels, "
                f"{num_classes}; found {list(parts)}."
            )
        self.parts = tuple(parts)
        self.tables = nn.ModuleList(nn.Embedding(size, dim) for size in parts)
        for table in tables(self):  # a label's numbers have a variance of 1, as without parts
            nn.init.normal_(table.weight, 0.0, 1 / math.sqrt(len(parts)))

    def forward(self, labels: Tensor) -> Tensor:
        vectors = []
        for table, size in zip(reversed(self.tables), reversed(self.parts), strict=True):
            vectors.append(table(labels % size))
            labels = labels.div(size, rounding_mode="floor")
        return torch.stack(vectors).sum(0)
