"""Autoencoder: Rumelhart et al., 1986; Hinton & Salakhutdinov, 2006."""

from abc import ABC
from typing import Any

from torch import Tensor

from gan_lightning.losses import ReconstructionLoss, SquaredError
from gan_lightning.models.autoencoding import AutoencodingModel
from gan_lightning.models.latent import LatentModel, MakeSampler, check_support
from gan_lightning.networks import Shape
from gan_lightning.samplers import GaussianMixture


class Reconstruction(LatentModel, ABC):
    """Latents are codes, and the loss maps the decoder's outputs to points."""

    loss: ReconstructionLoss

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        with self.evaluating():
            return self.code(self.at_home(x), labels)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        with self.evaluating():
            return self.loss.points(self.outputs(z, labels))

    def check(self, x: Tensor) -> None:
        check_support(self.loss, x)


class Autoencoder(Reconstruction, AutoencodingModel):
    """The decoder inverts the encoder as well as a narrow latent allows.

    Nothing regularises its latent space, so a sampler must learn it.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        loss: Compares a reconstruction with its point; the squared error by default.
        sampler: Makes the sampler of latents, given their length.
    """

    def __init__(
        self,
        data_shape: Shape,
        *,
        loss: ReconstructionLoss | None = None,
        sampler: MakeSampler = GaussianMixture,
        **shared: Any,
    ) -> None:
        super().__init__(data_shape, sampler=sampler, **shared)
        self.loss = loss or SquaredError()

    def losses(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        loss = self.loss(x, self.outputs(self.code(x, labels), labels)).mean()
        return {"loss": loss, "reconstruction_loss": loss.detach()}
