"""Generative adversarial network: Goodfellow et al., 2014."""

import torch
from torch import Tensor

from gan_lightning.losses import AdversarialLoss, NonSaturatingLoss
from gan_lightning.models.adversarial import (
    AdversarialModule,
    MakeDiscriminator,
    MakeGenerator,
    MakeOptimizer,
    MakeScheduler,
)
from gan_lightning.networks import MLPDiscriminator, MLPGenerator, Shape


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
    ) -> None:
        super().__init__(
            data_shape, generator, discriminator, g_optimizer, d_optimizer, lr_scheduler, n_critic
        )
        self.loss = loss or NonSaturatingLoss()

    def discriminator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real)).detach()

        real_logits = self.discriminator(real)
        fake_logits = self.discriminator(fake)
        self.log_judgement(real_logits, fake_logits)

        return self.loss.discriminator(real_logits, fake_logits)

    def generator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real))
        return self.loss.generator(self.discriminator(fake))
