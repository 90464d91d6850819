"""Pictures of rows, read back from their artists."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba

from gan_lightning.figures import ColumnScene, Groups, PairScene, Panel
from gan_lightning.figures.palette import CATEGORIES, GENERATED, REAL


def sets(num_columns):
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, num_columns)), 1 + rng.normal(size=(25, num_columns))


def names(num_columns):
    return [f"column {i} (cm)" for i in range(num_columns)]


def histograms(real, generated, column_names, bins=20, **panel):
    panels = [Panel(name, real[:, i], **panel) for i, name in enumerate(column_names)]
    return ColumnScene(panels, len(real), bins).showing(list(generated.T), "title")


def pairs(real, generated, column_names, groups=None, labels=None):
    return PairScene(real, column_names, groups).showing(generated, labels, "title")


def drawn(figure):
    """The figure, once a canvas has rendered it."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert (np.asarray(canvas.buffer_rgba())[..., :3] != 255).mean() > 0.01
    return figure


def legend_texts(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def outline(axis, colour):
    """The outline of a histogram in one colour."""
    (found,) = [
        patch for patch in axis.patches
        if not patch.get_fill() and patch.get_edgecolor()[:3] == to_rgba(colour)[:3]
    ]  # fmt: skip
    return found.get_data()


def visible(figure):
    return [axis for axis in figure.axes if axis.axison]


def points(axis, colour):
    """The points of one colour."""
    found = [line for line in axis.lines if line.get_color() == colour]
    return np.concatenate([np.asarray(line.get_xydata()) for line in found])


every_width = pytest.mark.parametrize("num_columns", [1, 2, 3, 4, 6])
every_figure = pytest.mark.parametrize("draw", [histograms, pairs])


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
    figure = histograms(*sets(num_columns), names(num_columns))
    assert [axis.get_xlabel() for axis in visible(figure)] == names(num_columns)


def test_a_histogram_is_the_density_on_common_bins():
    real, generated = sets(2)
    edges = np.linspace(-4, 5, 11)
    figure = histograms(real, generated, names(2), bins=10, limits=(-4.0, 5.0))
    for i, axis in enumerate(visible(figure)):
        for rows, colour in [(real, REAL), (generated, GENERATED)]:
            expected, _ = np.histogram(rows[:, i], edges, density=True)
            found = outline(axis, colour)
            np.testing.assert_allclose(found.values, expected)
            np.testing.assert_allclose(found.edges, edges)


def test_each_pair_of_columns_is_drawn_once_below_its_margins():
    real, generated = sets(4)
    figure = pairs(real, generated, names(4))
    assert len(figure.axes) == 10
    for axis, row, column in zip(figure.axes, *np.tril_indices(4), strict=True):
        if column < row:
            for rows, colour in [(real, REAL), (generated, GENERATED)]:
                np.testing.assert_array_equal(points(axis, colour), rows[:, [column, row]])
        else:
            found = outline(axis, GENERATED)
            width = found.edges[1] - found.edges[0]
            assert found.values.sum() * width == pytest.approx(1)  # a density


def test_pairs_are_named_at_the_left_and_below():
    figure = pairs(*sets(4), names(4))
    below = [a.get_xlabel().replace("\n", " ") for a in figure.axes if a.get_xlabel()]
    left = [a.get_ylabel().replace("\n", " ") for a in figure.axes if a.get_ylabel()]
    assert below == names(4)
    assert left == names(4)[1:]


def test_pairs_are_coloured_by_category_real_ones_pale():
    real, generated = sets(3)
    groups = Groups(np.arange(40) % 2, ["a", "b"])
    figure = pairs(real, generated, names(3), groups, np.arange(25) % 2)
    axis = figure.axes[1]
    for k, colour in enumerate(CATEGORIES[:2]):
        pale, strong = [line for line in axis.lines if line.get_color() == colour]
        assert pale.get_alpha() < strong.get_alpha()
        np.testing.assert_array_equal(pale.get_xydata(), real[k::2][:, [0, 1]])
        np.testing.assert_array_equal(strong.get_xydata(), generated[k::2][:, [0, 1]])
    assert legend_texts(figure) == ["40 real", "25 generated", "a", "b"]


def test_the_margins_of_categories_are_shares_of_all_points():
    real, generated = sets(2)
    figure = pairs(real, generated, names(2), Groups(np.zeros(40, int), ["a", "b"]),
                           (np.arange(25) < 5).astype(int))  # fmt: skip
    found = [outline(figure.axes[0], colour) for colour in CATEGORIES[:2]]
    shares = [part.values.sum() * (part.edges[1] - part.edges[0]) for part in found]
    assert shares == pytest.approx([0.8, 0.2])


def test_bars_are_shares_of_categories_the_others_together():
    levels = [f"level {i}" for i in range(12)]
    real = np.repeat(np.arange(12.0), np.arange(1, 13))  # 78 rows, of level 11 most
    scene = ColumnScene([Panel("kind", real, levels=levels)], len(real))
    scene.showing([np.array([11.0, 11.0, 0.0, np.nan])], "title")
    axis = scene.axes[0]
    shown = [text.get_text() for text in axis.get_yticklabels()]
    assert shown == [*levels[2:], "2 others"]
    wide = [patch.get_width() for patch in axis.patches]
    shares = [*np.arange(3, 13) / 78, 3 / 78]
    np.testing.assert_allclose(wide[:11], shares)
    np.testing.assert_allclose(wide[-11:], [0] * 9 + [0.5, 0.25])


def test_missing_cells_are_counted_and_drawn():
    real = np.array([1.0, 2.0, np.nan, 3.0])
    scene = ColumnScene([Panel("n", real), Panel("c", real, levels=list("wxyz"))], 4)
    scene.showing([np.array([1.0, np.nan]), np.array([np.nan, np.nan])], "title")
    numbers, categories = scene.axes
    (note,) = numbers.texts
    assert note.get_text() == "missing: 25.0% real, 50.0% generated"
    scene.pixels()
    assert numbers.bbox.contains(*note.get_window_extent().max - 1)  # where it can be seen
    assert [text.get_text() for text in categories.get_yticklabels()] == [*"wxyz", "missing"]


def test_what_lies_outside_the_limits_is_counted_at_their_ends():
    real = np.linspace(0, 1, 50)
    scene = ColumnScene([Panel("n", real, limits=(0.0, 1.0))], 50, bins=4)
    scene.showing([np.array([-100.0, 0.3, 0.4, 100.0])], "title")
    found = outline(scene.axes[0], GENERATED)
    np.testing.assert_allclose(found.values, [1, 2, 0, 1])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_sampler_can_still_be_drawn(value):
    rows = np.random.default_rng(0).normal(size=(20, 2))
    broken = rows.copy()
    broken[0, 0] = value
    histograms(rows, broken, ["a", "b"])


def test_bins_hold_equally_many_steps_of_rounded_values():
    every_tenth = np.arange(100.0)[:, None] / 10
    figure = histograms(every_tenth, every_tenth, ["a"], step=0.1, limits=(0.0, 9.9))
    heights = set(outline(figure.axes[0], GENERATED).values.round(6))
    assert len(heights) == 1  # aliasing would make some bins twice as high
