"""Points in the plane over a known density."""

import math
from collections.abc import Callable
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from torch import Tensor

from gan_lightning.figures.palette import DOTS, FAINT, GENERATED, INK, styled
from gan_lightning.figures.scene import Scene

ZOOM = 5
"""Standard deviations from the centre to the border of the panel that overlays all modes."""

GRID = 161
"""Points along each axis at which the density is evaluated."""


class PointScene(Scene):
    """Samples over the true density and, where modes are narrow, around their nearest modes.

    The second panel overlays all modes, in standard deviations.

    Args:
        log_density: The true log-density of points, shape ``(num_points, 2)``.
        centres: Means of the true modes, shape ``(num_modes, 2)``; a ring marks three standard
            deviations around each. None for a density without countable modes.
        std: Their standard deviation.
        reach: Half the side of the square shown; by default it contains all modes.
    """

    @styled()
    def __init__(
        self,
        log_density: Callable[[Tensor], Tensor],
        centres: Tensor | None = None,
        std: float = math.inf,
        reach: float | None = None,
    ) -> None:
        self.centres = torch.empty(0, 2) if centres is None else centres
        self.std = std
        if reach is None:
            reach = float(self.centres.abs().max()) + max(0.4, 3.5 * std)
        self.reach = reach
        narrow = reach > 2 * ZOOM * std
        super().__init__(9.0 if narrow else 5.4, 5.6)
        axes = self.subplots(1, 2 if narrow else 1, squeeze=False)[0]
        self._add_density(axes[0], log_density)
        self._near: Line2D | None = None
        if narrow:
            self._add_zoom(axes[1])

    def _add_density(self, axis: Axes, log_density: Callable[[Tensor], Tensor]) -> None:
        line = torch.linspace(-self.reach, self.reach, GRID)
        density = log_density(torch.cartesian_prod(line, line)).exp().reshape(GRID, GRID).T
        frame = (-self.reach, self.reach)
        axis.imshow(
            density.numpy(),
            cmap="Blues",
            extent=(*frame, *frame),
            origin="lower",
            interpolation="bilinear",
        )
        for i, centre in enumerate(self.centres):
            label = "3 standard deviations" if i == 0 else None
            axis.plot(*_ring(3 * self.std, centre), color=INK, lw=0.8, label=label)
        self._dots = self.moving(_dots(axis, 2.2))
        axis.set(xlim=frame, ylim=frame, aspect="equal", xlabel="x", ylabel="y")
        handles, labels = axis.get_legend_handles_labels()
        self.legend(handles, labels, loc="outside lower center", ncols=2, markerscale=3)

    def _add_zoom(self, axis: Axes) -> None:
        for radius in (1, 2, 3):
            axis.plot(*_ring(radius), color=INK if radius == 3 else FAINT, lw=0.8)
        self._near = self.moving(_dots(axis, 2.2))
        axis.set(xlim=(-ZOOM, ZOOM), ylim=(-ZOOM, ZOOM), aspect="equal")
        axis.set(xlabel="offset from the nearest mode (σ)", title="all modes laid over each other")

    def showing(self, samples: Tensor, headline: str) -> "PointScene":
        """Show other samples, shape ``(num_samples, 2)``; the title counts outliers."""
        self._dots.set_data(samples[:, 0].numpy(), samples[:, 1].numpy())
        if self._near is not None:
            centres = self.centres.to(samples)
            nearest = torch.cdist(samples, centres).argmin(1)
            offsets = (samples - centres[nearest]) / self.std
            self._near.set_data(offsets[:, 0].numpy(), offsets[:, 1].numpy())
        outside = int((~(samples.abs() <= self.reach)).any(1).sum())
        self.say(
            f"{headline}\n{len(samples)} samples over the density, {outside} outside the frame"
        )
        return self


def _dots(axis: Axes, size: float) -> Line2D:
    (line,) = axis.plot([], [], color=GENERATED, ms=size, alpha=0.55, label="generated", **DOTS)
    return line


def _ring(radius: float, centre: Tensor | None = None) -> tuple[Any, Any]:
    turn = torch.linspace(0, 2 * torch.pi, 60)
    x, y = (0.0, 0.0) if centre is None else centre.tolist()
    return (x + radius * turn.cos()).numpy(), (y + radius * turn.sin()).numpy()
