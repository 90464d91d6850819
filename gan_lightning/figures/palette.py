"""The style of all pictures: colours, text sizes, and the frame of a panel."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context

REAL = "#1f4e79"
GENERATED = "#e07b39"

CATEGORIES = ("#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#a6761d", "#444444")
"""Colours of classes, none of which is that of real or generated points (ColorBrewer, Dark2)."""

INK = "#333333"
FAINT = "#9a9a9a"

DOTS: Any = {"linestyle": "none", "marker": "o", "markeredgewidth": 0}
"""How matplotlib draws points that no line connects."""

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.titlesize": 10.5,
    "axes.labelsize": 11,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.borderpad": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "text.color": INK,
}
"""Sizes in points for pictures about 640 pixels wide, which a dashboard shows at about 400."""


@contextmanager
def styled() -> Iterator[None]:
    """Let matplotlib draw in this style, as a context or as a decorator."""
    with rc_context(STYLE):
        yield


def plain(text: str) -> str:
    """Return a text in which a dollar sign does not start a formula."""
    return text.replace("$", r"\$")


def shortened(text: str, most: int) -> str:
    """Return a text of at most ``most`` letters, with an ellipsis if it was longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
