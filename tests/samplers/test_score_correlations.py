"""Correlations that make held-out rows likely."""

import pytest
import torch

from gan_lightning.samplers.score_correlations import correlations


def drawn(matrix, num_rows, seed=0):
    factor = torch.linalg.cholesky(torch.tensor(matrix, dtype=torch.float64))
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_rows, len(factor), dtype=torch.float64, generator=generator) @ factor.T


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_labels_of_many_rows_have_their_own():
    scores = {label: drawn([[1, rho], [rho, 1]], 400) for label, rho in [(0, 0.9), (3, -0.9)]}
    found, shared = correlations(scores)
    assert found[0][0, 1] == pytest.approx(0.9, abs=0.02)
    assert found[3][0, 1] == pytest.approx(-0.9, abs=0.02)
    assert shared[0, 1] == pytest.approx(0, abs=0.1)


def test_few_rows_of_one_distribution_share_theirs():
    scores = {label: drawn([[1, 0.6], [0.6, 1]], 12, seed=label) for label in range(20)}
    found, shared = correlations(scores)
    assert shared[0, 1] == pytest.approx(0.6, abs=0.1)
    assert all(abs(matrix - shared).max() < 0.15 for matrix in found.values())


def test_columns_that_hardly_differ_are_not_drawn_apart():
    found, _ = correlations({0: drawn([[1, 0.999, 0], [0.999, 1, 0], [0, 0, 1]], 150)})
    assert found[0][0, 1] == pytest.approx(0.999, abs=0.001)


def test_few_rows_of_many_columns_show_no_correlations():
    found, _ = correlations({0: torch.randn(20, 60, dtype=torch.float64)})
    assert (found[0] - torch.eye(60)).abs().mean() < 0.08


@pytest.mark.parametrize("num_rows", [2, 3, 50])
def test_matrices_are_positive_definite_whatever_the_rows(num_rows):
    column = torch.randn(num_rows, 1, dtype=torch.float64)
    constant = torch.zeros(num_rows, 1, dtype=torch.float64)
    found, shared = correlations(
        {0: torch.cat([column, column, constant], 1), 1: constant.expand(num_rows, 3)[:1]}
    )
    for matrix in (*found.values(), shared):
        assert torch.linalg.eigvalsh(matrix).min() > 0
        assert torch.equal(matrix[2], torch.tensor([0, 0, 1.0]).double())
