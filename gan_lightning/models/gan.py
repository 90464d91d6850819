"""Generative adversarial network: Goodfellow et al., 2014."""

import torch
from torch import Tensor

from gan_lightning.losses import AdversarialLoss, DiscriminatorPenalty, NonSaturatingLoss
from gan_lightning.models.adversarial import (
    AdversarialModule,
    MakeDiscriminator,
    MakeGenerator,
    MakeOptimizer,
    MakeScheduler,
    built,
)
from gan_lightning.networks import Discriminator, Generator, MLPDiscriminator, MLPGenerator, Shape


class GAN(AdversarialModule):
    """Each player minimises its side of an injected loss (Goodfellow et al., 2014, Algorithm 1).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        generator: Makes the generator for a shape of data.
        discriminator: Makes the discriminator for a shape of data.
        loss: What the players minimise, as a function of the discriminator's logits; the
            non-saturating loss by default.
        g_optimizer: Makes the generator's optimizer for its parameters.
        d_optimizer: Makes the discriminator's optimizer for its parameters.
        penalty: A penalty on the discriminator's slope, such as ``R1`` or ``DRAGAN``; none by
            default.
        lr_scheduler: Makes a learning rate schedule for each of the two optimizers, stepped once
            an epoch; none by default.
        n_critic: Discriminator steps for one generator step.
    """

    def __init__(
        self,
        data_shape: Shape,
        generator: MakeGenerator = MLPGenerator,
        discriminator: MakeDiscriminator = MLPDiscriminator,
        loss: AdversarialLoss | None = None,
        g_optimizer: MakeOptimizer = torch.optim.Adam,
        d_optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: MakeScheduler | None = None,
        n_critic: int = 1,
        penalty: DiscriminatorPenalty | None = None,
    ) -> None:
        super().__init__(
            built("generator", Generator, generator, tuple(data_shape)),
            built("discriminator", Discriminator, discriminator, tuple(data_shape)),
            g_optimizer,
            d_optimizer,
            lr_scheduler,
            n_critic,
        )
        self.loss = loss or NonSaturatingLoss()
        self.penalty = penalty

    def discriminator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real)).detach()

        real_logits = self.discriminator(real)
        fake_logits = self.discriminator(fake)
        self.log_judgement(real_logits, fake_logits)

        d_loss = self.loss.discriminator(real_logits, fake_logits)
        return d_loss if self.penalty is None else d_loss + self.penalty(self.discriminator, real)

    def generator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real))
        return self.loss.generator(self.discriminator(fake))
