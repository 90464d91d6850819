"""Rows as vectors."""

import pytest
import torch

from gan_lightning.metrics.rows import few_categories, row_vectors


def test_measured_columns_are_in_standard_deviations_of_the_first_set():
    first = torch.tensor([[0.0], [4.0]])  # standard deviation 2
    vectors = row_vectors([first, torch.tensor([[1.0], [7.0], [9.0]])], [])
    assert [part.tolist() for part in vectors] == [[[0], [2]], [[0.5], [3.5], [4.5]]]


def test_different_categories_have_the_distance_one_whatever_their_index():
    (vectors,) = row_vectors([torch.tensor([[0.0], [7.0], [2.0], [7.0]])], [0])
    distances = (vectors[:, None] - vectors).norm(dim=2)
    different = [[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 1], [1, 0, 1, 0]]
    torch.testing.assert_close(distances, torch.tensor(different).double())


def test_sets_share_their_categories():
    first, second = row_vectors([torch.tensor([[1.0]]), torch.tensor([[3.0], [1.0]])], [0])
    assert first.shape[1] == second.shape[1] == 2
    assert torch.equal(first[0], second[1])


def test_a_constant_column_keeps_its_unit_and_columns_stand_in_their_order():
    rows = torch.tensor([[5.1, 0.0, 3.0], [5.1, 1.0, 5.0]])
    (vectors,) = row_vectors([rows], [1])
    half = 0.5**0.5
    assert vectors.flatten().tolist() == pytest.approx([5.1, half, 0, 3, 5.1, 0, half, 5])


def test_of_many_categories_the_rare_ones_become_one_and_missing_ones_stay_missing():
    codes = torch.tensor([0.0, 0, 0, 1, 1, 2, 3, torch.nan, 4])
    rows = torch.stack([codes, codes], 1)
    first, second = few_categories([rows[:5], rows[5:]], [0], most=3)
    kept = torch.cat([first, second])
    assert kept[:5, 0].tolist() == [0, 0, 0, 1, 1]
    assert kept[7, 0].isnan()
    rest = kept[[5, 6, 8], 0]
    assert len(rest.unique()) == 1
    assert rest[0] not in (0, 1)
    assert torch.equal(kept[:, 1].nan_to_num(9), codes.nan_to_num(9))
    (same,) = few_categories([rows], [0], most=5)
    assert torch.equal(same.nan_to_num(9), rows.nan_to_num(9))
