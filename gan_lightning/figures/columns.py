"""Columns of rows as pictures: numbers as histograms, categories as bars."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, StepPatch
from matplotlib.text import Text
from numpy.typing import NDArray

from gan_lightning.figures.palette import GENERATED, REAL, plain, shortened, styled
from gan_lightning.figures.scene import Scene

Rows = NDArray[np.float64]

MOST_BARS = 10
"""The largest number of levels of a column that are drawn as separate bars."""

MOST_LETTERS = 14
"""Letters of a level's name that are shown beside its bar."""

FILLED: dict[str, Any] = {"fill": True, "alpha": 0.28, "linewidth": 0}
OUTLINED: dict[str, Any] = {"fill": False, "linewidth": 1.8}


class Panel(NamedTuple):
    """One column of real rows, in which NaN is missing.

    Args:
        name: The column's name, with its unit.
        real: Values in the column's units, or indices of levels, shape ``(num_real,)``.
        step: Step of rounded values.
        levels: Names of levels; None for numbers.
        limits: The lowest and highest value shown; by default slightly beyond the real values.
        word: Writes a value as text, such as a date; by default it is written as a number.
    """

    name: str
    real: Rows
    step: float | None = None
    levels: Sequence[str] | None = None
    limits: tuple[float, float] | None = None
    word: Callable[[float], str] | None = None


