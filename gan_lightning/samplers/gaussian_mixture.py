"""A mixture of Gaussians over the latents of data."""

import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as FittedMixture
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.samplers.contracts import FittedSampler

LATENTS_PER_DIMENSION = 5
"""A component is worth having for so many latents along each of their axes."""


class GaussianMixture(FittedSampler):
    """Gaussians with full covariances, fitted by expectation maximisation.

    Of an autoencoder this is the mixture density of Ghosh et al., 2020, Section 4.

    Args:
        latent_dim: Length of a latent vector.
        num_components: Number of Gaussians; fewer are used where there are not at least five
            latents along each axis for each of them.
        max_iterations: Iterations after which the fit is taken as it is. It takes at most 20 000
            latents, drawn at random.
    """

    most_latents = 20_000  # more hardly change a mixture, and its fit would take minutes

    weights: Tensor
    means: Tensor
    factors: Tensor

    def __init__(
        self, latent_dim: int, num_components: int = 100, max_iterations: int = 30
    ) -> None:
        super().__init__(latent_dim)
        if num_components < 1 or max_iterations < 1:
            raise InputError(
                "GaussianMixture: num_components and max_iterations must be positive integers, "
                f"found {num_components} and {max_iterations}."
            )
        self.num_components = num_components
        self.max_iterations = max_iterations
        self.register_buffer("weights", torch.zeros(num_components))
        self.register_buffer("means", torch.zeros(num_components, latent_dim))
        self.register_buffer("factors", torch.zeros(num_components, latent_dim, latent_dim))

    def fit_standardised(self, latents: Tensor) -> None:
        chosen = torch.randperm(len(latents))[: self.most_latents]
        latents = latents.cpu()[chosen]
        affordable = len(latents) // (LATENTS_PER_DIMENSION * self.latent_dim)
        count = max(1, min(self.num_components, affordable))
        mixture = FittedMixture(
            count,
            max_iter=self.max_iterations,
            reg_covar=1e-4,  # in squared deviations
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(latents.numpy())
        for buffer, values in [
            (self.weights, mixture.weights_),
            (self.means, mixture.means_),
            (self.factors, torch.linalg.cholesky(torch.from_numpy(mixture.covariances_))),
        ]:
            buffer.zero_()
            buffer[:count] = torch.as_tensor(values).to(buffer)

    def sample_standardised(self, num_samples: int) -> Tensor:
        # PyTorch refuses to draw none.
        chosen = torch.multinomial(self.weights, max(1, num_samples), replacement=True)[
            :num_samples
        ]
        noise = torch.randn(num_samples, self.latent_dim, 1, device=self.means.device)
        noise = noise.to(self.means)  # drawn in float32, alike in every precision
        return self.means[chosen] + (self.factors[chosen] @ noise).squeeze(2)
