"""Grids of images, pixel by pixel."""

import math

import numpy as np
import pytest
import torch

from gan_lightning.figures import image_grid, labelled_grid


def images(count, channels=1, height=4, width=5):
    shape = (count, channels, height, width)
    return torch.randint(0, 255, shape, dtype=torch.uint8)  # never white


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("margin", [0, 2, 3])
@pytest.mark.parametrize(("count", "per_row"), [(1, 1), (6, 3), (7, 3), (2, 5)])
def test_every_image_stands_in_its_place_on_white(channels, margin, count, per_row):
    shown = images(count, channels)
    grid = image_grid(shown, per_row, margin)
    rows = math.ceil(count / per_row)
    assert grid.dtype == np.uint8
    assert grid.shape == (rows * (4 + margin) + margin, per_row * (5 + margin) + margin, 3)
    rest = grid.copy()
    for i, image in enumerate(shown):
        top, left = margin + i // per_row * (4 + margin), margin + i % per_row * (5 + margin)
        place = np.s_[top : top + 4, left : left + 5]
        for channel in range(3):
            expected = image[channel if channels == 3 else 0]
            np.testing.assert_array_equal(grid[place][..., channel], expected)
        rest[place] = 255
    assert (rest == 255).all()


@pytest.mark.parametrize(("count", "per_row"), [(1, 1), (4, 2), (5, 3), (100, 10)])
def test_rows_are_about_as_many_as_columns(count, per_row):
    grid = image_grid(images(count), margin=1)
    assert grid.shape[1] == per_row * 6 + 1


COUNTS = [[7] * 10, [10] * 10, [50] * 10, [47, 47], [1] * 10, [3, 12], [5, 1, 0, 8], [13], [1]]


@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_each_row_of_a_labelled_grid_is_of_one_label_and_none_is_lost(counts):
    """Images whose brightness is their label, and whose corner is their number among its images."""
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    numbers = torch.cat([torch.arange(count) for count in counts])
    shown = labels[:, None, None, None].expand(-1, 1, 4, 4).to(torch.uint8).clone()
    shown[:, 0, 0, 0] = numbers
    in_turn = numbers.argsort(stable=True)
    grid = labelled_grid(shown[in_turn], labels[in_turn])

    height, width, _ = grid.shape
    found = []
    for top in range(2, height, 6):
        row = [grid[top : top + 4, left : left + 4, 0] for left in range(2, width, 6)]
        images = [(int(i[1, 1]), int(i[0, 0])) for i in row if not (i == 255).all()]
        assert len({label for label, _ in images}) == 1  # and no row is empty
        found += images
    assert found == list(zip(labels.tolist(), numbers.tolist(), strict=True))


@pytest.mark.parametrize(
    ("num_labels", "of_each", "rows", "columns"),
    [
        *[(10, 10, 10, 10), (10, 7, 10, 7), (10, 50, 20, 25), (2, 50, 10, 10), (3, 3, 3, 3)],
        (1000, 1, 32, 32),  # without rows of their own
    ],
)
def test_a_labelled_grid_is_about_as_high_as_wide_in_whole_rows(num_labels, of_each, rows, columns):
    labels = torch.arange(num_labels).repeat(of_each)
    grid = labelled_grid(images(len(labels), height=4, width=4), labels)
    assert grid.shape == (6 * rows + 2, 6 * columns + 2, 3)


def test_the_images_stay_as_they_were():
    shown = images(3)
    before = shown.clone()
    image_grid(shown)[:] = 0
    assert torch.equal(shown, before)
