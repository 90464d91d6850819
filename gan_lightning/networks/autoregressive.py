"""An autoregressive network for the categories of a row."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from gan_lightning.networks.exclusions import Exclusions

LOWEST = -1e9
"""The logit of a category that a column does not have."""


class AutoregressiveCategories(nn.Module):
    """Predicts the categories of each column from those of the previous columns.

    Categories are embedded, and a small network per column sees the sum of the previous embeddings
    (Uria et al., 2016, Section 2, with embeddings instead of one-hot vectors). Given cells,
    categories of any columns and measured values, are visible to every column.

    Args:
        sizes: Number of categories of each column.
        num_numbers: Number of measured values that may be given.
        hidden_dim: Length of an embedding and width of each column's network.
    """

    offsets: Tensor
    absent: Tensor
    earlier: Tensor

    def __init__(self, sizes: Sequence[int], num_numbers: int = 0, hidden_dim: int = 32) -> None:
        super().__init__()
        count, most = len(sizes), max(sizes)
        self.register_buffer("offsets", torch.tensor([0, *sizes[:-1]]).cumsum(0), persistent=False)
        absent = torch.arange(most) >= torch.tensor(sizes)[:, None]
        self.register_buffer("absent", absent, persistent=False)
        self.register_buffer("earlier", torch.ones(count, count).tril(-1), persistent=False)
        self.before = nn.Embedding(sum(sizes), hidden_dim)
        self.given = nn.Embedding(sum(sizes), hidden_dim)
        self.numbers = nn.Linear(2 * num_numbers, hidden_dim, bias=False) if num_numbers else None
        self.start = nn.Parameter(0.1 * torch.randn(count, hidden_dim))
        self.hidden = nn.Parameter(torch.randn(count, hidden_dim, hidden_dim) / hidden_dim**0.5)
        self.hidden_bias = nn.Parameter(torch.zeros(count, hidden_dim))
        self.output = nn.Parameter(0.1 * torch.randn(count, hidden_dim, most) / hidden_dim**0.5)
        self.output_bias = nn.Parameter(torch.zeros(count, most))
        for embedding in (self.before, self.given):
            nn.init.normal_(embedding.weight, 0, 0.3)

    def forward(self, codes: Tensor, held: Tensor, values: Tensor, held_values: Tensor) -> Tensor:
        """Return the cross-entropy of each category that is not given, ``(num_columns, batch)``.

        Args:
            codes: Categories, int64, shape ``(batch, num_columns)``.
            held: Which of them are given, booleans of the same shape.
            values: Measured values, shape ``(batch, num_numbers)``.
            held_values: Which of them are given, booleans of the same shape.
        """
        indices = (codes + self.offsets).T
        embedded = self.before(indices) * ~held.T[..., None]
        before = (self.earlier @ embedded.flatten(1)).view_as(embedded)
        seen = self._given(indices, held, values, held_values)
        logits = self._logits(before + seen, slice(None))
        # Three times as fast as cross_entropy, which is slow over few categories.
        losses = logits.logsumexp(2) - logits.gather(2, codes.T[..., None])[..., 0]
        return losses * ~held.T

    def sample(
        self,
        codes: Tensor,
        held: Tensor,
        values: Tensor,
        held_values: Tensor,
        exclusions: Exclusions,
    ) -> Tensor:
        """Draw the categories that are not given, no two of which exclude each other.

        Shapes are as in ``forward``.
        """
        drawn, excluded = codes.clone(), exclusions.given(codes, held)
        seen = self._given((codes + self.offsets).T, held, values, held_values)
        before = torch.zeros_like(seen)
        for column in range(codes.shape[1]):
            logits = self._logits((before + seen)[None], slice(column, column + 1))[0]
            fixed = held[:, column]
            if column in exclusions.concerned:
                left = exclusions.allowed(excluded, column, logits.shape[1])
                logits = logits.masked_fill(~left, -torch.inf)
            new = logits.softmax(1).multinomial(1)[:, 0]
            drawn[:, column] = torch.where(fixed, codes[:, column], new)
            if column in exclusions.concerned:
                excluded = exclusions.after(excluded, column, drawn[:, column], ~fixed)
            embedded = self.before(drawn[:, column] + self.offsets[column])
            before = before + embedded * ~fixed[:, None]
        return drawn

    def _given(self, indices: Tensor, held: Tensor, values: Tensor, held_values: Tensor) -> Tensor:
        """Return the input common to all columns, shape ``(batch, hidden_dim)``."""
        seen = (self.given(indices) * held.T[..., None]).sum(0)
        if self.numbers is None:
            return seen
        return seen + self.numbers(torch.cat([values * held_values, held_values], 1))

    def _logits(self, seen: Tensor, columns: slice) -> Tensor:
        """Return logits, ``(num_columns, batch, most categories)``, from the columns' inputs."""
        first = silu(seen + self.start[columns, None])
        bias = self.hidden_bias[columns, None]
        second = silu(torch.baddbmm(bias, first, self.hidden[columns])) + first
        bias = self.output_bias.masked_fill(self.absent, LOWEST)[columns, None]
        return torch.baddbmm(bias, second, self.output[columns])
