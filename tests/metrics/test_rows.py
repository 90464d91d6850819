"""Rows as vectors."""

import numpy as np
import pytest
import torch

from gan_lightning.metrics.rows import row_vectors


def test_measured_columns_are_in_standard_deviations_of_the_first_set():
    first = torch.tensor([[0.0], [4.0]])  # standard deviation 2
    vectors = row_vectors([first, torch.tensor([[1.0], [7.0], [9.0]])], [])
    assert [part.tolist() for part in vectors] == [[[0], [2]], [[0.5], [3.5], [4.5]]]


def test_different_categories_have_the_distance_one_whatever_their_index():
    (vectors,) = row_vectors([torch.tensor([[0.0], [7.0], [2.0], [7.0]])], [0])
    distances = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    different = [[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 1], [1, 0, 1, 0]]
    assert distances.ravel() == pytest.approx(np.ravel(different))


def test_sets_share_their_categories():
    first, second = row_vectors([torch.tensor([[1.0]]), torch.tensor([[3.0], [1.0]])], [0])
    assert first.shape[1] == second.shape[1] == 2
    assert np.array_equal(first[0], second[1])


def test_a_constant_column_keeps_its_unit_and_columns_stand_in_their_order():
    rows = torch.tensor([[5.1, 0.0, 3.0], [5.1, 1.0, 5.0]])
    (vectors,) = row_vectors([rows], [1])
    half = 0.5**0.5
    assert vectors.ravel() == pytest.approx([5.1, half, 0, 3, 5.1, 0, half, 5])
