"""Rows as pictures: distributions of columns and of pairs of columns."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from gan_lightning.figures.palette import GENERATED, REAL

Rows = NDArray[np.float64]

MOST_BARS = 12
"""Levels of a column that have a bar of their own."""

MOST_LETTERS = 14
"""Letters of a level's name below its bar."""


def feature_histograms(
    real: Rows,
    generated: Rows,
    names: Sequence[str],
    steps: Sequence[float | None] | None = None,
    bins: int = 20,
) -> Figure:
    """Draw each column's distribution in both sets on common bins; what is not finite is left out.

    Args:
        real: Shape ``(num_real, num_columns)``, in the columns' units.
        generated: Shape ``(num_generated, num_columns)``, in the same units.
        names: The columns' names, with units.
        steps: The step of each column's values, where they are rounded to one.
        bins: Number of bins over the range of both sets; about so many where there are steps.
    """
    per_row = min(len(names), 4)
    num_rows = -(-len(names) // per_row)
    figure = Figure(figsize=(3.2 * per_row, 2.8 * num_rows + 0.6), layout="constrained")
    axes = figure.subplots(num_rows, per_row, squeeze=False)
    for axis, i in zip(axes.flat, range(len(names)), strict=False):
        both = np.concatenate([real[:, i], generated[:, i]])
        edges = _bin_edges(both[np.isfinite(both)], steps[i] if steps else None, bins)
        axis.hist(real[:, i], edges, density=True, alpha=0.6, color=REAL)
        axis.hist(generated[:, i], edges, density=True, alpha=0.6, color=GENERATED)
        axis.set_xlabel(_plain(names[i]))
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    axes[0, 0].set_ylabel("density")
    figure.suptitle("Distribution of each feature")
    _legend(figure, real, generated)
    return figure


def feature_pairs(real: Rows, generated: Rows, names: Sequence[str]) -> Figure:
    """Scatter each pair of columns, the generated points behind the real ones.

    Args:
        real: Shape ``(num_real, num_columns)``, in the columns' units.
        generated: Shape ``(num_generated, num_columns)``, in the same units.
        names: The columns' names, with units.
    """
    count = max(len(names) - 1, 1)
    figure = Figure(figsize=(2.4 * count + 1, 2.4 * count + 0.6), layout="constrained")
    axes = figure.subplots(count, count, sharex="col", sharey="row", squeeze=False)
    for row in range(count):
        for column in range(count):
            axis = axes[row, column]
            if column > row:
                axis.set_axis_off()
                continue
            x, y = column, min(row + 1, len(names) - 1)
            axis.scatter(generated[:, x], generated[:, y], s=6, alpha=0.4, color=GENERATED)
            axis.scatter(real[:, x], real[:, y], s=10, alpha=0.8, color=REAL)
            if row == count - 1:
                axis.set_xlabel(_plain(names[x]))
            if column == 0:
                axis.set_ylabel(_plain(names[y]))
    figure.suptitle("Pairs of features")
    _legend(figure, real, generated)
    return figure


class Panel(NamedTuple):
    """One column of both sets, in which NaN is missing.

    Args:
        name: The column's name.
        real: Values in the column's units, or indices of levels, shape ``(num_real,)``.
        generated: Likewise, shape ``(num_generated,)``.
        step: The step of values that are rounded.
        levels: Names of levels; None for numbers.
    """

    name: str
    real: Rows
    generated: Rows
    step: float | None = None
    levels: Sequence[str] | None = None


def column_panels(panels: Sequence[Panel], num_real: int, num_generated: int) -> Figure:
    """Draw columns of any kind: numbers as histograms, levels as bars, and what is missing.

    Args:
        panels: The columns in the order in which they are drawn.
        num_real: Number of real rows.
        num_generated: Number of generated rows.
    """
    per_row = min(len(panels), 4)
    num_rows = -(-len(panels) // per_row)
    figure = Figure(figsize=(3.4 * per_row, 2.8 * num_rows + 0.6), layout="constrained")
    axes = figure.subplots(num_rows, per_row, squeeze=False)
    for axis, panel in zip(axes.flat, panels, strict=False):
        (_draw_numbers if panel.levels is None else _draw_levels)(axis, panel)
        missing = [float(np.isnan(values).mean()) for values in (panel.real, panel.generated)]
        if any(missing) and panel.levels is None:
            axis.set_title("missing: {:.1%} real, {:.1%} generated".format(*missing), fontsize=8)
        axis.set_xlabel(_plain(panel.name))
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    figure.suptitle("Columns, those that differ most first")
    handles = [
        Patch(color=REAL, alpha=0.6, label=f"{num_real} real"),
        Patch(color=GENERATED, alpha=0.6, label=f"{num_generated} generated"),
    ]
    figure.legend(handles=handles, loc="upper right", ncols=2, frameon=False)
    return figure


def correlation_pair(real: Rows, generated: Rows, names: Sequence[str]) -> Figure:
    """Draw the correlations of columns in both sets, and their difference.

    Args:
        real: Shape ``(num_columns, num_columns)``, in [-1, 1].
        generated: Likewise.
        names: The columns' names.
    """
    figure = Figure(figsize=(13, 4.8), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    titles = ("real", "generated", "difference")
    for axis, matrix, title in zip(axes, (real, generated, generated - real), titles, strict=True):
        image = axis.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu")
        axis.set_title(title)
        shown = [_plain(name[:MOST_LETTERS]) for name in names]
        axis.set_xticks(range(len(names)), shown, rotation=90, fontsize=6)
    axes[0].set_yticks(range(len(names)), shown, fontsize=6)
    figure.colorbar(image, ax=axes)
    return figure


def _draw_numbers(axis: Axes, panel: Panel, bins: int = 30) -> None:
    sets = [values[np.isfinite(values)] for values in (panel.real, panel.generated)]
    both = np.concatenate(sets)
    if not len(both):
        return
    edges = _bin_edges(both, panel.step, bins)
    for values, color in zip(sets, (REAL, GENERATED), strict=True):
        shares = np.full(len(values), 1 / max(len(values), 1))
        axis.hist(values, edges.tolist(), weights=shares, alpha=0.6, color=color)


def _draw_levels(axis: Axes, panel: Panel) -> None:
    """Draw the most frequent levels, the others together and the missing ones as bars."""
    assert panel.levels is not None
    count = len(panel.levels)
    sets = [np.where(np.isnan(v), count, v).astype(int) for v in (panel.real, panel.generated)]
    shares = [np.bincount(v, minlength=count + 1) / max(len(v), 1) for v in sets]
    frequent = np.argsort(-shares[0][:count], kind="stable")
    drawn, others = sorted(frequent[:MOST_BARS].tolist()), frequent[MOST_BARS:].tolist()
    names = [_plain(str(panel.levels[i])[:MOST_LETTERS]) for i in drawn]
    heights = [[share[i] for i in drawn] for share in shares]
    for name, indices in [("(other)", others), ("(missing)", [count])]:
        parts = [float(share[indices].sum()) for share in shares]
        if any(parts):
            names.append(name)
            heights = [[*height, part] for height, part in zip(heights, parts, strict=True)]
    places = np.arange(len(names))
    axis.bar(places - 0.2, heights[0], 0.4, alpha=0.6, color=REAL)
    axis.bar(places + 0.2, heights[1], 0.4, alpha=0.6, color=GENERATED)
    axis.set_xticks(places, names, rotation=45 if len(names) > 3 else 0, fontsize=7)


def _bin_edges(values: NDArray[np.float64], step: float | None, bins: int) -> NDArray[np.float64]:
    """Divide the range into bins, each over equally many steps of rounded values."""
    if step is None:
        return np.histogram_bin_edges(values, bins)
    width = step * max(round(np.ptp(values) / bins / step), 1)
    return np.arange(values.min() - step / 2, values.max() + width, width)


def _legend(figure: Figure, real: Rows, generated: Rows) -> None:
    figure.legend(
        handles=[
            figure.axes[0].scatter([], [], color=REAL, label=f"{len(real)} real"),
            figure.axes[0].scatter([], [], color=GENERATED, label=f"{len(generated)} generated"),
        ],
        loc="upper right",
        ncols=2,
        frameon=False,
    )


def _plain(text: str) -> str:
    """Return a text in which a dollar is a dollar, and begins no formula."""
    return text.replace("$", r"\$")
