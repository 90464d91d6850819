"""Curves as small drawings in a page."""

import math
from collections.abc import Sequence

from gan_lightning.comparison.curves import Curve
from gan_lightning.comparison.families import number

COLOURS = ("#1f77b4", "#e07b39", "#2ca02c", "#b8336a", "#7b5ea7", "#8c6d31", "#17a2a2", "#777777")
"""Colours of the families."""

WIDTH, HEIGHT, LEFT, BOTTOM, EDGE = 320, 180, 52, 20, 8


def plot_of(lines: Sequence[tuple[Curve, str]]) -> str:
    """Return an SVG of curves, each with its colour, over one pair of axes.

    Args:
        lines: Curves and colours; values that are not finite are left out.
    """
    curves = [([(x, y) for x, y in curve if math.isfinite(y)], colour) for curve, colour in lines]
    points = [point for curve, _ in curves for point in curve]
    if not points:
        return "<p>no finite value</p>"
    x_range, y_range = (_range([point[axis] for point in points]) for axis in (0, 1))
    drawn = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="'
        + " ".join(f"{_x(x, x_range):.1f},{_y(y, y_range):.1f}" for x, y in curve)
        + '"/>'
        + _dot(curve, colour, x_range, y_range)
        for curve, colour in curves
    )
    top, bottom = EDGE + 8, HEIGHT - BOTTOM
    labels = (
        f'<text x="{LEFT - 4}" y="{top}" text-anchor="end">{number(y_range[1])}</text>'
        f'<text x="{LEFT - 4}" y="{bottom}" text-anchor="end">{number(y_range[0])}</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 5}">{number(x_range[0])}</text>'
        f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 5}" text-anchor="end">{number(x_range[1])}</text>'
    )
    frame = f'<path fill="none" stroke="#888" d="M{LEFT} {EDGE}V{bottom}H{WIDTH - EDGE}"/>'
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="11" fill="currentColor">'
        f"{frame}{labels}{drawn}</svg>"
    )


def _dot(
    curve: Curve, colour: str, x_range: tuple[float, float], y_range: tuple[float, float]
) -> str:
    """Return a dot for a curve of one point, which has no line."""
    if len(curve) != 1:
        return ""
    x, y = curve[0]
    return f'<circle fill="{colour}" r="3" cx="{_x(x, x_range):.1f}" cy="{_y(y, y_range):.1f}"/>'


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _x(x: float, limits: tuple[float, float]) -> float:
    share = (x - limits[0]) / (limits[1] - limits[0])
    return LEFT + share * (WIDTH - EDGE - LEFT)


def _y(y: float, limits: tuple[float, float]) -> float:
    share = (y - limits[0]) / (limits[1] - limits[0])
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - EDGE)
