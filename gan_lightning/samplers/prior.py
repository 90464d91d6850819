"""The prior itself."""

import torch
from torch import Tensor

from gan_lightning.samplers.contracts import LatentSampler


class Prior(LatentSampler):
    """Latents from N(0, I), to which training of a variational autoencoder pulls its codes.

    For a plain autoencoder such samples are meaningless.

    Args:
        latent_dim: Length of a latent vector.
    """

    place: Tensor

    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        # Latents are drawn where the model is; a checkpoint needs nothing of it.
        self.register_buffer("place", torch.empty(0), persistent=False)

    def fit(self, latents: Tensor, labels: Tensor | None = None) -> None:
        """Learn nothing."""

    def sample(
        self, num_samples: int, labels: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        return temperature * torch.randn(num_samples, self.latent_dim, device=self.place.device)
