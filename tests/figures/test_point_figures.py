"""Pictures of points over a density, read back from their artists."""

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from gan_lightning.figures import PointScene


def log_density(points):
    """A narrow Gaussian at (1, 0), so that the axes of the picture cannot be swapped unseen."""
    centre = torch.tensor([1.0, 0.0])
    return -(points - centre).square().sum(1) / (2 * 0.1**2)


CENTRES = torch.tensor([[1.0, 0.0]])


def picture(samples, density=log_density, centres=CENTRES, std=0.1):
    return PointScene(density, centres, std).showing(samples, "title")


def axis_of(figure):
    return figure.axes[0]


def samples(num_samples=30):
    return torch.randn(num_samples, 2, generator=torch.Generator().manual_seed(0)).double() / 5


@pytest.mark.parametrize("num_samples", [0, 1, 30])
def test_any_number_of_samples_can_be_drawn(num_samples):
    canvas = FigureCanvasAgg(picture(samples(num_samples)))
    canvas.draw()
    assert (np.asarray(canvas.buffer_rgba())[..., :3] != 255).mean() > 0.01


@pytest.mark.parametrize("std", [1e-4, 0.01, 1.0])
def test_modes_of_any_width_can_be_drawn(std):
    def density(points):
        return -points.square().sum(1) / (2 * std**2)

    FigureCanvasAgg(picture(samples(), density, torch.zeros(1, 2), std)).draw()


def dots(axis):
    """The points that are drawn as samples."""
    (line,) = [line for line in axis.lines if line.get_label() == "generated"]
    return np.asarray(line.get_xydata())


def test_the_scattered_points_are_the_samples():
    points = samples()
    np.testing.assert_array_equal(dots(axis_of(picture(points))), points.numpy())


def test_a_second_panel_lays_narrow_modes_over_each_other_in_standard_deviations():
    centres = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    points = torch.tensor([[1.01, 0.0], [-1.0, 0.03], [-0.98, 0.0]])
    _, near = picture(points, centres=centres, std=0.01).axes
    np.testing.assert_allclose(dots(near), [[1, 0], [0, 3], [2, 0]], atol=1e-4)
    assert near.get_xlim() == (-5, 5)
    assert len(picture(points, centres=centres, std=0.5).axes) == 1  # seen well enough


def test_the_title_counts_the_samples_and_those_outside_the_frame():
    points = torch.tensor([[0.0, 0.0], [100.0, 0.0], [0.0, -100.0]])
    assert "3 samples" in picture(points).get_suptitle()
    assert "2 outside the frame" in picture(points).get_suptitle()
    assert "0 outside the frame" in picture(points[:1]).get_suptitle()


def test_the_frame_holds_three_standard_deviations_of_every_mode():
    for std in (0.01, 0.1, 1.0):
        low, high = axis_of(picture(samples(), std=std)).get_xlim()
        assert high > 1 + 3 * std
        assert low == -high


def test_each_mode_is_ringed_at_three_standard_deviations():
    centres = torch.tensor([[1.0, 0.0], [0.0, -1.0], [0.3, 0.3]])
    lines = axis_of(picture(samples(), centres=centres)).lines[:-1]  # the last are the samples
    assert len(lines) == 3
    for line, centre in zip(lines, centres.numpy(), strict=True):
        radii = np.linalg.norm(np.asarray(line.get_xydata()) - centre, axis=1)
        np.testing.assert_allclose(radii, 0.3, rtol=1e-5)


def test_the_rings_have_one_entry_in_the_legend():
    centres = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    (legend,) = picture(samples(), centres=centres).legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["3 standard deviations", "generated"]


def test_the_density_is_dark_where_the_mode_is():
    figure = picture(torch.full((1, 2), 1e9))  # no sample in sight
    axis = axis_of(figure)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)

    def brightness(x, y):
        column, row = axis.transData.transform((x, y))
        return pixels[len(pixels) - 1 - round(row), round(column)].sum()

    at_mode = brightness(1.0, 0.0)
    mirrored = [brightness(0.0, 1.0), brightness(-1.0, 0.0), brightness(0.0, -1.0)]
    assert at_mode < min(mirrored) - 100
