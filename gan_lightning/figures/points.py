"""Points of the plane over the density that they were drawn from."""

from collections.abc import Callable

import torch
from matplotlib.figure import Figure
from torch import Tensor

from gan_lightning.figures.palette import GENERATED


def points_over_density(
    samples: Tensor, log_density: Callable[[Tensor], Tensor], centres: Tensor, std: float
) -> Figure:
    """Scatter samples over the true density; those outside the frame are counted in the title.

    Args:
        samples: Shape ``(num_samples, 2)``.
        log_density: The true log-density of points, shape ``(num_points, 2)``.
        centres: Means of the true modes, shape ``(num_modes, 2)``; each is ringed at three
            standard deviations.
        std: Their standard deviation.
    """
    reach = float(centres.abs().max()) + max(0.4, 3.5 * std)
    line = torch.linspace(-reach, reach, 201)
    grid = torch.cartesian_prod(line, line)
    density = log_density(grid).exp().reshape(201, 201).T

    figure = Figure(figsize=(5.5, 5.8), layout="constrained")
    axis = figure.subplots()
    axis.contourf(line, line, density, levels=12, cmap="Blues")
    axis.scatter(samples[:, 0], samples[:, 1], s=4, alpha=0.5, color=GENERATED, label="generated")
    for x, y in centres.tolist():
        ring = torch.linspace(0, 2 * torch.pi, 60)
        label = "3 standard deviations" if [x, y] == centres[0].tolist() else None
        axis.plot(
            x + 3 * std * ring.cos(), y + 3 * std * ring.sin(), color="0.3", lw=0.8, label=label
        )
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="x", ylabel="y")
    axis.legend(loc="upper right")
    outside = int((samples.abs() > reach).any(1).sum())
    figure.suptitle(f"{len(samples)} samples over the true density, {outside} outside the frame")
    return figure
