"""Black-and-white images from grey ones."""

from typing import Literal

import torch
from torch import Tensor

Binarisation = Literal["threshold", "bernoulli"]
"""At a threshold of one half, or at random with the grey value as the probability of white."""


def binarised(images: Tensor, how: Binarisation, random: torch.Generator | None = None) -> Tensor:
    """Return images whose bytes are all 0 or 255.

    Args:
        images: uint8, of any shape.
        how: At a threshold of one half (grey above 127 is white), or at random.
        random: Random numbers for the latter; by default PyTorch's own.
    """
    if how == "threshold":
        return (images > 127).to(torch.uint8) * 255
    chunks = [
        (torch.rand(chunk.shape, generator=random, device=chunk.device) * 255 < chunk).byte() * 255
        for chunk in images.split(4096)
    ]
    return torch.cat(chunks)
