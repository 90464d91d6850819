"""How many samples lie among the data, and how much of the data lies among the samples."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lightning.metrics.features import all_finite, as_rows, blocks

ROUNDING = 1e-12
"""Balls are enlarged by this share of the squared norms, so that they contain their surface."""


class ManifoldScores(NamedTuple):
    """Scalars in [0, 1]; the density lies in [0, ∞)."""

    precision: Tensor
    recall: Tensor
    density: Tensor
    coverage: Tensor


def precision_recall_density_coverage(
    real: Tensor, generated: Tensor, k: int = 5
) -> ManifoldScores:
    """Compare two sets by balls around each row that reach to its k-th nearest neighbour.

    ``precision`` is the share of samples in the ball of any real row, ``recall`` the share of real
    rows in the ball of any sample (Kynkäänniemi et al., 2019, Equations 1 and 2); ``density`` the
    mean number of real balls around a sample, over k, and ``coverage`` the share of real rows with
    a sample in their ball (Naeem et al., 2020, Section 3). Two large equal sets of one
    distribution have a density of 1 and a coverage of 1 − 2⁻ᵏ. A ball contains its surface, so that
    copies of a row lie in its ball even if its neighbours are copies too. Use features of middle
    layers: in a classifier's last layer, black images have a precision of 1. All are NaN if a
    feature is not finite.

    Args:
        real: Shape ``(num_real, …)``, more than k rows.
        generated: Shape ``(num_generated, …)``, more than k rows.
        k: The neighbour to which a ball reaches, at least 1.

    Raises:
        InputError: If a set has too few rows, or the dimensions differ.
    """
    real, generated = as_rows(k + 1, real=real, generated=generated)
    if not all_finite(real, generated):
        return ManifoldScores(*real.new_full((4,), torch.nan))
    centre = real.mean(0)  # large norms would cost precision
    real, generated = real - centre, generated - centre
    radii, generated_radii = _squared_radii(real, k), _squared_radii(generated, k)
    balls_around = torch.zeros(len(generated), dtype=torch.int64, device=real.device)
    recalled, covered = torch.zeros(2, len(real), dtype=torch.bool, device=real.device)
    for part, distances in _squared_distances(real, generated):
        inside = distances <= radii[part, None]
        balls_around += inside.sum(0)
        covered[part] = inside.any(1)
        recalled[part] = (distances <= generated_radii).any(1)
    return ManifoldScores(
        precision=(balls_around > 0).double().mean(),
        recall=recalled.double().mean(),
        density=balls_around.double().mean() / k,
        coverage=covered.double().mean(),
    )


def _squared_radii(rows: Tensor, k: int) -> Tensor:
    """Return the squared distance of each row to its k-th nearest other row."""
    radii = rows.new_empty(len(rows))
    for part, distances in _squared_distances(rows, rows):
        # A row is its own nearest neighbour.
        radii[part] = distances.topk(k + 1, 1, largest=False).values[:, -1]
    return radii + ROUNDING * (radii + rows.square().sum(1))


def _squared_distances(rows: Tensor, others: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield slices of rows, and their squared distances to all others."""
    norms, other_norms = rows.square().sum(1), others.square().sum(1)
    for part in blocks(rows, len(others)):
        distances = torch.addmm(other_norms, rows[part], others.T, alpha=-2)
        yield part, distances.add_(norms[part, None])
