"""How diverse samples are."""

import torch
from torch import Tensor

from gan_lightning.metrics.features import all_finite, as_rows


def vendi_score(features: Tensor) -> Tensor:
    """Return the effective number of different rows, in [1, number of rows], a scalar.

    Friedman & Dieng, 2023, Definition 3.1: exp of the entropy of the eigenvalues of K / n, with
    the cosine of two rows as their similarity K. It is at most one more than the number of
    dimensions. Rows of zeros are similar to each other and to nothing else. NaN if a feature is not
    finite.

    Args:
        features: Shape ``(num_rows, …)``, at least one row.

    Raises:
        InputError: If there is no row.
    """
    (rows,) = as_rows(1, given=features)
    if not all_finite(rows):
        return rows.new_tensor(torch.nan)
    norms = rows.norm(dim=1, keepdim=True)
    unit = torch.cat([rows / torch.where(norms == 0, 1.0, norms), (norms == 0).double()], 1)
    # X'X has the eigenvalues of XX', and is as large as the dimensions.
    shares = torch.linalg.eigvalsh(unit.T @ unit / len(unit)).clamp(min=0)
    return torch.special.entr(shares).sum().exp()


def relative_diversity(real: Tensor, generated: Tensor) -> Tensor:
    """Return the Vendi score of the samples over that of the data, a scalar in (0, ∞).

    1 for samples as diverse as the data and less for fewer kinds; noise, which points in all
    directions, exceeds 1. It grows with the number of rows, so compare sets of equal size.

    Args:
        real: Shape ``(num_real, …)``.
        generated: Shape ``(num_generated, …)``.

    Raises:
        InputError: If a set is empty, or the dimensions differ.
    """
    real, generated = as_rows(1, real=real, generated=generated)
    return vendi_score(generated) / vendi_score(real)
