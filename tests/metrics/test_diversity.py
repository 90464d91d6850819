"""The Vendi score against closed forms."""

import math

import numpy as np
import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.metrics import relative_diversity, vendi_score


@pytest.mark.parametrize("num_rows", [1, 4, 9])
def test_rows_at_right_angles_are_counted(num_rows):
    assert vendi_score(3 * torch.eye(9)[:num_rows]).item() == pytest.approx(num_rows)


def test_copies_of_one_row_are_one():
    assert vendi_score(torch.randn(1, 5).repeat(40, 1)).item() == pytest.approx(1)


def test_unequal_groups_count_by_their_entropy():
    rows = torch.eye(2)[[0, 0, 0, 1]]
    entropy = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    assert vendi_score(rows).item() == pytest.approx(math.exp(entropy))


@pytest.mark.parametrize(("num_rows", "num_dimensions"), [(30, 8), (8, 30)])
def test_it_is_that_of_the_kernel_matrix(num_rows, num_dimensions):
    rows = torch.randn(num_rows, num_dimensions).double()
    unit = rows.numpy() / np.linalg.norm(rows.numpy(), axis=1, keepdims=True)
    eigenvalues = np.linalg.eigvalsh(unit @ unit.T / num_rows)
    eigenvalues = eigenvalues[eigenvalues > 1e-12]
    expected = np.exp(-(eigenvalues * np.log(eigenvalues)).sum())
    assert vendi_score(rows).item() == pytest.approx(expected)


def test_order_length_and_copies_of_all_do_not_matter():
    rows = torch.randn(30, 6).double()
    expected = vendi_score(rows)
    lengths = torch.linspace(0.1, 10, 30).double()[:, None]
    torch.testing.assert_close(vendi_score((lengths * rows).flip(0).repeat(3, 1)), expected)


def test_rows_of_zeros_are_one_more_kind():
    rows = torch.cat([torch.eye(3), torch.zeros(1, 3)])
    assert vendi_score(rows).item() == pytest.approx(4)
    assert vendi_score(torch.zeros(7, 3)).item() == pytest.approx(1)


def test_a_missing_kind_costs_its_share_of_the_diversity():
    real = torch.eye(10).repeat(20, 1)
    assert relative_diversity(real, real.flip(0)).item() == pytest.approx(1)
    assert relative_diversity(real, real[real[:, 9] == 0]).item() == pytest.approx(0.9)


def test_half_precision_is_scored_in_float64():
    rows = torch.randn(30, 6).half()
    assert torch.equal(vendi_score(rows), vendi_score(rows.double()))


def test_features_that_are_not_finite_have_no_score():
    rows = torch.randn(30, 6)
    rows[3, 3] = torch.nan
    assert vendi_score(rows).isnan()
    assert relative_diversity(torch.randn(30, 6), rows).isnan()


def test_no_rows_have_no_score():
    with pytest.raises(InputError, match="at least 1 row, not"):
        vendi_score(torch.zeros(0, 6))
