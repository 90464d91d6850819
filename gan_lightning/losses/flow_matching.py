"""The objective of flow matching."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import mse_loss


def velocity_loss(x: Tensor, velocity: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Return the error of a velocity field against straight lines from noise to points, a scalar.

    The mean squared error over the numbers of a point, with one noise and one time per point:
    Lipman et al., 2023, Equation 23 with σ_min = 0.

    Args:
        x: Points, shape ``(batch, *data_shape)``.
        velocity: Returns the velocity of points at times of shape ``(batch,)``.
    """
    noise, t = torch.randn_like(x), torch.rand(len(x), device=x.device, dtype=x.dtype)
    between = torch.lerp(noise, x, t.view(-1, *[1] * (x.ndim - 1)))
    return mse_loss(velocity(between, t), x - noise)
