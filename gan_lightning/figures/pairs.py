"""Pairs of columns, with the distribution of each on the diagonal."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import NDArray

from gan_lightning.figures.columns import FILLED, Rows, around, bin_edges, density
from gan_lightning.figures.palette import (
    CATEGORIES,
    DOTS,
    GENERATED,
    REAL,
    plain,
    shortened,
    styled,
)
from gan_lightning.figures.scene import Scene

Labels = NDArray[np.int64]

MARGIN_BINS = 16

SMALL = 8
"""Font size of tick labels that are words, such as dates."""


class Groups(NamedTuple):
    """The labels that colour points.

    Args:
        real: A label for each real point, shape ``(num_real,)``.
        names: Names of the labels; at most as many as there are colours of categories.
    """

    real: Labels
    names: Sequence[str]


class PairScene(Scene):
    """Each pair of columns: real points large and pale, generated ones small and on top.

    Args:
        real: Shape ``(num_real, num_columns)``, in the columns' units.
        names: The columns' names, with units.
        groups: What the points are coloured by; by default whether they are real.
        words: How each column's values are written, such as dates; None for numbers.
    """

    @styled()
    def __init__(
        self,
        real: Rows,
        names: Sequence[str],
        groups: Groups | None = None,
        words: Sequence[Callable[[float], str] | None] | None = None,
    ) -> None:
        count = len(names)
        self._words = words or [None] * count
        super().__init__(max(1.65 * count + 0.6, 4.6), max(1.55 * count + 0.9, 3.4))
        self.names = list(names)
        self._coloured = groups is not None
        groups = groups or Groups(np.zeros(len(real), np.int64), ["real"])
        self._colors = CATEGORIES[: len(groups.names)] if self._coloured else (GENERATED,)
        self._pale = self._colors if self._coloured else (REAL,)
        self._limits = [around(_finite(column)) for column in real.T]
        self._points: list[tuple[int, int, list[Line2D]]] = []
        self._margins: list[tuple[int, NDArray[np.float64], list[Any]]] = []
        places = self.add_gridspec(count, count)
        for row, column in ((i, j) for i in range(count) for j in range(i + 1)):
            axis = self.add_subplot(places[row, column])
            if column == row:
                self._add_margin(axis, column, real[:, column], groups.real)
            else:
                self._add_pair(axis, column, row, real, groups.real)
            self._name(axis, row, column)
        self._counts = self._legend(len(real), groups.names)

    def showing(self, generated: Rows, labels: Labels | None, headline: str) -> "PairScene":
        """Show other generated points.

        Args:
            generated: Shape ``(num_generated, num_columns)``, in the columns' units.
            labels: A label for each, where labels colour the points.
            headline: The title.
        """
        if labels is None or not self._coloured:
            labels = np.zeros(len(generated), np.int64)
        parts = [generated[labels == k] for k in range(len(self._colors))]
        for x, y, lines in self._points:
            for line, part in zip(lines, parts, strict=True):
                line.set_data(part[:, x], part[:, y])
        for column, edges, outlines in self._margins:
            for outline, part in zip(outlines, parts, strict=True):
                share = len(part) / max(len(generated), 1)
                outline.set_data(share * density(_finite(part[:, column]), edges))
        self.rename(self._counts, f"{len(generated)} generated")
        self.say(headline)
        return self

    def _add_pair(self, axis: Axes, x: int, y: int, real: Rows, labels: Labels) -> None:
        for k, color in enumerate(self._pale):
            part = real[labels == k]
            axis.plot(part[:, x], part[:, y], color=color, markersize=6, alpha=0.3, **DOTS)
        lines = [
            self.moving(axis.plot([], [], color=color, markersize=2.8, alpha=0.75, **DOTS)[0])
            for color in self._colors
        ]
        axis.set(xlim=self._limits[x], ylim=self._limits[y])
        self._points.append((x, y, lines))

    def _add_margin(self, axis: Axes, column: int, real: Rows, labels: Labels) -> None:
        edges = bin_edges(self._limits[column], None, MARGIN_BINS)
        top = 0.0
        for k, color in enumerate(self._pale):
            part = _finite(real[labels == k])
            heights = len(part) / max(len(real), 1) * density(part, edges)
            axis.stairs(heights, edges, color=color, **FILLED)
            top = max(top, float(heights.max()))
        outlines = [
            self.moving(axis.stairs(np.zeros(len(edges) - 1), edges, color=color, linewidth=1.5))
            for color in self._colors
        ]
        axis.set(xlim=self._limits[column], ylim=(0, 1.5 * top or 1))
        axis.spines["left"].set_visible(False)
        self._margins.append((column, edges, outlines))

    def _name(self, axis: Axes, row: int, column: int) -> None:
        """Name the columns on the left and below, and keep ticks few."""
        axis.locator_params(nbins=3)
        if (word := self._words[row]) is not None and row != column:
            low, high = axis.get_ylim()
            axis.set_yticks([low, high], [word(low), word(high)], fontsize=SMALL)
        if (word := self._words[column]) is not None:
            low, high = axis.get_xlim()
            axis.set_xticks([low, high], [word(low), word(high)], fontsize=SMALL)
            for label, side in zip(axis.get_xticklabels(), ("left", "right"), strict=True):
                label.set(horizontalalignment=side)
        if row == len(self.names) - 1:
            axis.set_xlabel(_two_lines(self.names[column]))
        else:
            axis.tick_params(labelbottom=False)
        if row == column:
            axis.set_yticks([])
        elif column == 0:
            axis.set_ylabel(_two_lines(self.names[row]))
        else:
            axis.tick_params(labelleft=False)

    def _legend(self, num_real: int, names: Sequence[str]) -> Text:
        """Put the legend in the empty corner, and return its text that counts generated points.

        Where no corner is large enough, it is below the panels.
        """
        real, generated = ("0.35", "0.35") if self._coloured else (REAL, GENERATED)
        handles = [
            Line2D([], [], color=real, alpha=0.3, ms=9, label=f"{num_real} real", **DOTS),
            Line2D([], [], color=generated, ms=4, label="0 generated", **DOTS),
        ]
        if self._coloured:
            handles += [
                Line2D([], [], color=color, markersize=7, label=plain(str(name)), **DOTS)
                for color, name in zip(self._colors, names, strict=True)
            ]
        if len(self.names) > 2:
            legend = self.legend(handles=handles, loc="upper right")
            legend.set_in_layout(False)
        else:
            legend = self.legend(handles=handles, loc="outside lower center", ncols=2)
        return legend.get_texts()[1]


def _finite(values: Rows) -> Rows:
    return values[np.isfinite(values)]


def _two_lines(name: str) -> str:
    """Return a name of at most two lines: a small panel has no room for a long one."""
    words = plain(name).split(" ")
    if len(name) <= 12 or len(words) == 1:
        return plain(shortened(name, 20))
    cut = (len(words) + 1) // 2
    return "\n".join(" ".join(part)[:20] for part in (words[:cut], words[cut:]))
