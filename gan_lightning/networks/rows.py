"""The layout of an encoded row: measured values, and one-hot blocks of categories."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from gan_lightning.errors import InputError


class RowLayout:
    """The places of measured values and categories in an encoded row.

    Args:
        blocks: Widths of the parts of a row in their order: 1 for a measured value, more for as
            many categories, one-hot with -1 for cold and 1 for hot.
        width: Length of a row.

    Raises:
        InputError: If the blocks do not add up to the width.
    """

    def __init__(self, blocks: Sequence[int], width: int) -> None:
        if sum(blocks) != width:
            raise InputError(
                f"Expected rows of a table, whose parts together have {width} numbers, found "
                f"{list(blocks)}; a FrameTable, such as CSV, names its parts."
            )
        starts = [sum(blocks[:i]) for i in range(len(blocks))]
        spans = [slice(start, start + size) for start, size in zip(starts, blocks, strict=True)]
        self.width = width
        self.numbers = [span.start for span, size in zip(spans, blocks, strict=True) if size == 1]
        self.categories = [span for span, size in zip(spans, blocks, strict=True) if size > 1]
        self.sizes = [size for size in blocks if size > 1]
        self.hot_columns = [i for span in self.categories for i in range(span.start, span.stop)]

    def values(self, x: Tensor) -> Tensor:
        """Return the measured values of rows, shape ``(batch, num_numbers)``."""
        return x[:, self.numbers]

    def codes(self, x: Tensor) -> Tensor:
        """Return the index of each category of rows, int64, shape ``(batch, num_categories)``."""
        parts = [x[:, span].argmax(1) for span in self.categories]
        return torch.stack(parts, 1) if parts else x.new_zeros(x.shape[0], 0, dtype=torch.int64)

    def hot(self, codes: Tensor) -> Tensor:
        """Return the one-hot blocks of categories, float32, shape ``(batch, sum of sizes)``."""
        parts = [one_hot(code, size) for code, size in zip(codes.T, self.sizes, strict=True)]
        nothing = torch.zeros(codes.shape[0], 0, device=codes.device)
        return torch.cat([nothing, *(part * 2.0 - 1 for part in parts)], 1)

    def known(self, codes: Tensor, hot: Tensor | None = None) -> Tensor:
        """Return what a network is told of categories: their one-hot blocks, and their places.

        Many are ordered, such as years; places from -1 for the first one of a column to 1 let a
        network go on where a category has few rows.

        Args:
            codes: Categories, int64, shape ``(batch, num_categories)``.
            hot: Their one-hot blocks, if they are at hand.
        """
        lasts = torch.tensor(self.sizes, device=codes.device) - 1
        return torch.cat([self.hot(codes) if hot is None else hot, codes / lasts * 2 - 1], 1)

    def joined(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return rows, shape ``(batch, width)``, of measured values and categories."""
        x = torch.empty(codes.shape[0], self.width, device=codes.device)
        x[:, self.numbers] = values.to(x)
        x[:, self.hot_columns] = self.hot(codes)
        return x
