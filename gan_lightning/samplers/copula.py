"""Gaussian copulas for rows of a table."""

from collections.abc import Sequence

import torch
from sklearn.covariance import LedoitWolf
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.networks.rows import RowLayout
from gan_lightning.samplers.contracts import LatentSampler, require_fitted

NUM_QUANTILES = 64
"""Quantiles of each measured value and label: a checkpoint holds no column."""

FEWEST_ROWS = 10
"""Rows of a label from which its correlations are learned; below, those of all rows do."""

Scores = Tensor
"""Normal scores: the quantile of each value as a number of N(0, 1), ``(num_rows, num_columns)``."""


class GaussianCopula(LatentSampler):
    """A copula for each label: the columns' own distributions, and correlated normal scores.

    Measured values keep their quantiles within the label, categories their shares. The correlation
    of their normal scores is shrunk as far as few rows ask for (Ledoit & Wolf, 2004).

    Args:
        latent_dim: Length of an encoded row.
        num_classes: Number of labels.
        blocks: Widths of the parts of an encoded row.
    """

    fitted: Tensor
    quantiles: Tensor
    shares: Tensor
    factors: Tensor

    needs_latents = True

    def __init__(self, latent_dim: int, num_classes: int, blocks: Sequence[int]) -> None:
        super().__init__(latent_dim)
        self.num_classes: int = num_classes
        self.layout = RowLayout(blocks, latent_dim)
        num_numbers, num_categories = len(self.layout.numbers), len(self.layout.sizes)
        most, count = max([1, *self.layout.sizes]), num_numbers + num_categories
        self.register_buffer("fitted", torch.tensor(False))
        shape = (num_classes, num_numbers, NUM_QUANTILES)
        self.register_buffer("quantiles", torch.zeros(shape, dtype=torch.float64))
        shape = (num_classes, num_categories, most)
        self.register_buffer("shares", torch.zeros(shape, dtype=torch.float64))
        shape = (num_classes, count, count)
        self.register_buffer("factors", torch.zeros(shape, dtype=torch.float64))

    def fit(self, latents: Tensor, labels: Tensor | None = None) -> None:
        """Learn quantiles, shares and correlations of encoded rows.

        Raises:
            InputError: If there are fewer than two rows.
        """
        if len(latents) < 2:
            raise InputError(f"GaussianCopula needs at least 2 rows, found {len(latents)}.")
        labels = torch.zeros(len(latents)).long() if labels is None else labels.cpu()
        values = self.layout.values(latents.cpu().double())
        codes = self.layout.codes(latents.cpu())
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            everywhere = _correlation(self._learned(0, values, codes))
            for label in range(self.num_classes):
                rows = labels == label
                few = rows.sum() < FEWEST_ROWS
                chosen = rows if rows.any() else torch.ones_like(rows)
                scores = self._learned(label, values[chosen], codes[chosen])
                correlation = everywhere if few else _correlation(scores)
                self.factors[label] = torch.linalg.cholesky(correlation)
        self.fitted.fill_(True)

    def _learned(self, label: int, values: Tensor, codes: Tensor) -> Scores:
        """Learn the distributions of a label's columns and return their normal scores."""
        count, scores = len(codes), []
        levels = torch.linspace(0.5 / count, 1 - 0.5 / count, NUM_QUANTILES, dtype=torch.float64)
        for column in range(values.shape[1]):
            ordered, order = values[:, column].sort()
            at = (levels * count - 0.5).clamp(0, count - 1)
            below = ordered[at.floor().long()]
            self.quantiles[label, column] = torch.lerp(below, ordered[at.ceil().long()], at % 1)
            ranks = torch.empty(count, dtype=torch.float64)
            ranks[order] = torch.arange(count, dtype=torch.float64)
            level = (ranks + 0.5) / count
            scores.append(level if ordered[0] < ordered[-1] else torch.full_like(level, 0.5))
        for column in range(codes.shape[1]):
            counts = codes[:, column].bincount(minlength=self.shares.shape[2])
            share = self.shares[label, column] = counts.double() / count
            first = share.cumsum(0) - share
            place = torch.rand(count, dtype=torch.float64)
            place = place if share.max() < 1 else torch.full_like(place, 0.5)
            scores.append(first[codes[:, column]] + place * share[codes[:, column]])
        return torch.special.ndtri(torch.stack(scores, 1).clamp(1e-4, 1 - 1e-4))

    @torch.no_grad()
    def sample(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Draw encoded rows.

        Raises:
            InputError: If it was fitted to none.
        """
        require_fitted(
            self.fitted, "GaussianCopula has not been fitted to rows yet: fit does that."
        )
        device = self.factors.device
        if labels is None:
            labels = torch.zeros(num_samples, dtype=torch.int64, device=device)
        factors = self.factors[labels]
        noise = torch.randn(num_samples, factors.shape[2], dtype=factors.dtype, device=device)
        scores = (factors @ noise[:, :, None]).squeeze(2)
        return self._rows(labels, torch.special.ndtr(scores))

    @torch.no_grad()
    def completed(self, x: Tensor, held: Tensor, prior: Tensor) -> Tensor:
        """Draw what is not given of encoded rows, from the normal distribution that is left of it.

        The label of a row is drawn first, by how likely each makes what is given.

        Args:
            x: Rows, shape ``(num_rows, latent_dim)``.
            held: Which cells are given, booleans: numbers in their order, then categories.
            prior: How frequent each label is, shape ``(num_classes,)``.

        Raises:
            InputError: If no label has what is given.
        """
        drawn = torch.empty_like(x)
        values, codes = self.layout.values(x).double(), self.layout.codes(x)
        patterns, index = held.unique(dim=0, return_inverse=True)
        for pattern, cells in enumerate(patterns):
            rows = (index == pattern).nonzero().flatten()
            found = [self._given(label, values[rows], codes[rows], cells) for label in self._labels]
            chances = prior.double().log() + torch.stack([chance for _, chance in found], 1)
            if chances.isneginf().all(1).any():
                raise InputError("No rows of the table are like what is given.")
            labels = chances.softmax(1).multinomial(1)[:, 0]
            for label in labels.unique().tolist():
                chosen = labels == label
                scores = self._rest(label, found[label][0][chosen], cells)
                levels = torch.special.ndtr(scores)
                new = self._rows(torch.full_like(labels[chosen], label), levels).to(x)
                drawn[rows[chosen]] = self._with_given(x[rows[chosen]], new, cells)
        return drawn

    @property
    def _labels(self) -> range:
        assert self.num_classes is not None
        return range(self.num_classes)

    def _given(
        self, label: int, values: Tensor, codes: Tensor, cells: Tensor
    ) -> tuple[Scores, Tensor]:
        """Return the scores of given cells for a label, and the log of how likely it makes them."""
        scores, chance = [], values.new_zeros(len(values))
        num_numbers = values.shape[1]
        for cell in cells.nonzero().flatten().tolist():
            if cell < num_numbers:
                quantiles, value = self.quantiles[label, cell], values[:, cell]
                low, high = (
                    torch.searchsorted(quantiles, value.contiguous(), right=side)
                    for side in (False, True)
                )
                level = (low + high).double() / (2 * NUM_QUANTILES)
                spread, centre = torch.std_mean(quantiles)
                distance = (value - centre) / spread.clamp_min(1e-6)
                chance = chance - distance.square() / 2 - spread.clamp_min(1e-6).log()
            else:
                share, code = self.shares[label, cell - num_numbers], codes[:, cell - num_numbers]
                level = (share.cumsum(0) - share)[code] + torch.rand_like(chance) * share[code]
                chance = chance + share[code].log()
            scores.append(torch.special.ndtri(level.clamp(1e-3, 1 - 1e-3)))
        given = torch.stack(scores, 1) if scores else values.new_zeros(len(values), 0)
        factor = torch.linalg.cholesky(self._correlation(label)[cells][:, cells])
        white = torch.linalg.solve_triangular(factor, given.T, upper=False)
        together = (given.square().sum(1) - white.square().sum(0)) / 2
        return given, chance + together - factor.diagonal().log().sum()

    def _correlation(self, label: int) -> Tensor:
        return self.factors[label] @ self.factors[label].T

    def _rest(self, label: int, given: Scores, cells: Tensor) -> Scores:
        """Draw the scores of all cells from a normal distribution of which some are given."""
        correlation, rest = self._correlation(label), ~cells
        weights = torch.linalg.solve(correlation[cells][:, cells], correlation[cells][:, rest])
        left = correlation[rest][:, rest] - correlation[rest][:, cells] @ weights
        scores = given.new_empty(len(given), len(cells))
        scores[:, cells] = given
        noise = torch.randn(len(given), int(rest.sum()), dtype=given.dtype, device=given.device)
        left = left + 1e-9 * torch.eye(len(left), dtype=left.dtype, device=left.device)
        scores[:, rest] = given @ weights + noise @ torch.linalg.cholesky(left).T
        return scores

    def _with_given(self, x: Tensor, new: Tensor, cells: Tensor) -> Tensor:
        """Return new rows with the given cells of others."""
        num_numbers = len(self.layout.numbers)
        values = torch.where(cells[:num_numbers], self.layout.values(x), self.layout.values(new))
        codes = torch.where(cells[num_numbers:], self.layout.codes(x), self.layout.codes(new))
        return self.layout.joined(values, codes)

    def _rows(self, labels: Tensor, levels: Tensor) -> Tensor:
        """Return a row of each label, whose columns stand at levels in [0, 1]."""
        num_numbers = len(self.layout.numbers)
        at = levels[:, :num_numbers] * (NUM_QUANTILES - 1)
        below, above = at.floor().long(), at.ceil().long()
        columns = torch.arange(num_numbers, device=levels.device)
        low, high = (self.quantiles[labels[:, None], columns, knot] for knot in (below, above))
        values = torch.lerp(low, high, at - below)
        edges = self.shares.cumsum(2)[labels]
        codes = (levels[:, num_numbers:, None] > edges).sum(2)
        sizes = torch.tensor(self.layout.sizes, device=levels.device)
        return self.layout.joined(values, codes.minimum(sizes - 1))


def _correlation(scores: Scores) -> Tensor:
    """Return a correlation matrix, positive definite, float64; what is constant has none."""
    correlation = torch.eye(scores.shape[1], dtype=torch.float64)
    varying = ((scores != scores[:1]).any(0)).nonzero().flatten()
    if len(varying):
        covariance = torch.from_numpy(LedoitWolf().fit(scores[:, varying].numpy()).covariance_)
        scale = covariance.diagonal().sqrt()
        correlation[varying[:, None], varying] = covariance / torch.outer(scale, scale)
    return correlation.fill_diagonal_(1 + 1e-6)
