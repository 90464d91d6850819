"""Text around grids of images."""

import numpy as np
import pytest

from gan_lightning.figures import captioned, magnification


def grid(height=40, width=200):
    return np.random.default_rng(0).integers(0, 200, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize(("size", "times"), [(8, 7), (28, 2), (32, 2), (64, 1), (256, 1), (0, 1)])
def test_small_images_are_magnified_digits_to_twice_their_size(size, times):
    assert magnification(size) == times


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("rows", [[], ["0", "1"], ["input", "output"]])
@pytest.mark.parametrize("columns", [[], ["-2.5", "+2.5"]])
@pytest.mark.parametrize("title", ["", "one line", "two\nlines"])
def test_the_grid_stands_below_its_title_and_behind_its_names(title, rows, columns, times):
    pixels = grid()
    page = captioned(pixels, title, rows, columns, times)
    shown = pixels.repeat(times, 0).repeat(times, 1)
    height, width, _ = shown.shape
    left = captioned(grid(width=2000), rows=rows).shape[1] - 2000
    np.testing.assert_array_equal(page[-height:, left : left + width], shown)
    around = page.astype(int).min(2)
    top, beside = around[:-height], around[-height:, :left]
    assert (top < 128).any() == bool(title or columns)
    assert (beside < 128).any() == bool(rows)
    assert (beside[:, :4] == 255).all()  # nothing touches the border


def test_each_row_has_its_name_beside_it():
    page = captioned(grid(height=120), rows=["first", "", "third"]).astype(int).min(2)
    left = captioned(grid(width=2000), rows=["first", "", "third"]).shape[1] - 2000
    named = [(page[40 * i : 40 * i + 40, :left] < 128).any() for i in range(3)]
    assert named == [True, False, True]


def test_names_of_narrow_columns_do_not_run_into_each_other():
    names = [f"{i:+.1f}" for i in range(11)]
    page = captioned(grid(width=11 * 20), columns=names)
    alone = captioned(grid(width=11 * 200), columns=names)
    dark = [(picture[:20].min(2) < 128).any(0).sum() for picture in (page, alone)]
    assert 0 < dark[0] < dark[1]  # some are left out


def test_a_title_wider_than_the_grid_is_not_cut():
    page = captioned(grid(width=20), "a title that is longer than the grid is wide")
    assert page.shape[1] > 200
    assert (page[:, -4:].min(2)[:20] == 255).all()
