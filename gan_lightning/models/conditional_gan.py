"""Conditional GAN: Mirza & Osindero, 2014."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_lightning.losses import AdversarialLoss, NonSaturatingLoss
from gan_lightning.models.adversarial import MakeOptimizer, MakeScheduler, built
from gan_lightning.models.conditional import ConditionalModule, MakeConditionalGenerator
from gan_lightning.networks import (
    ConditionalDiscriminator,
    ConditionalGenerator,
    Shape,
)

MakeConditionalDiscriminator = Callable[[Shape, int], ConditionalDiscriminator]


class ConditionalGAN(ConditionalModule):
    """Both players are told the label (Mirza & Osindero, 2014, Equation 2).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels; likewise.
        generator: Makes the generator for a shape of data and a number of labels.
        discriminator: Makes the discriminator for them.
        loss: What the players minimise, as a function of the discriminator's logits; the
            non-saturating loss by default.
        g_optimizer: Makes the generator's optimizer for its parameters.
        d_optimizer: Makes the discriminator's optimizer for its parameters.
        lr_scheduler: Makes a learning rate schedule for each of the two optimizers, stepped once
            an epoch; none by default.
    """

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int,
        generator: MakeConditionalGenerator,
        discriminator: MakeConditionalDiscriminator,
        loss: AdversarialLoss | None = None,
        g_optimizer: MakeOptimizer = torch.optim.Adam,
        d_optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: MakeScheduler | None = None,
    ) -> None:
        points = (tuple(data_shape), num_classes)
        super().__init__(
            num_classes,
            built("generator", ConditionalGenerator, generator, *points),
            built("discriminator", ConditionalDiscriminator, discriminator, *points),
            g_optimizer,
            d_optimizer,
            lr_scheduler,
        )
        self.loss = loss or NonSaturatingLoss()

    def discriminator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes_given(labels).detach()

        real_logits = self.discriminator(real, labels)
        fake_logits = self.discriminator(fake, labels)
        self.log_judgement(real_logits, fake_logits)

        return self.loss.discriminator(real_logits, fake_logits)

    def generator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes_given(labels)
        return self.loss.generator(self.discriminator(fake, labels))

    def judge(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.discriminator(x, labels)
