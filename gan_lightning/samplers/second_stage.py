"""A variational autoencoder of another one's latents: Dai & Wipf, 2019, Section 4."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.losses import gaussian_kl
from gan_lightning.networks import MLPDecoder, MLPEncoder
from gan_lightning.samplers.contracts import FittedSampler
from gan_lightning.samplers.minimise import minimise

NUM_MATCHED = 20_000
"""Samples from which the covariance is corrected."""

SMALLEST_VARIANCE = 1e-4
"""The smallest variance of samples in any direction, in squared deviations."""


class SecondStageVAE(FittedSampler):
    """A small VAE learns the distribution of the latents, and its codes fill its prior.

    Its latents have the dimension of the first stage's, so that nothing has to be compressed. Its
    Gaussian likelihood has a learned scale for each axis, not one for all as in the paper: a latent
    that the first stage does not use is pure noise, and its scale says nothing about the others.
    The scale has a lower bound: an autoencoder's codes lie on a surface, and to locate them within
    a hundredth, latents of the second stage would have to be so precise that they no longer fill
    the prior.

    Samples omit that noise and would be too narrow, by 8 % on N(0, I). A linear map, the optimal
    transport between Gaussians, gives them the covariance of the latents. For briefly trained
    models the FID was 120 with the map, 151 with the noise and 137 with neither
    (``autoencoder_mnist``), and 30.0, 31.8 and 32.2 (``vae_mnist``).

    Args:
        latent_dim: Length of a latent vector, of both stages.
        hidden_dims: Widths of the hidden layers of its encoder and of its decoder.
        epochs: Passes over the latents.
        batch_size: Latents in a batch.
        lr: Initial learning rate, which a cosine schedule lowers to 0.
        resolution: Lower bound of the noise's scale, in standard deviations of a latent.
    """

    drawn_centre: Tensor
    widening: Tensor

    def __init__(
        self,
        latent_dim: int,
        hidden_dims: Sequence[int] = (512, 512),
        epochs: int = 60,
        batch_size: int = 256,
        lr: float = 1e-3,
        resolution: float = 0.4,
    ) -> None:
        super().__init__(latent_dim)
        if min(epochs, batch_size) < 1 or not min(lr, resolution) > 0:
            raise InputError(
                "SecondStageVAE: epochs, batch_size, lr and resolution must be positive, found "
                f"{epochs}, {batch_size}, {lr} and {resolution}."
            )
        self.hidden_dims = hidden_dims
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.resolution = resolution
        self.register_buffer("drawn_centre", torch.zeros(latent_dim))
        self.register_buffer("widening", torch.eye(latent_dim))
        self._make_networks()

    def _make_networks(self) -> None:
        shape, activation = (self.latent_dim,), nn.SiLU
        self.encoder = MLPEncoder(shape, 2 * self.latent_dim, self.hidden_dims, activation)
        self.decoder = MLPDecoder(shape, self.latent_dim, self.hidden_dims, activation)
        self.log_scale = nn.Parameter(torch.zeros(self.latent_dim))
        self.requires_grad_(False)  # not trained with the first stage

    def fit_standardised(self, latents: Tensor) -> None:
        self._make_networks()
        self.to(latents.device).requires_grad_(True)
        networks = [*self.encoder.parameters(), *self.decoder.parameters()]
        # Adam moves all parameters equally fast: scales need ten times the rate of the networks.
        scales: dict[str, Any] = {"params": [self.log_scale], "lr": 10 * self.lr}
        optimizer = torch.optim.Adam([dict[str, Any](params=networks), scales], lr=self.lr)
        minimise(self._loss, latents, optimizer, self.epochs, self.batch_size)
        self.requires_grad_(False)
        self.to(self.centre.dtype)  # trained in float32, kept in the model's precision
        self._match(latents)

    def _loss(self, latents: Tensor) -> Tensor:
        mean, log_variance = self.encoder(latents).chunk(2, 1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        variance = self.resolution**2 + (2 * self.log_scale).exp()
        surprise = (latents - self.decoder(z)).square() / variance + variance.log()
        # KL - log p, up to the constant of a Gaussian.
        return (gaussian_kl(mean, log_variance) + surprise.sum(1) / 2).mean()

    def _match(self, latents: Tensor) -> None:
        """Find the map that gives samples the mean 0 and the covariance of the latents."""
        drawn = self._drawn(NUM_MATCHED)
        self.drawn_centre.copy_(drawn.mean(0))
        self.widening.copy_(_transport(_covariance(drawn), _covariance(latents)))

    def _drawn(self, num_samples: int, temperature: float = 1.0) -> Tensor:
        shape = (2, num_samples, self.latent_dim)
        z, noise = temperature * torch.randn(shape, device=self.centre.device).to(self.log_scale)
        return self.decoder(z) + self.log_scale.exp() * noise

    def sample_standardised(self, num_samples: int, temperature: float = 1.0) -> Tensor:
        return (self._drawn(num_samples, temperature) - self.drawn_centre) @ self.widening


def _covariance(rows: Tensor) -> Tensor:
    centred = rows.double() - rows.double().mean(0)
    return centred.T @ centred / (len(rows) - 1)


def _transport(source: Tensor, target: Tensor) -> Tensor:
    """Return the symmetric map from one covariance to the other: Olkin & Pukelsheim, 1982.

    It is S^-½ (S^½ T S^½)^½ S^-½ for the source S and the target T.
    """
    variances, directions = torch.linalg.eigh(source)
    scales = variances.clamp_min(SMALLEST_VARIANCE).sqrt()
    root, inverse = ((directions * by) @ directions.T for by in (scales, 1 / scales))
    squares, axes = torch.linalg.eigh(root @ target @ root)
    return inverse @ ((axes * squares.clamp_min(0).sqrt()) @ axes.T) @ inverse
