"""Small random movements of images, different for each."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, grid_sample

from gan_lightning.errors import InputError


class AffineJitter(nn.Module):
    """Rotates, scales and shifts each image by random amounts; does nothing in evaluation.

    Pixels from beyond the border repeat the border.

    Args:
        degrees: Largest rotation either way.
        scale: Largest relative change of size either way, below 1.
        shift: Largest shift either way, as a share of the image's size.
    """

    def __init__(self, degrees: float = 10.0, scale: float = 0.1, shift: float = 0.08) -> None:
        super().__init__()
        if min(degrees, scale, shift) < 0 or scale >= 1:
            raise InputError(
                "AffineJitter: degrees, scale and shift must not be negative and scale below 1, "
                f"found {degrees}, {scale} and {shift}."
            )
        self.degrees = degrees
        self.scale = scale
        self.shift = shift

    def forward(self, x: Tensor) -> Tensor:
        """Map images, shape ``(batch, channels, size, size)``, to moved ones."""
        if not self.training:
            return x
        # float32 throughout: on the CPU older PyTorch samples from grids of no other type.
        u = 2 * torch.rand(4, len(x), device=x.device, dtype=torch.float32) - 1  # on [-1, 1]
        angle, scale = u[0] * math.radians(self.degrees), 1 + u[1] * self.scale
        cos, sin, shift = angle.cos() * scale, angle.sin() * scale, 2 * self.shift * u[2:]
        rows = [torch.stack([cos, -sin, shift[0]], 1), torch.stack([sin, cos, shift[1]], 1)]
        grid = affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
        moved = grid_sample(x.float(), grid, padding_mode="border", align_corners=False)
        return moved.to(x.dtype)
