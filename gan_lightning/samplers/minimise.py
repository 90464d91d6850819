"""Training of a sampler's networks on latents."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import Optimizer
from tqdm.auto import tqdm

PATIENCE = 3.0
"""Seconds after which a progress bar appears."""


def minimise(
    loss: Callable[[Tensor], Tensor],
    latents: Tensor,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int,
) -> None:
    """Minimise the loss of batches of latents, with a learning rate that a cosine lowers to 0.

    In a terminal, a progress bar appears if it takes long.

    Args:
        loss: Returns the mean loss of a batch.
        latents: Shape ``(num_points, latent_dim)``.
        optimizer: Optimizer of the parameters on which the loss depends.
        epochs: Passes over the latents, in a new random order each.
        batch_size: Latents in a batch.
    """
    num_batches = epochs * -(-len(latents) // batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_batches)
    # None: hidden unless a terminal is attached
    for _ in tqdm(range(epochs), "fit sampler", delay=PATIENCE, disable=None, leave=False):
        order = torch.randperm(len(latents)).to(latents.device)
        for indices in order.split(batch_size):
            optimizer.zero_grad()
            loss(latents[indices]).backward()
            optimizer.step()
            schedule.step()
