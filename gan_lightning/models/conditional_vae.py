"""Conditional variational autoencoder: Sohn et al., 2015."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.losses import Gaussian, Likelihood
from gan_lightning.models.adversarial import MakeOptimizer, MakeScheduler, built
from gan_lightning.models.conditional import ConditionalModel
from gan_lightning.models.vae import MakeLikelihood
from gan_lightning.models.variational import VariationalModel
from gan_lightning.networks import ConditionalDecoder, ConditionalEncoder, Shape
from gan_lightning.samplers import Prior

MakeConditionalEncoder = Callable[[Shape, int, int], ConditionalEncoder]
MakeConditionalDecoder = Callable[[Shape, int], ConditionalDecoder]


class ConditionalVAE(ConditionalModel, VariationalModel):
    """Both networks are told the label: a bound on log p(x|label) (Sohn et al., 2015, Equation 4).

    The prior of the latents is N(0, I) whatever the label.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels; likewise.
        encoder: Makes the encoder for a shape of data, a number of labels and a length of codes,
            which are means and log-variances of latents.
        decoder: Makes the decoder for a shape of data and a number of labels.
        likelihood: Makes p(x|z): ``Bernoulli`` for points in [0, 1], ``Gaussian`` for all others.
        beta: Weight of the divergence; 1 is the bound.
        warm_up_batches: Training batches in which the weight grows linearly to ``beta``.
        optimizer: Makes the optimizer for all parameters.
        lr_scheduler: Makes a learning rate schedule, stepped once an epoch; none by default.
    """

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int,
        encoder: MakeConditionalEncoder,
        decoder: MakeConditionalDecoder,
        likelihood: MakeLikelihood = Gaussian,
        beta: float = 1.0,
        warm_up_batches: int = 0,
        optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: MakeScheduler | None = None,
    ) -> None:
        points = (tuple(data_shape), num_classes)
        made_decoder = built("decoder", ConditionalDecoder, decoder, *points)
        code_dim = 2 * made_decoder.latent_dim
        super().__init__(
            built("encoder", ConditionalEncoder, encoder, *points, code_dim),
            made_decoder,
            Prior,
            optimizer,
            lr_scheduler,
        )
        self.count_labels(num_classes)
        self.set_objective(built("likelihood", Likelihood, likelihood), beta, warm_up_batches)

    def code(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return self.encoder(x, self._needed(labels))

    def outputs(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return self.decoder(self.at_home(z), self._needed(labels))

    def sample_given(self, labels: Tensor) -> Tensor:
        return self.draw_points(self.sampler.sample(len(labels)), labels)

    def _needed(self, labels: Tensor | None) -> Tensor:
        if labels is None:
            raise InputError("ConditionalVAE: encode, decode and reconstruct need labels.")
        return labels.to(self.device)
