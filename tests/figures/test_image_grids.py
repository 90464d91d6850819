"""Grids of images, pixel by pixel."""

import math

import numpy as np
import pytest
import torch

from gan_lightning.figures import image_grid


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


def test_the_images_stay_as_they_were():
    shown = images(3)
    before = shown.clone()
    image_grid(shown)[:] = 0
    assert torch.equal(shown, before)
