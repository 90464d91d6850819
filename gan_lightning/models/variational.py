"""The evidence lower bound as an objective: Kingma & Welling, 2014."""

from abc import ABC, abstractmethod

import torch
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.losses import Likelihood, gaussian_kl, gaussian_log_density, importance_bound
from gan_lightning.models.adversarial import Batch
from gan_lightning.models.latent import LatentModel, check_support

ACTIVE_VARIANCE = 0.01
"""A latent unit is active if its posterior mean varies more: Burda et al., 2016, Section 5.2."""

GRACE_BATCHES = 200
"""So many batches after the warm-up, no unit has a reason to sleep any more."""

POINTS_AT_ONCE = 2000
"""Reconstructions made at once for the bound: enough to keep a device busy."""


class VariationalModel(LatentModel, ABC):
    """A Gaussian posterior, the prior N(0, I) and an injected likelihood.

    A subclass calls ``set_objective`` and says what its networks are told.
    """

    likelihood: Likelihood
    beta: float
    warm_up_batches: int

    _noise: torch.Generator | None = None
    _told_of_collapse = False

    def set_objective(self, likelihood: Likelihood, beta: float, warm_up_batches: int) -> None:
        """Choose what is maximised: log p(x|z) - weight · KL(q(z|x) ‖ p(z)).

        Args:
            likelihood: p(x|z), given the decoder's outputs.
            beta: Weight of the divergence; 1 makes the objective a bound on log p(x).
            warm_up_batches: Training batches in which the weight grows linearly to ``beta``.

        Raises:
            InputError: If a number is negative.
        """
        if not beta >= 0 or warm_up_batches < 0:
            raise InputError(
                "beta and warm_up_batches must not be negative, "
                f"found {beta} and {warm_up_batches}."
            )
        self.likelihood = likelihood
        self.beta = beta
        self.warm_up_batches = warm_up_batches

    @abstractmethod
    def code(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """Return what the encoder says, shape ``(batch, 2 * latent_dim)``."""

    @abstractmethod
    def outputs(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return what the decoder says, shape ``(batch, *data_shape)``."""

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

        reconstruction_loss = -self.likelihood.log_prob(x, outputs).mean()
        kl_divergence = gaussian_kl(mean, log_variance).mean()

        return {
            "loss": reconstruction_loss + self.kl_weight() * kl_divergence,
            "reconstruction_loss": reconstruction_loss,
            "kl_divergence": kl_divergence,
            "elbo": -(reconstruction_loss + kl_divergence),
        }

    def kl_weight(self) -> float:
        """Return the divergence's weight at the batch at hand."""
        if not self.warm_up_batches or not self.training:
            return self.beta
        batches = self.trainer.fit_loop.total_batch_idx + 1
        return self.beta * min(1.0, batches / self.warm_up_batches)

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        losses = super().training_step(batch, batch_idx)
        if self.logging_due:
            self._watch_units(*batch)
        return {name: value if name == "loss" else value.detach() for name, value in losses.items()}

    @torch.no_grad()
    def _watch_units(self, x: Tensor, labels: Tensor) -> None:
        """Log how many latent units are active, and say so if none is any more."""
        means = self.posterior(x, labels)[0]
        active = int((means.var(0, correction=0) > ACTIVE_VARIANCE).sum())
        self.log("train/active_units", float(active))
        batches = self.trainer.fit_loop.total_batch_idx + 1
        late = batches >= self.warm_up_batches + GRACE_BATCHES
        if active == 0 and late and len(x) > 1 and not self._told_of_collapse:
            self._told_of_collapse = True
            rank_zero_warn(
                f"The posterior has collapsed: after {batches} batches, none of the "
                f"{self.latent_dim} latent units depends on the point. A smaller beta, longer "
                "warm_up_batches or a weaker decoder helps."
            )

    def on_validation_epoch_start(self) -> None:
        # The same noise each time, apart from the training's.
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

    def latents(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw z ~ q(z|x), one for each point: together they are what the decoder has seen."""
        with self.evaluating():
            return self.draw(*self.posterior(self.at_home(x), labels))

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the mean of p(x|z) of each latent, shape ``(batch, *data_shape)``."""
        with self.evaluating():
            return self.likelihood.mean(self.outputs(z, labels))

    def draw_points(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return a sample of p(x|z), as the likelihood shows it, for each latent."""
        with self.evaluating():
            return self.likelihood.sample(self.outputs(z, labels))

    def sample(self, num_samples: int) -> Tensor:
        return self.draw_points(self.sampler.sample(num_samples))

    def log_weights(self, x: Tensor, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Return log p(x, z) - log q(z|x) of z ~ q(z|x), shape ``(num_samples, batch)``."""
        mean, log_variance = self.posterior(x, labels)
        z = self.draw(mean.expand(num_samples, -1, -1), log_variance)
        repeated = None if labels is None else labels.repeat(num_samples)
        outputs = self.outputs(z.flatten(0, 1), repeated).unflatten(0, z.shape[:2])
        zero = torch.zeros((), device=z.device)
        log_prior = gaussian_log_density(z, zero, zero.expand(z.shape[-1]))
        log_posterior = gaussian_log_density(z, mean, log_variance)
        return self.likelihood.log_prob(x, outputs) + log_prior - log_posterior

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
