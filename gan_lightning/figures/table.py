"""Rows as pictures: distributions of columns and of pairs of columns."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gan_lightning.figures.palette import GENERATED, REAL

Rows = NDArray[np.float64]


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
        axis.set_xlabel(names[i])
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
                axis.set_xlabel(names[x])
            if column == 0:
                axis.set_ylabel(names[y])
    figure.suptitle("Pairs of features")
    _legend(figure, real, generated)
    return figure


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