class ColumnScene(Scene):
    """Columns of real rows, filled, and of generated rows, outlined, within common limits.

    Values outside the limits are counted in the outermost bins. The height of a bar is a share of
    all rows, that of a histogram a density.

    Args:
        panels: The columns in the order in which they are drawn.
        num_real: Number of real rows.
        bins: Approximate number of bins over the range of real numbers.
    """

    @styled()
    def __init__(self, panels: Sequence[Panel], num_real: int, bins: int = 20) -> None:
        per_row = len(panels) if len(panels) < 4 else 2 if len(panels) == 4 else 3
        num_rows = -(-len(panels) // per_row)
        super().__init__(max(3.2 * per_row, 4.6), 2.5 * num_rows + 0.9)
        axes = self.subplots(num_rows, per_row, squeeze=False)
        makers = [_Numbers if panel.levels is None else _Levels for panel in panels]
        self._columns = [
            make(self, axis, panel, bins)
            for make, axis, panel in zip(makers, axes.flat, panels, strict=False)
        ]
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        self._legend = _legend(self, num_real)

    def showing(self, generated: Sequence[Rows], headline: str) -> "ColumnScene":
        """Show other generated columns, each of shape ``(num_generated,)``, under a title."""
        for column, values in zip(self._columns, generated, strict=True):
            column.show(values)
        self.rename(self._legend, f"{len(generated[0])} generated")
        self.say(headline)
        return self


class _Numbers:
    """A histogram of a column of numbers."""

    def __init__(self, scene: Scene, axis: Axes, panel: Panel, bins: int) -> None:
        self.missing = float(np.isnan(panel.real).mean())
        real = panel.real[np.isfinite(panel.real)]
        limits = panel.limits or around(real)
        self.edges = bin_edges(limits, panel.step, bins)
        heights = density(real, self.edges)
        axis.stairs(heights, self.edges, color=REAL, **FILLED)
        axis.stairs(heights, self.edges, color=REAL, linewidth=1)
        self.outline: StepPatch = scene.moving(
            axis.stairs(0 * heights, self.edges, color=GENERATED, **OUTLINED)
        )
        top = 1.3 * heights.max() if len(real) else 1.0
        axis.set(xlim=(self.edges[0], self.edges[-1]), ylim=(0, top or 1), xlabel=plain(panel.name))
        axis.locator_params(axis="x", nbins=5 if panel.word is None else 2)
        if (word := panel.word) is not None:
            axis.xaxis.set_major_formatter(lambda value, _: word(value))
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        self.note = scene.moving(
            axis.text(1, 1, "", transform=axis.transAxes, ha="right", va="top", fontsize=9)
        )

    def show(self, values: Rows) -> None:
        there = values[np.isfinite(values)]
        self.outline.set_data(density(there, self.edges))
        missing = float(np.isnan(values).mean()) if len(values) else 0.0
        self.note.set_visible(bool(self.missing or missing))
        self.note.set_text(f"missing: {self.missing:.1%} real, {missing:.1%} generated")


class _Levels:
    """Bars of a column of categories: the most frequent, the others together, the missing."""

    def __init__(self, scene: Scene, axis: Axes, panel: Panel, bins: int) -> None:
        assert panel.levels is not None
        self.count = len(panel.levels)
        shares = self._shares(panel.real)
        frequent = np.argsort(-shares[: self.count], kind="stable")
        self.groups = [[i] for i in sorted(frequent[:MOST_BARS].tolist())]
        names = [plain(shortened(str(panel.levels[i]), MOST_LETTERS)) for [i] in self.groups]
        if others := frequent[MOST_BARS:].tolist():
            self.groups.append(others)
            names.append(f"{len(others)} others")
        self.groups.append([self.count])
        names.append("missing")
        if not shares[self.count]:  # then it is not a level of this column
            del self.groups[-1], names[-1]
        places = np.arange(len(names))
        heights = self._grouped(shares)
        axis.barh(places, heights, 0.78, color=REAL, alpha=0.28)
        axis.barh(places, heights, 0.78, color="none", edgecolor=REAL, linewidth=1)
        bars = axis.barh(places, 0 * heights, 0.5, color="none", edgecolor=GENERATED, linewidth=1.8)
        self.bars = [scene.moving(bar) for bar in bars]
        size = 9.5 if len(names) < 7 else 7.5
        axis.set_yticks(places, names, fontsize=size)
        axis.set(ylim=(len(names) - 0.4, -0.6), xlim=(0, min(1.6 * float(heights.max()), 1) or 1))
        axis.xaxis.set_major_formatter(_percent)
        axis.locator_params(axis="x", nbins=4)
        axis.set_xlabel(plain(panel.name))
        axis.tick_params(axis="y", length=0)

    def show(self, values: Rows) -> None:
        for bar, share in zip(self.bars, self._grouped(self._shares(values)), strict=True):
            bar.set_width(share)

    def _shares(self, values: Rows) -> Rows:
        indices = np.where(np.isfinite(values), values, self.count).astype(int)
        return np.bincount(indices, minlength=self.count + 1) / max(len(values), 1)

    def _grouped(self, shares: Rows) -> Rows:
        return np.array([shares[group].sum() for group in self.groups])


def _legend(scene: Scene, num_real: int) -> Text:
    """Put the legend below the panels, and return the text that counts generated rows."""
    handles = [
        Patch(facecolor=(REAL, 0.28), edgecolor=REAL, label=f"{num_real} real"),
        Patch(fill=False, edgecolor=GENERATED, linewidth=1.8, label="0 generated"),
    ]
    legend = scene.legend(handles=handles, loc="outside lower center", ncols=2)
    return legend.get_texts()[1]


def _percent(share: float, _: float) -> str:
    return f"{share:.0%}"


def density(values: Rows, edges: Rows) -> Rows:
    """Return the density in each bin; values outside count in the outermost ones."""
    if not len(values):
        return np.zeros(len(edges) - 1)
    bins = np.searchsorted(edges, values, side="right") - 1
    counts = np.bincount(bins.clip(0, len(edges) - 2), minlength=len(edges) - 1)
    return counts / len(values) / np.diff(edges)


def around(values: Rows, share: float = 0.12) -> tuple[float, float]:
    """Return limits with some margin on both sides of values."""
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = share * (high - low) or max(abs(low) / 10, 0.5)  # of a single value
    return low - room, high + room


def bin_edges(limits: tuple[float, float], step: float | None, bins: int) -> Rows:
    """Divide a range into bins that each cover the same number of steps of rounded values."""
    low, high = limits
    if step is None:
        return np.histogram_bin_edges(np.array([low, high]), bins)
    width = step * max(round((high - low) / bins / step), 1)
    low = round(low / step) * step - step / 2  # values lie in the middle of their bins
    return np.arange(low, high + width, width)
