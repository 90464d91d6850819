"""Penalties on the slope of the discriminator."""

import torch
from torch import Tensor


def squared_gradient_norm(logits: Tensor, points: Tensor) -> Tensor:
    """Return the squared norm of each point's gradient, shape ``(batch,)``; differentiable.

    At real points its mean is the R1 penalty, at fake points R2 (Mescheder et al., 2018,
    Equations 9 and 10). Second derivatives need float32: compute the logits outside autocast.

    Args:
        logits: The discriminator's outputs for ``points``, shape ``(batch,)``; each may depend on
            its own point only.
        points: Its inputs, shape ``(batch, *data_shape)``, with ``requires_grad`` set before the
            logits were computed.
    """
    (gradients,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
    return gradients.square().flatten(1).sum(1)
