"""Images side by side."""

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


def image_grid(images: Tensor, per_row: int | None = None, margin: int = 2) -> NDArray[np.uint8]:
    """Return pixels, shape ``(height, width, 3)``, of images in rows on white.

    Args:
        images: uint8, shape ``(num_images, channels, height, width)`` with 1 or 3 channels.
        per_row: Images in a row; about a square by default.
        margin: White pixels between images.
    """
    num_images, _, height, width = images.shape
    per_row = per_row or math.ceil(math.sqrt(num_images))
    num_rows = math.ceil(num_images / per_row)
    shape = (num_rows * (height + margin) + margin, per_row * (width + margin) + margin, 3)
    grid = np.full(shape, 255, np.uint8)
    for i, image in enumerate(images.permute(0, 2, 3, 1).numpy()):  # one or three channels last
        top = margin + i // per_row * (height + margin)
        left = margin + i % per_row * (width + margin)
        grid[top : top + height, left : left + width] = image
    return grid
