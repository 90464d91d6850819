"""Correlations of normal scores within each label, estimated from few rows."""

from collections.abc import Mapping

import torch
from torch import Tensor

from gan_lightning.samplers.normal_scores import Scores

BORROWED = (0.0, 0.5, 2.0, 8.0, torch.inf)
"""Candidate weights of the correlations within all labels, in rows per column."""

SHRINKAGES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.2, 0.4, 0.8)
"""Candidate weights of zero correlation: 0.01 would hide that columns hardly differ."""

NUM_FOLDS = 5


def correlations(scores: Mapping[int, Scores]) -> tuple[dict[int, Tensor], Tensor]:
    """Return the correlation matrix within each label and that within all, positive definite.

    A label's correlations are shrunk towards those within all labels and these towards 0, both as
    far as makes held-out rows most likely in cross-validation.

    Args:
        scores: Scores of each label that has rows, shape ``(num_rows, num_columns)``; a constant
            column correlates with nothing.
    """
    borrowed, shrinkage = _chosen(scores)
    own = {label: _correlation(found) for label, found in scores.items()}
    shared = _correlation(torch.cat([*scores.values()]))
    found = {
        label: _shrunk(_lent(own[label], shared, borrowed, len(scores[label])), shrinkage)
        for label in own
    }
    return found, _shrunk(shared, shrinkage)


def _chosen(scores: Mapping[int, Scores]) -> tuple[float, float]:
    """Return the two weights under which held-out rows are most likely."""
    several = len(scores) > 1
    choices = BORROWED if several else (torch.inf,)
    shrinkages = torch.tensor(SHRINKAGES, dtype=torch.float64)
    likelihoods = torch.zeros(len(choices), len(shrinkages), dtype=torch.float64)
    folds = {label: torch.randperm(len(found)) % NUM_FOLDS for label, found in scores.items()}
    for fold in range(NUM_FOLDS):
        training = {label: found[folds[label] != fold] for label, found in scores.items()}
        held_out = {label: found[folds[label] == fold] for label, found in scores.items()}
        shared = _correlation(torch.cat([*training.values()]))
        for label, rows in held_out.items():
            own = _correlation(training[label]) if several else shared
            for i, borrowed in enumerate(choices):
                matrix = _lent(own, shared, borrowed, len(training[label]))
                likelihoods[i] += _log_likelihoods(rows, matrix, shrinkages)
    i, j = divmod(int(likelihoods.argmax()), len(shrinkages))
    return choices[i], SHRINKAGES[j]


def _log_likelihoods(rows: Scores, correlation: Tensor, shrinkages: Tensor) -> Tensor:
    """Return the log-likelihood of rows under each shrinkage, up to a constant."""
    variances, axes = torch.linalg.eigh(correlation)
    shrunk = torch.lerp(variances.clamp_min(0), torch.ones_like(variances), shrinkages[:, None])
    squares = (rows @ axes).square().sum(0)
    return -((squares / shrunk).sum(1) + len(rows) * shrunk.log().sum(1)) / 2


def _correlation(scores: Scores) -> Tensor:
    """Return Pearson's correlations, float64; those of a constant column are 0."""
    centred = scores - scores.mean(0) if len(scores) else scores
    norms = centred.norm(dim=0)
    unit = centred / torch.where(norms > 1e-9, norms, torch.inf)
    return (unit.T @ unit).fill_diagonal_(1)


def _lent(own: Tensor, shared: Tensor, borrowed: float, num_rows: int) -> Tensor:
    """Return a label's correlations, shrunk towards those within all labels if its rows are few."""
    if num_rows < 2 or borrowed == torch.inf:
        return shared
    weight = borrowed * len(own)
    return torch.lerp(own, shared, weight / (weight + num_rows))


def _shrunk(correlation: Tensor, shrinkage: float) -> Tensor:
    return (correlation * (1 - shrinkage)).fill_diagonal_(1)
