"""Normal scores of the numbers of a row, given its categories."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_lightning.networks.rows import RowLayout
from gan_lightning.samplers.contracts import LatentSampler

REACH = 3.5
"""Scores at the ends of a level's quantiles, as those of a whole column."""

NUM_QUANTILES = 33
"""Quantiles of a number within a level, at evenly spaced scores."""

ROWS_PER_QUANTILE = 15
"""A level of fewer rows has fewer quantiles, and those between lie on lines."""

FEWEST_ROWS = 60
"""A level of fewer rows keeps the scores of the whole column."""

MOST_LEVELS = 50
"""Categories of a column up to which numbers may have scores within them."""

WORTH = 0.05
"""Nats that a category must tell of a number."""

NUM_BINS = 20
"""Equally frequent parts of a number in which that is counted."""

LEAST_SLOPE = 1e-4
"""Least rise of a level's quantiles over a score, so that the way back exists."""


class ConditionalScores(LatentSampler):
    """Maps each number to a normal score within a level of the category that tells most of it.

    Where a category bounds a number, as the year of entry bounds the days of observation, the
    bound of a level is the same score for all levels: a smooth network need not draw an edge that
    moves. A number of which no category tells enough keeps its score. The map is monotone and
    invertible. It keeps the scores of whole columns until it is fitted.

    Args:
        latent_dim: Length of an encoded row.
        blocks: Widths of the parts of an encoded row.
    """

    fitted: Tensor
    parents: Tensor
    quantiles: Tensor
    grid: Tensor

    most_latents = 20_000

    def __init__(self, latent_dim: int, blocks: Sequence[int]) -> None:
        super().__init__(latent_dim)
        self.layout = RowLayout(blocks, latent_dim)
        few = [size for size in self.layout.sizes if size <= MOST_LEVELS]
        numbers, levels = len(self.layout.numbers), max(few, default=1)
        grid = torch.linspace(-REACH, REACH, NUM_QUANTILES)
        self.register_buffer("fitted", torch.tensor(False))
        self.register_buffer("grid", grid, persistent=False)
        self.register_buffer("parents", torch.zeros(numbers, dtype=torch.int64))
        self.register_buffer("quantiles", grid.repeat(numbers, levels, 1))

    def fit(self, latents: Tensor, labels: Tensor | None = None) -> None:
        """Choose a category for each number, and learn the quantiles within its levels."""
        values = self.layout.values(latents.detach().cpu().double())
        codes = self.layout.codes(latents.detach().cpu())
        self.quantiles.copy_(self.grid.expand_as(self.quantiles))
        told = self._told(values, codes)
        for number, parent in enumerate(told.argmax(1).tolist()):
            if told[number, parent] > WORTH:
                self.parents[number] = parent
                for level in range(self.layout.sizes[parent]):
                    within = values[codes[:, parent] == level, number]
                    if len(within) >= FEWEST_ROWS:
                        self.quantiles[number, level] = self._quantiles(within)
        self.fitted.fill_(True)

    def _told(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return the nats that each category tells of each number, ``(num_numbers, num_codes)``.

        The mutual information of both, less what chance is expected to add (Miller, 1955).
        """
        bins = values.argsort(0).argsort(0) * NUM_BINS // len(values)
        bins += NUM_BINS * torch.arange(values.shape[1])
        nats = values.new_zeros(values.shape[1], max(1, codes.shape[1]))
        for i, size in enumerate(self.layout.sizes):
            if size <= MOST_LEVELS:
                places = bins * size + codes[:, [i]]
                counts = places.flatten().bincount(minlength=values.shape[1] * NUM_BINS * size)
                joint = counts.view(-1, NUM_BINS, size).double() / len(values)
                shares = joint.sum(1, keepdim=True)
                surprise = torch.where(joint > 0, joint * (joint * NUM_BINS / shares).log(), 0.0)
                chance = (NUM_BINS - 1) * ((shares > 0).sum(2) - 1)[:, 0] / (2 * len(values))
                nats[:, i] = surprise.sum((1, 2)) - chance
        return nats

    def _quantiles(self, values: Tensor) -> Tensor:
        """Return the quantiles of a number within a level, at the scores of the grid."""
        count = min(len(values) // ROWS_PER_QUANTILE, NUM_QUANTILES - 1)
        scores = torch.linspace(-REACH, REACH, count + 1, dtype=torch.float64)
        levels = torch.special.ndtr(scores)
        levels[0], levels[-1] = 0, 1
        known = torch.quantile(values, levels)
        grid = self.grid.double().cpu()
        shape = (len(grid), len(scores))
        lines = interpolated(grid, scores.expand(shape), known.expand(shape))
        rises = lines.diff().clamp_min(LEAST_SLOPE * float(grid[1] - grid[0]))
        return torch.cat([lines[:1], lines[0] + rises.cumsum(0)]).float()

    def scored(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return the numbers of rows as scores within levels, ``(batch, num_numbers)``.

        Args:
            values: Numbers of encoded rows, shape ``(batch, num_numbers)``.
            codes: Their categories, int64, shape ``(batch, num_categories)``.
        """
        known = self._of_levels(codes)
        return values if known is None else interpolated(values, known, self.grid.expand_as(known))

    def unscored(self, scores: Tensor, codes: Tensor) -> Tensor:
        """Return numbers of encoded rows, the inverse of ``scored``."""
        known = self._of_levels(codes)
        return scores if known is None else interpolated(scores, self.grid.expand_as(known), known)

    def _of_levels(self, codes: Tensor) -> Tensor | None:
        """Return the quantiles of each number of rows; None if there are no categories."""
        if not codes.shape[1] or not len(self.parents):
            return None
        levels = codes[:, self.parents].clamp(max=self.quantiles.shape[1] - 1)
        return self.quantiles[torch.arange(len(self.parents), device=codes.device), levels]

    def sample(
        self, num_samples: int, labels: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Draw scores, which are independent and normal."""
        return temperature * torch.randn(num_samples, self.latent_dim, device=self.grid.device)

    def complete(self, weights: dict[str, Tensor], prefix: str = "") -> None:
        """Add the scores of whole columns to weights from before there were others.

        Args:
            weights: Those of a checkpoint, by name.
            prefix: What the names of the sampler's own begin with.
        """
        weights.setdefault(f"{prefix}fitted", torch.tensor(True))  # and no fit may change them
        weights.setdefault(f"{prefix}parents", torch.zeros_like(self.parents))
        weights.setdefault(f"{prefix}quantiles", self.grid.expand_as(self.quantiles).clone())


def interpolated(x: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    """Return the values at ``x`` of lines through knots, and beyond them of lines of slope 1.

    Args:
        x: Shape ``(…)``.
        xs: Rising places of knots, shape ``(…, num_knots)``.
        ys: Their values, likewise.
    """
    after = (x[..., None] >= xs).sum(-1, keepdim=True).clamp(1, xs.shape[-1] - 1)
    x0, x1, y0, y1 = (part.gather(-1, i)[..., 0] for part in (xs, ys) for i in (after - 1, after))
    between = x.clamp(xs[..., 0], xs[..., -1])
    return torch.lerp(y0, y1, (between - x0) / (x1 - x0)) + (x - between)
