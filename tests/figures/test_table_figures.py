"""Pictures of rows, read back from their artists."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba

from gan_lightning.figures import feature_histograms, feature_pairs
from gan_lightning.figures.palette import GENERATED, REAL


def sets(num_columns):
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, num_columns)), 1 + rng.normal(size=(25, num_columns))


def names(num_columns):
    return [f"column {i} (cm)" for i in range(num_columns)]


def drawn(figure):
    """The figure, once a canvas has rendered it."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert (np.asarray(canvas.buffer_rgba())[..., :3] != 255).mean() > 0.01
    return figure


def legend_texts(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def bars(axis, colour):
    return [p for p in axis.patches if p.get_facecolor()[:3] == to_rgba(colour)[:3]]


def visible(figure):
    return [axis for axis in figure.axes if axis.axison]


def offsets(axis, colour):
    """The points of one colour."""
    found = [c for c in axis.collections if tuple(c.get_facecolor()[0][:3]) == to_rgba(colour)[:3]]
    return np.concatenate([np.asarray(c.get_offsets()) for c in found])


every_width = pytest.mark.parametrize("num_columns", [1, 2, 3, 4, 6])
every_figure = pytest.mark.parametrize("draw", [feature_histograms, feature_pairs])


@every_figure
@every_width
def test_any_number_of_columns_can_be_drawn(draw, num_columns):
    drawn(draw(*sets(num_columns), names(num_columns)))


@every_figure
def test_the_legend_counts_both_sets(draw):
    assert legend_texts(draw(*sets(3), names(3))) == ["40 real", "25 generated"]


@every_figure
def test_rows_are_left_as_they_were(draw):
    real, generated = sets(3)
    copies = real.copy(), generated.copy()
    draw(real, generated, names(3))
    np.testing.assert_array_equal(real, copies[0])
    np.testing.assert_array_equal(generated, copies[1])


@every_figure
def test_a_single_value_and_constant_columns_can_be_drawn(draw):
    drawn(draw(np.full((5, 2), 3.0), np.full((1, 2), 3.0), names(2)))


@every_width
def test_each_column_has_a_histogram_with_its_name(num_columns):
    figure = feature_histograms(*sets(num_columns), names(num_columns))
    assert [axis.get_xlabel() for axis in visible(figure)] == names(num_columns)


def test_a_histogram_is_the_density_on_common_bins():
    real, generated = sets(2)
    axes = visible(feature_histograms(real, generated, names(2), bins=10))
    for i, axis in enumerate(axes):
        together = np.concatenate([real[:, i], generated[:, i]])
        edges = np.linspace(together.min(), together.max(), 11)
        for rows, colour in [(real, REAL), (generated, GENERATED)]:
            expected, _ = np.histogram(rows[:, i], edges, density=True)
            found = bars(axis, colour)
            np.testing.assert_allclose([bar.get_height() for bar in found], expected)
            np.testing.assert_allclose([bar.get_x() for bar in found], edges[:-1])


def test_each_pair_of_columns_is_drawn_once():
    real, generated = sets(4)
    axes = visible(feature_pairs(real, generated, names(4)))
    assert len(axes) == 6  # 4 choose 2
    pairs = [(x, y) for y in range(1, 4) for x in range(y)]
    for axis, (x, y) in zip(axes, pairs, strict=True):
        np.testing.assert_array_equal(offsets(axis, REAL), real[:, [x, y]])
        np.testing.assert_array_equal(offsets(axis, GENERATED), generated[:, [x, y]])


def test_pairs_are_named_at_the_left_and_below():
    figure = feature_pairs(*sets(4), names(4))
    assert [a.get_xlabel() for a in figure.axes if a.get_xlabel()] == names(4)[:3]
    assert [a.get_ylabel() for a in figure.axes if a.get_ylabel()] == names(4)[1:]


def test_real_points_are_drawn_over_generated_ones():
    axis = visible(feature_pairs(*sets(2), names(2)))[0]
    colours = [tuple(c.get_facecolor()[0][:3]) for c in axis.collections if len(c.get_offsets())]
    assert colours == [to_rgba(GENERATED)[:3], to_rgba(REAL)[:3]]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_sampler_can_still_be_drawn(value):
    rows = np.random.default_rng(0).normal(size=(20, 2))
    broken = rows.copy()
    broken[0, 0] = value
    feature_histograms(rows, broken, ["a", "b"])


def test_bins_hold_equally_many_steps_of_rounded_values():
    every_tenth = np.arange(100.0)[:, None] / 10
    figure = feature_histograms(every_tenth, every_tenth, ["a"], steps=[0.1])
    heights = {round(bar.get_height(), 6) for bar in figure.axes[0].patches}
    assert len(heights) == 1  # aliasing would make some bins twice as high
