"""Autoencoder: Rumelhart et al., 1986; Hinton & Salakhutdinov, 2006."""

import torch
from torch import Tensor

from gan_lightning.losses import ReconstructionLoss, SquaredError
from gan_lightning.models.adversarial import MakeOptimizer, MakeScheduler, built
from gan_lightning.models.latent import (
    LatentModel,
    MakeDecoder,
    MakeEncoder,
    MakeSampler,
    check_support,
)
from gan_lightning.networks import Decoder, Encoder, MLPDecoder, MLPEncoder, Shape
from gan_lightning.samplers import GaussianMixture


class Autoencoder(LatentModel):
    """The decoder undoes the encoder as well as a narrow latent lets it.

    Nothing tells it how to fill its latent space, so a sampler has to find out.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        encoder: Makes the encoder for a shape of data and a length of codes, here of latents.
        decoder: Makes the decoder for a shape of data; its ``latent_dim`` is the model's.
        loss: What tells a reconstruction from its point; the squared error by default.
        sampler: Makes what draws the latents of samples, for their length.
        optimizer: Makes the optimizer for all parameters.
        lr_scheduler: Makes a learning rate schedule, stepped once an epoch; none by default.
    """

    def __init__(
        self,
        data_shape: Shape,
        encoder: MakeEncoder = MLPEncoder,
        decoder: MakeDecoder = MLPDecoder,
        loss: ReconstructionLoss | None = None,
        sampler: MakeSampler = GaussianMixture,
        optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: MakeScheduler | None = None,
    ) -> None:
        shape = tuple(data_shape)
        made_decoder = built("decoder", Decoder, decoder, shape)
        super().__init__(
            built("encoder", Encoder, encoder, shape, made_decoder.latent_dim),
            made_decoder,
            sampler,
            optimizer,
            lr_scheduler,
        )
        self.loss = loss or SquaredError()

    def losses(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        loss = self.loss(x, self.decoder(self.encoder(x))).mean()
        return {"loss": loss, "reconstruction_loss": loss.detach()}

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        with self.evaluating():
            return self.encoder(self.at_home(x))

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        with self.evaluating():
            return self.loss.points(self.decoder(self.at_home(z)))

    def check(self, x: Tensor) -> None:
        check_support(self.loss, x)
