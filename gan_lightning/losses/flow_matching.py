"""The objective of flow matching."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

Times = Literal["uniform", "logit_normal"]
"""How the times are distributed at which a velocity field is compared with straight lines."""


def velocity_loss(
    x: Tensor, velocity: Callable[[Tensor, Tensor], Tensor], times: Times = "uniform"
) -> Tensor:
    """Return the error of a velocity field against straight lines from noise to points, a scalar.

    The mean squared error over the numbers of a point, with one noise and one time per point:
    Lipman et al., 2023, Equation 23 with σ_min = 0.

    Args:
        x: Points, shape ``(batch, *data_shape)``.
        velocity: Returns the velocity of points at times of shape ``(batch,)``.
        times: ``uniform`` on [0, 1], or ``logit_normal``, the sigmoid of a standard normal number,
            which is rarely near 0 or 1 (Esser et al., 2024, Section 3.1).
    """
    noise, t = torch.randn_like(x), x.new_empty(len(x))
    t = t.uniform_() if times == "uniform" else t.normal_().sigmoid()
    between = torch.lerp(noise, x, t.view(-1, *[1] * (x.ndim - 1)))
    return mse_loss(velocity(between, t), x - noise)
