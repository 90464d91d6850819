"""How strongly the columns of a table depend on each other, whatever kinds they are."""

from collections.abc import Sequence

import torch
from torch import Tensor


def correlation_errors(real: Tensor, generated: Tensor, categorical: Sequence[int] = ()) -> Tensor:
    """Return by how much the correlation of each pair of columns differs between two sets.

    Shape ``(num_pairs,)``: in [0, 2] for two continuous columns, else in [0, 1]. Pairs with a NaN
    in a continuous column are NaN.

    Args:
        real: Shape ``(num_real, num_columns)``.
        generated: Shape ``(num_generated, num_columns)``.
        categorical: Indices of the columns that hold categories.
    """
    difference = correlations(real, categorical) - correlations(generated, categorical)
    rows, columns = torch.triu_indices(len(difference), len(difference), offset=1)
    return difference[rows, columns].abs()


def correlations(rows: Tensor, categorical: Sequence[int] = ()) -> Tensor:
    """Return the correlation of all pairs of columns, shape ``(num_columns, num_columns)``.

    Two continuous columns have Pearson's coefficient, in [-1, 1]; a continuous and a categorical
    one have the correlation ratio η (Pearson, 1905), two categorical ones Cramér's V (Cramér,
    1946), both in [0, 1] and corrected for what chance alone adds in few rows (Kelley, 1935;
    Bergsma, 2013). A constant column correlates with nothing: its correlations are 0, and so is the
    diagonal.

    Args:
        rows: Shape ``(num_rows, num_columns)``.
        categorical: Indices of the columns that hold categories.
    """
    num_columns = rows.shape[1]
    continuous = [i for i in range(num_columns) if i not in categorical]
    unit = _unit(rows[:, continuous])
    # Categories are numbered among those that occur.
    codes = {i: rows[:, i].unique(return_inverse=True)[1] for i in categorical}

    matrix = rows.new_zeros(num_columns, num_columns)
    index = torch.tensor(continuous, dtype=torch.long, device=rows.device)
    matrix[index[:, None], index] = unit.T @ unit
    for i in categorical:
        matrix[i, index] = matrix[index, i] = _correlation_ratios(unit, codes[i])
        for j in categorical:
            matrix[i, j] = _cramers_v(codes[i], codes[j])
    return matrix.fill_diagonal_(0)


def _unit(values: Tensor) -> Tensor:
    """Return columns of mean 0 and norm 1, or 0 where they are constant."""
    # A constant column is exactly 0 after the first line; the mean alone leaves round-off.
    centred = values - values[:1]
    centred = centred - centred.mean(0)
    norms = centred.norm(dim=0)
    return centred / torch.where(norms > 0, norms, 1.0)


def _correlation_ratios(unit: Tensor, codes: Tensor) -> Tensor:
    """Return η of each column with a categorical one, from ε² of Kelley, 1935."""
    counts = codes.bincount()
    sums = unit.new_zeros(len(counts), unit.shape[1]).index_add_(0, codes, unit)
    explained = (sums.square() / counts[:, None]).sum(0)
    freedom = len(codes) - len(counts)
    if not freedom:
        return torch.zeros_like(explained)
    return (1 - (1 - explained) * (len(codes) - 1) / freedom).clamp_min(0).sqrt()


def _cramers_v(first: Tensor, second: Tensor) -> Tensor:
    """Return Cramér's V of two categorical columns with the correction of Bergsma, 2013."""
    shape = torch.stack([first.max(), second.max()]) + 1
    cells = (first * shape[1] + second).bincount(minlength=int(shape.prod()))
    counts = cells.reshape(shape.tolist()).double()
    expected = torch.outer(counts.sum(1), counts.sum(0)) / len(first)
    dependence = ((counts - expected).square() / expected).sum() / len(first)

    freedoms = shape - 1
    others = max(len(first) - 1, 1)
    dependence = (dependence - freedoms.prod() / others).clamp_min(0)
    most = (freedoms - freedoms.square() / others).min()
    return (dependence / torch.where(most > 0, most, 1.0)).sqrt()
