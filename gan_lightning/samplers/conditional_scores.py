"""Normal scores of the numbers of a row, given its categories."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_lightning.networks.exclusions import Exclusions
from gan_lightning.networks.rows import RowLayout
from gan_lightning.samplers.category_trees import CategoryTrees
from gan_lightning.samplers.contracts import LatentSampler

REACH = 3.5
"""Scores at the ends of a leaf's quantiles, as those of a whole column."""

NUM_QUANTILES = 33
"""Quantiles of a number within a leaf, at evenly spaced scores."""

ROWS_PER_QUANTILE = 15
"""A leaf of fewer rows has fewer quantiles, and those between lie on lines."""

LEAST_SLOPE = 1e-4
"""Least rise of a leaf's quantiles over a score, so that the way back exists."""


class ConditionalScores(LatentSampler):
    """Maps each number to a normal score within the leaf of a tree over the row's categories.

    Where categories bound a number, as the year of entry and a death bound the days of observation,
    the bound is the same score in every leaf: a smooth network need not draw an edge that moves. A
    number of which no category tells enough keeps its score. The map is monotone and invertible. It
    keeps the scores of whole columns until it is fitted.

    Args:
        latent_dim: Length of an encoded row.
        blocks: Widths of the parts of an encoded row.
    """

    fitted: Tensor
    quantiles: Tensor
    grid: Tensor

    most_latents = 20_000

    def __init__(self, latent_dim: int, blocks: Sequence[int]) -> None:
        super().__init__(latent_dim)
        self.blocks = blocks
        self.layout = RowLayout(blocks, latent_dim)
        self.trees = CategoryTrees(len(self.layout.numbers))
        self.exclusions = Exclusions(self.layout.sizes)
        grid = torch.linspace(-REACH, REACH, NUM_QUANTILES)
        self.register_buffer("fitted", torch.tensor(False))
        self.register_buffer("grid", grid, persistent=False)
        shape = self.trees.num_numbers, self.trees.num_nodes, 1
        self.register_buffer("quantiles", grid.repeat(shape))

    def fit(self, latents: Tensor, labels: Tensor | None = None) -> None:
        """Grow a tree for each number, and learn the quantiles within its leaves.

        Which categories exclude each other is learned too.
        """
        values = self.layout.values(latents.detach().cpu().double())
        codes = self.layout.codes(latents.detach().cpu())
        self.quantiles.copy_(self.grid.expand_as(self.quantiles))
        self.exclusions.learn(codes)
        if codes.shape[1]:
            self.trees.grow(values, codes, self.layout.sizes)
            leaves = self.trees(codes.to(self.quantiles.device)).cpu()
            for number in range(values.shape[1]):
                for leaf in leaves[:, number].unique().tolist():
                    if leaf > 0:  # the root is a leaf where no category tells enough
                        within = values[leaves[:, number] == leaf, number]
                        self.quantiles[number, leaf] = self._quantiles(within)
        self.fitted.fill_(True)

    def _quantiles(self, values: Tensor) -> Tensor:
        """Return the quantiles of a number within a leaf, at the scores of the grid."""
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
        """Return the numbers of rows as scores within leaves, ``(batch, num_numbers)``.

        Args:
            values: Numbers of encoded rows, shape ``(batch, num_numbers)``.
            codes: Their categories, int64, shape ``(batch, num_categories)``.
        """
        known = self._of_leaves(codes)
        return values if known is None else interpolated(values, known, self.grid.expand_as(known))

    def unscored(self, scores: Tensor, codes: Tensor) -> Tensor:
        """Return numbers of encoded rows, the inverse of ``scored``."""
        known = self._of_leaves(codes)
        return scores if known is None else interpolated(scores, self.grid.expand_as(known), known)

    def _of_leaves(self, codes: Tensor) -> Tensor | None:
        """Return the quantiles of each number of rows; None if there are no categories."""
        if not codes.shape[1] or not self.trees.num_numbers:
            return None
        leaves = self.trees(codes)
        return self.quantiles[torch.arange(self.trees.num_numbers, device=codes.device), leaves]

    def sample(
        self, num_samples: int, labels: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Draw scores, which are independent and normal."""
        return temperature * torch.randn(num_samples, self.latent_dim, device=self.grid.device)

    def complete(self, weights: dict[str, Tensor], prefix: str = "") -> None:
        """Translate weights from before numbers had trees, or scores within categories at all.

        Args:
            weights: Those of a checkpoint, by name.
            prefix: What the names of the sampler's own begin with.

        Raises:
            InputError: If the trees are damaged.
        """
        if f"{prefix}trees.columns" not in weights:
            same = ConditionalScores(self.latent_dim, self.blocks)
            same.fitted.fill_(True)  # and no fit may change it
            parents = weights.pop(f"{prefix}parents", torch.zeros(0))
            for number, parent in enumerate(parents.tolist()):
                known = weights[f"{prefix}quantiles"][number]
                same.quantiles[number, same.trees.split(number, parent, len(known))] = known
            weights |= {f"{prefix}{name}": weight for name, weight in same.state_dict().items()}
        self.exclusions.complete(weights, f"{prefix}exclusions.")
        self.trees.check(weights, f"{prefix}trees.", len(self.layout.sizes))


def interpolated(x: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    """Return the values at ``x`` of lines through knots, and beyond them of lines of slope 1.

    Args:
        x: Shape ``(…)``.
        xs: Rising places of knots, shape ``(…, num_knots)``.
        ys: Their values, likewise.
    """
    if torch.compiler.is_exporting():  # a graph knows no search
        after = (x[..., None] >= xs).sum(-1, keepdim=True)
    else:
        after = torch.searchsorted(xs.contiguous(), x[..., None].contiguous(), right=True)
    after = after.clamp(1, xs.shape[-1] - 1)
    x0, x1, y0, y1 = (part.gather(-1, i)[..., 0] for part in (xs, ys) for i in (after - 1, after))
    between = x.clamp(xs[..., 0], xs[..., -1])
    return torch.lerp(y0, y1, (between - x0) / (x1 - x0)) + (x - between)
