"""Pictures at the end of training: samples beside their nearest training points."""

import numpy as np
import pytest
import torch

from gan_lightning.callbacks.closing_pictures import nearest_images
from gan_lightning.data import Clustered, Digits, Iris
from gan_lightning.metrics import nearest_distances, nearest_rows


@pytest.fixture(scope="module")
def digits():
    data = Digits(8)
    data.setup("fit")
    return data


def test_the_nearest_rows_are_the_same_for_any_size_of_chunks():
    points, reference = torch.randn(7, 2, 3), torch.randn(50, 2, 3)
    expected = torch.cdist(points.flatten(1), reference.flatten(1)).min(1)
    for size in (1, 7, 50):
        nearest, distances = nearest_rows(points, reference.split(size))
        assert torch.equal(nearest, reference[expected.indices])
        torch.testing.assert_close(distances.float(), expected.values, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(distances, nearest_distances(points, reference))


def test_a_copy_is_at_distance_zero_and_an_altered_copy_as_far_as_it_was_altered(digits):
    copies = digits.train.x[[3, 50, 700]].clone()
    nearest, distances = nearest_images(digits, copies)
    assert torch.equal(nearest, copies)
    assert distances.tolist() == [0, 0, 0]
    copies[0, 0, 0, 0] ^= 8  # by eight grey levels in one of 64 pixels
    nearest, distances = nearest_images(digits, copies)
    assert torch.equal(nearest[0], digits.train.x[3])
    np.testing.assert_allclose(distances.numpy(), [1, 0, 0])


def test_rows_of_a_grid_are_named_after_their_classes(digits):
    assert digits.row_names() == [str(k) for k in range(10)]
    assert digits.row_names(torch.tensor([7, 7, 2])) == ["2", "7"]
    assert digits.row_names(torch.zeros(5, dtype=torch.int64)) == []  # one row needs no name
    assert Iris().row_names(torch.arange(3)) == []


def test_rows_of_clusters_have_no_names(digits):
    module = Clustered(Digits(8), num_clusters=3)
    module.setup("fit")
    assert module.row_names(torch.arange(3)) == []
    assert module.row_names() == [str(k) for k in range(10)]
