"""A tanh that learns how steep it is."""

import math

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError


class AdaptiveTanh(nn.Module):
    """tanh(a x) with a learned slope a: Jagtap et al., 2020, "Adaptive activation functions".

    A generator's step from one mode to the next becomes steeper with a and stays where it is, at
    x = 0, so that the modes keep their shares. The logarithm of a is learned, so that Adam changes
    a by the same factor in each batch, however steep the step is by then.

    Args:
        slope: The initial a, positive.

    Example:
        >>> AdaptiveTanh(slope=4.0)(torch.tensor([-1.0, 0.0, 0.25])).tolist()
        [-0.9993293285369873, 0.0, 0.7615941762924194]
    """

    def __init__(self, slope: float = 1.0) -> None:
        super().__init__()
        if not 0 < slope < math.inf:
            raise InputError(f"AdaptiveTanh: slope must be positive, found {slope}.")
        self.log_slope = nn.Parameter(torch.tensor(math.log(slope)))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.log_slope.exp() * x)
