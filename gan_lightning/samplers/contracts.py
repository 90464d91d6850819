"""The contract of a sampler of latents with models."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError


class LatentSampler(nn.Module, ABC):
    """Draws latent vectors for a decoder.

    What it learns is stored in buffers and parameters, so that the model's checkpoint holds it.

    Args:
        latent_dim: Length of a latent vector.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    needs_latents = False
    """Whether it must be fitted to the latents of data."""

    most_latents: int | None = None
    """Number of latents that suffice for a fit; None to use all."""

    num_classes: int | None = None
    """Number of labels for which latents can be drawn; None for a sampler without labels."""

    @abstractmethod
    def fit(self, latents: Tensor, labels: Tensor | None = None) -> None:
        """Learn the distribution of the latents of training points.

        The same latents always give the same sampler, and PyTorch's random state stays as it was.

        Args:
            latents: Shape ``(num_points, latent_dim)``.
            labels: Labels of the points, for a sampler with labels.
        """

    @abstractmethod
    def sample(
        self, num_samples: int, labels: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Draw latents, float32, shape ``(num_samples, latent_dim)``, without gradients.

        Args:
            num_samples: Number of latents.
            labels: One for each latent, for a sampler with labels; others ignore them.
            temperature: Factor of the normal noise that latents are made of. Below 1 they are more
                typical and less diverse (Kingma & Dhariwal, 2018, Section 6).
        """


def require_fitted(fitted: Tensor, message: str) -> None:
    """Make sure that a sampler was fitted, except while a graph is exported, which cannot check.

    Raises:
        InputError: With the message, if it was not.
    """
    if not torch.compiler.is_exporting() and not fitted:
        raise InputError(message)


class FittedSampler(LatentSampler, ABC):
    """A sampler that must be fitted to latents, which it standardises along each axis.

    Args:
        latent_dim: Length of a latent vector.
    """

    fitted: Tensor
    centre: Tensor
    spread: Tensor

    needs_latents = True

    _known_to_be_fitted = False

    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.register_buffer("fitted", torch.tensor(False))
        self.register_buffer("centre", torch.zeros(latent_dim))
        self.register_buffer("spread", torch.ones(latent_dim))

    @abstractmethod
    def fit_standardised(self, latents: Tensor) -> None:
        """Learn from latents with mean 0 and standard deviation 1 (or 0) along each axis."""

    @abstractmethod
    def sample_standardised(self, num_samples: int, temperature: float = 1.0) -> Tensor:
        """Draw latents of that scale, from noise with the temperature as standard deviation."""

    def fit(self, latents: Tensor, labels: Tensor | None = None) -> None:
        """Fit the sampler with its own random state.

        Raises:
            InputError: If there are fewer than two latents, or one is not finite.
        """
        broken = len(latents) - int(latents.isfinite().all(1).sum())
        if len(latents) < 2 or broken:
            diverged = (
                f", {broken} of them NaN or infinite: training has diverged, so lower the learning "
                "rate or resume from an earlier checkpoint"
            )
            raise InputError(
                f"{type(self).__name__} needs at least 2 finite latents to be fitted to, found "
                f"{len(latents)}{diverged if broken else ''}."
            )
        devices = [latents.device] if latents.device.type == "cuda" else []
        # Validation runs without gradients, which a second stage needs.
        with torch.random.fork_rng(devices), torch.inference_mode(False), torch.enable_grad():
            torch.manual_seed(0)
            latents = latents.detach().clone().to(self.centre.device, torch.float32)
            spread, centre = torch.std_mean(latents, 0)
            self.centre.copy_(centre)
            self.spread.copy_(spread)
            # A constant latent, such as a dead rectifier's, keeps its value.
            self.fit_standardised((latents - centre) / spread.clamp_min(1e-6))
            self.fitted.fill_(True)

    @torch.no_grad()
    def sample(
        self, num_samples: int, labels: Tensor | None = None, temperature: float = 1.0
    ) -> Tensor:
        """Draw latents like those that it was fitted to.

        Raises:
            InputError: If it was fitted to none.
        """
        if not self._known_to_be_fitted:  # read once, since reading waits for a GPU
            name = type(self).__name__
            require_fitted(
                self.fitted,
                f"{name} has not been fitted to latents yet: fit does that, and so does --sampler "
                f"{name}.",
            )
            self._known_to_be_fitted = not torch.compiler.is_exporting()
        return self.sample_standardised(num_samples, temperature) * self.spread + self.centre
