"""Variational autoencoder: Kingma & Welling, 2014."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_lightning.losses import Gaussian, Likelihood
from gan_lightning.models.adversarial import MakeOptimizer, MakeScheduler, built
from gan_lightning.models.latent import MakeDecoder, MakeEncoder, MakeSampler
from gan_lightning.models.variational import VariationalModel
from gan_lightning.networks import Decoder, Encoder, MLPDecoder, MLPEncoder, Shape
from gan_lightning.samplers import Prior

MakeLikelihood = Callable[[], Likelihood]


class VAE(VariationalModel):
    """An encoder and a decoder maximise a lower bound on log p(x) (Kingma & Welling, Equation 10).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        encoder: Makes the encoder for a shape of data and a length of codes, which are means and
            log-variances of latents.
        decoder: Makes the decoder for a shape of data; its ``latent_dim`` is the model's.
        likelihood: Makes p(x|z): ``Bernoulli`` for points in [0, 1], ``Gaussian`` for all others.
        beta: Weight of the divergence; 1 is the bound, more asks for independent latents (Higgins
            et al., 2017).
        warm_up_batches: Training batches in which the weight grows linearly to ``beta`` (Bowman et
            al., 2016).
        sampler: Makes what draws the latents of samples, for their length.
        optimizer: Makes the optimizer for all parameters.
        lr_scheduler: Makes a learning rate schedule, stepped once an epoch; none by default.
    """

    def __init__(
        self,
        data_shape: Shape,
        encoder: MakeEncoder = MLPEncoder,
        decoder: MakeDecoder = MLPDecoder,
        likelihood: MakeLikelihood = Gaussian,
        beta: float = 1.0,
        warm_up_batches: int = 0,
        sampler: MakeSampler = Prior,
        optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: MakeScheduler | None = None,
    ) -> None:
        shape = tuple(data_shape)
        made_decoder = built("decoder", Decoder, decoder, shape)
        super().__init__(
            built("encoder", Encoder, encoder, shape, 2 * made_decoder.latent_dim),
            made_decoder,
            sampler,
            optimizer,
            lr_scheduler,
        )
        self.set_objective(built("likelihood", Likelihood, likelihood), beta, warm_up_batches)

    def code(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return self.encoder(x)

    def outputs(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return self.decoder(self.at_home(z))
