"""The evidence lower bound as an objective: Kingma & Welling, 2014."""

from abc import ABC
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.losses import (
    Gaussian,
    Likelihood,
    gaussian_kl,
    gaussian_log_density,
    importance_bound,
)
from gan_lightning.models.autoencoding import AutoencodingModel
from gan_lightning.models.generative import Batch
from gan_lightning.models.latent import check_support
from gan_lightning.networks import Shape, built

MakeLikelihood = Callable[[], Likelihood]
"""Makes a likelihood; where it has the parameter ``data_shape``, for points of this shape."""

ACTIVE_VARIANCE = 0.01
"""A latent unit is active if its posterior mean varies more: Burda et al., 2016, Section 5.2."""

POINTS_AT_ONCE = 500
"""Reconstructions computed at once for the bound: this many fit into a processor's cache."""


class VariationalModel(AutoencodingModel, ABC):
    """A Gaussian posterior, the prior N(0, I) and an injected likelihood.

    The objective is log p(x|z) - weight · KL(q(z|x) ‖ p(z)).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        likelihood: Makes p(x|z): ``Bernoulli`` for points in [0, 1], ``AutoregressiveBernoulli``
            for images in black and white, ``Gaussian`` for all others.
        beta: Weight of the divergence; 1 gives the bound on log p(x), larger values favour
            independent latents (Higgins et al., 2017).
        warm_up_batches: Training batches in which the weight grows linearly to ``beta`` (Bowman et
            al., 2016).
    """

    averaged: ClassVar[tuple[str, ...]] = ("encoder", "decoder", "likelihood")

    codes_per_latent = 2  # means and log-variances

    _noise: torch.Generator | None = None

    def __init__(
        self,
        data_shape: Shape,
        *,
        likelihood: MakeLikelihood = Gaussian,
        beta: float = 1.0,
        warm_up_batches: int = 0,
        **shared: Any,
    ) -> None:
        super().__init__(data_shape, **shared)
        if not beta >= 0 or warm_up_batches < 0:
            raise InputError(
                "beta and warm_up_batches must not be negative, "
                f"found {beta} and {warm_up_batches}."
            )
        self.likelihood = built("likelihood", Likelihood, likelihood, data_shape=data_shape)
        self.beta = beta
        self.warm_up_batches = warm_up_batches

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return means and log-variances of q(z|x), float32, each ``(batch, latent_dim)``."""
        mean, log_variance = self.code(x, labels).float().chunk(2, 1)
        return mean, log_variance

    def draw(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Return z = mean + deviation · noise, through which gradients flow: Section 2.4."""
        noise = torch.randn(mean.shape, generator=self._noise, device=mean.device)
        return mean + (log_variance / 2).exp() * noise

    def losses(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the negative bound with the weight of its divergence, and its parts in nats."""
        mean, log_variance = self.posterior(x, labels)
        outputs = self.outputs(self.draw(mean, log_variance), labels)

        reconstruction_loss = -self.best("likelihood").log_prob(x, outputs).mean()
        kl_divergence = gaussian_kl(mean, log_variance).mean()

        return {
            "loss": reconstruction_loss + self.kl_weight() * kl_divergence,
            "reconstruction_loss": reconstruction_loss,
            "kl_divergence": kl_divergence,
            "elbo": -(reconstruction_loss + kl_divergence),
        }

    def kl_weight(self) -> float:
        """Return the divergence's weight at the current batch."""
        if not self.warm_up_batches or not self.training:
            return self.beta
        return self.beta * min(1.0, self.batches / self.warm_up_batches)

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        losses = super().training_step(batch, batch_idx)
        if self.logging_due and len(batch[0]) > 1:  # a single point has no variance
            self._watch_units(*batch)
        return {name: value if name == "loss" else value.detach() for name, value in losses.items()}

    def _watch_units(self, x: Tensor, labels: Tensor) -> None:
        """Log how many latent units are active."""
        means = self.encode(x, labels)
        active = (means.var(0, correction=0) > ACTIVE_VARIANCE).sum()
        self.log("train/active_units", active.float())

    def on_validation_epoch_start(self) -> None:
        # Fixed noise, independent of the training's.
        self._noise = torch.Generator(self.device).manual_seed(0)

    def on_validation_epoch_end(self) -> None:
        self._noise = None

    def on_test_epoch_start(self) -> None:
        self.on_validation_epoch_start()

    def on_test_epoch_end(self) -> None:
        self.on_validation_epoch_end()

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the mean of q(z|x) of each point, shape ``(batch, latent_dim)``."""
        with self.evaluating():
            return self.posterior(self.at_home(x), labels)[0]

    def fitted_latents(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw z ~ q(z|x), one for each point: the latents on which the decoder is trained."""
        with self.evaluating():
            return self.draw(*self.posterior(self.at_home(x), labels))

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the mean of p(x|z) of each latent, shape ``(batch, *data_shape)``."""
        with self.evaluating():
            return self.best("likelihood").mean(self.outputs(z, labels))

    def drawn(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return a point of p(x|z) for each latent: a draw or the mean, by the likelihood."""
        with self.evaluating():
            return self.best("likelihood").sample(self.outputs(z, labels))

    def log_weights(self, x: Tensor, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Return log p(x, z) - log q(z|x) of z ~ q(z|x), shape ``(num_samples, batch)``."""
        mean, log_variance = self.posterior(x, labels)
        z = self.draw(mean.expand(num_samples, -1, -1), log_variance)
        repeated = None if labels is None else labels.repeat(num_samples)
        outputs = self.outputs(z.flatten(0, 1), repeated).unflatten(0, z.shape[:2])
        zero = torch.zeros((), device=z.device)
        log_prior = gaussian_log_density(z, zero, zero.expand(z.shape[-1]))
        log_posterior = gaussian_log_density(z, mean, log_variance)
        return self.best("likelihood").log_prob(x, outputs) + log_prior - log_posterior

    def bound(self, x: Tensor, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Return the importance weighted bound on log p(x) in nats, shape ``(batch,)``.

        Burda et al., 2016, Equation 8: the more samples, the tighter.
        """
        x, chunk = self.at_home(x), max(1, POINTS_AT_ONCE // len(x))
        sizes = [min(chunk, num_samples - start) for start in range(0, num_samples, chunk)]
        with self.evaluating():
            log_weights = [self.log_weights(x, size, labels) for size in sizes]
        return importance_bound(torch.cat(log_weights))

    def check(self, x: Tensor) -> None:
        check_support(self.likelihood, x)
        self.likelihood.check(x)
