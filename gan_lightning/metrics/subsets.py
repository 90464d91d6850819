"""Random subsets of points that are the same each time."""

import torch
from torch import Tensor


def random_order(num_points: int, seed: int = 0) -> Tensor:
    """Return indices in a random order that the seed fixes, int64, shape ``(num_points,)``."""
    return torch.randperm(num_points, generator=torch.Generator().manual_seed(seed))
