"""Gaussian copulas for rows of a table."""

from collections.abc import Sequence

import torch
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.networks.exclusions import Exclusions
from gan_lightning.networks.rows import RowLayout
from gan_lightning.samplers.contracts import LatentSampler, require_fitted
from gan_lightning.samplers.normal_scores import (
    NUM_QUANTILES,
    REACH,
    Scores,
    latin_hypercube,
    placed_scores,
    smooth_quantiles,
)
from gan_lightning.samplers.score_correlations import correlations

INNER = round((1 - 1 / REACH) * (NUM_QUANTILES - 1) / 2)
"""The quantile one standard deviation below the median."""

NUM_TRIED = 2000
"""Rows drawn to find the weights of categories that exclude each other."""

UNSEEN = 1e-9
"""Share of a category that no row of a label has, where it is given."""


class GaussianCopula(LatentSampler):
    """A copula for each label: the columns' own distributions, and correlated normal scores.

    A measured value has the quantiles of a kernel density within the label (Silverman, 1986), not
    those of the rows themselves, to which samples would lie too close; a category has its share.
    The correlations of normal scores are shrunk towards those within all labels, and towards 0, as
    far as makes held-out rows most likely. Samples of one call are a Latin hypercube: each column
    takes each part of its distribution equally often. Categories that exclude each other are not
    drawn together.

    Args:
        latent_dim: Length of an encoded row.
        num_classes: Number of labels.
        blocks: Widths of the parts of an encoded row.
    """

    fitted: Tensor
    quantiles: Tensor
    shares: Tensor
    weights: Tensor
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
        self.register_buffer("weights", torch.zeros(shape, dtype=torch.float64))
        shape = (num_classes, count, count)
        self.register_buffer("factors", torch.zeros(shape, dtype=torch.float64))
        self.exclusions = Exclusions(self.layout.sizes)

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
        self.exclusions.learn(codes)
        present = labels.unique().tolist()
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            scores = {
                label: self._learned(label, values[labels == label], codes[labels == label])
                for label in present
            }
            for label in {*range(self.num_classes)} - {*present}:  # requested, it yields any row
                self._learned(label, values, codes)
            found, shared = correlations(scores)
            for label in range(self.num_classes):
                self.factors[label] = factor = torch.linalg.cholesky(found.get(label, shared))
                noise = torch.randn(NUM_TRIED, len(factor), dtype=torch.float64) @ factor.T
                levels = torch.special.ndtr(noise[:, values.shape[1] :]).to(self.shares)
                self.weights[label] = self.exclusions.weighted(self.shares[label], levels)
        self.fitted.fill_(True)

    def _learned(self, label: int, values: Tensor, codes: Tensor) -> Scores:
        """Learn the distributions of a label's columns and return their normal scores."""
        count, scores = len(codes), []
        for column in range(values.shape[1]):
            ordered, order = values[:, column].sort()
            self.quantiles[label, column] = smooth_quantiles(ordered)
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
    def sample(
        self, num_samples: int, labels: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Draw encoded rows, a Latin hypercube within each label.

        Raises:
            InputError: If it was fitted to none.
        """
        require_fitted(self.fitted, "GaussianCopula has not been fitted to rows: fit does that.")
        device = self.factors.device
        if labels is None:
            labels = torch.zeros(num_samples, dtype=torch.int64, device=device)
        factors = self.factors[labels]

        def correlated() -> Scores:
            shape = (num_samples, factors.shape[2], 1)
            return (factors @ torch.randn(shape, dtype=factors.dtype, device=device)).squeeze(2)

        scores = latin_hypercube(correlated, labels)
        return self.layout.joined(*self._rows(labels, temperature * scores))

    @torch.no_grad()
    def completed(self, x: Tensor, held: Tensor, prior: Tensor) -> Tensor:
        """Draw the cells of encoded rows that are not given, conditional on those that are.

        The label of a row is drawn first, by its probability given these cells. Cells that occur
        together in no row of training, as one of a held-out row may, count as very unlikely.

        Args:
            x: Rows, shape ``(num_rows, latent_dim)``.
            held: Which cells are given, booleans: numbers in their order, then categories.
            prior: Frequency of each label, shape ``(num_classes,)``.
        """
        drawn, num_numbers = torch.empty_like(x), len(self.layout.numbers)
        values, codes = self.layout.values(x).double(), self.layout.codes(x)
        patterns, index = held.unique(dim=0, return_inverse=True)
        for pattern, cells in enumerate(patterns):
            rows = (index == pattern).nonzero().flatten()
            found = [
                self._given(label, values[rows], codes[rows], cells)
                for label in range(len(self.shares))
            ]
            chances = prior.double().log() + torch.stack([chance for _, chance in found], 1)
            self._report_unseen(codes[rows], cells)
            labels = chances.softmax(1).multinomial(1)[:, 0]
            for label in labels.unique().tolist():
                chosen = labels == label
                scores = self._rest(label, found[label][0][chosen], cells)
                same = torch.full_like(labels[chosen], label)
                new, new_codes = self._rows(same, scores, codes[rows[chosen]], cells[num_numbers:])
                known = torch.where(cells[:num_numbers], values[rows[chosen]], new)
                drawn[rows[chosen]] = self.layout.joined(known, new_codes).to(x)
        return drawn

    def complete(self, weights: dict[str, Tensor], prefix: str = "") -> None:
        """Add to a checkpoint's weights those that older versions lack."""
        self.exclusions.complete(weights, f"{prefix}exclusions.")
        weights.setdefault(f"{prefix}weights", weights.get(f"{prefix}shares", self.weights))

    def _given(
        self, label: int, values: Tensor, codes: Tensor, cells: Tensor
    ) -> tuple[Scores, Tensor]:
        """Return the scores of given cells for a label, and their log-likelihood under it."""
        edges, chance = [], values.new_zeros(len(values))
        num_numbers = values.shape[1]
        for cell in cells.nonzero().flatten().tolist():
            if cell < num_numbers:
                quantiles, value = self.quantiles[label, cell], values[:, cell]
                low, high = (
                    torch.searchsorted(quantiles, value.contiguous(), right=side).double() - 0.5
                    for side in (False, True)
                )
                score = ((low + high) / (NUM_QUANTILES - 1) - 1) * REACH
                edges.append(torch.special.ndtr(score.clamp(-3, 3)).expand(2, -1))
                first, last = quantiles[INNER], quantiles[-1 - INNER]
                spread, centre = (last - first) / 2, (last + first) / 2
                distance = (value - centre) / spread.clamp_min(1e-6)
                chance = chance - distance.square() / 2 - spread.clamp_min(1e-6).log()
            else:
                share, code = self.shares[label, cell - num_numbers], codes[:, cell - num_numbers]
                first = (share.cumsum(0) - share)[code]
                edges.append(torch.stack([first, first + share[code]]))
                chance = chance + share[code].clamp_min(UNSEEN).log()
        given = values.new_zeros(len(values), 0)
        if edges:
            given = placed_scores(torch.stack(edges, 2), self._correlation(label)[cells][:, cells])
        factor = torch.linalg.cholesky(self._correlation(label)[cells][:, cells])
        white = torch.linalg.solve_triangular(factor, given.T, upper=False)
        together = (given.square().sum(1) - white.square().sum(0)) / 2
        return given, chance + together - factor.diagonal().log().sum()

    def _report_unseen(self, codes: Tensor, cells: Tensor) -> None:
        given = cells[len(self.layout.numbers) :].nonzero().flatten()
        known = self.shares[:, given, codes[:, given]].gt(0).all(2)  # (num_classes, num_rows)
        if count := int((~known.any(0)).sum()):
            rank_zero_warn(
                f"The given categories of {count} rows occur together with no label of training: "
                "what is drawn beside them is uncertain."
            )

    def _correlation(self, label: int) -> Tensor:
        return self.factors[label] @ self.factors[label].T

    def _rest(self, label: int, given: Scores, cells: Tensor) -> Scores:
        """Draw the scores of all cells from a normal distribution, conditional on given ones."""
        correlation, rest = self._correlation(label), ~cells
        weights = torch.linalg.solve(correlation[cells][:, cells], correlation[cells][:, rest])
        left = correlation[rest][:, rest] - correlation[rest][:, cells] @ weights
        scores = given.new_empty(len(given), len(cells))
        scores[:, cells] = given
        noise = torch.randn(len(given), int(rest.sum()), dtype=given.dtype, device=given.device)
        left = left + 1e-9 * torch.eye(len(left), dtype=left.dtype, device=left.device)
        scores[:, rest] = given @ weights + noise @ torch.linalg.cholesky(left).T
        return scores

    def _rows(self, labels: Tensor, scores: Scores, *given: Tensor) -> tuple[Tensor, Tensor]:
        """Return numbers and categories of rows with these scores; given categories stay."""
        num_numbers = len(self.layout.numbers)
        at = (scores[:, :num_numbers].clamp(-REACH, REACH) / REACH + 1) * (NUM_QUANTILES - 1) / 2
        below, above = at.floor().long(), at.ceil().long()
        columns = torch.arange(num_numbers, device=scores.device)
        low, high = (self.quantiles[labels[:, None], columns, knot] for knot in (below, above))
        levels = torch.special.ndtr(scores[:, num_numbers:])
        codes = self.exclusions.drawn(self.weights[labels], levels, *given)
        return torch.lerp(low, high, at - below), codes
