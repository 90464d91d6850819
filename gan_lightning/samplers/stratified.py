"""Categories drawn in shares that hold in small numbers too."""

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

BELOW_ONE = 1 - 2.0**-23
"""A float32 so far below 1 that its product with any other is smaller than the other."""


def stratified(weights: Tensor, num_samples: int) -> Tensor:
    """Draw indices with replacement, in random order, int64, shape ``(num_samples,)``.

    Each draw has the distribution of the weights. Together they keep its shares more closely than
    independent draws would: there is one from each of ``num_samples`` equal parts of the cumulated
    weights (stratified resampling: Kitagawa, 1996, Appendix).

    Args:
        weights: Not negative, with a positive sum, shape ``(num_indices,)``.
        num_samples: Number of draws.
    """
    if has_torch_function_unary(weights):  # an exporter may draw in its own way
        return handle_torch_function(stratified, (weights,), weights, num_samples)
    part = torch.randperm(num_samples, device=weights.device)
    # In the default dtype of a run in bfloat16 the highest level would be rounded to 1.
    within = torch.rand(num_samples, dtype=torch.float32, device=weights.device)
    level = (part + within) / max(1, num_samples)
    cumulated = weights.float().cumsum(0)
    return torch.searchsorted(cumulated, level.clamp(max=BELOW_ONE) * cumulated[-1], right=True)
