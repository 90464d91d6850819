"""Auxiliary classifier GAN: Odena et al., 2017."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from gan_lightning.losses import AdversarialLoss, NonSaturatingLoss
from gan_lightning.models.adversarial import MakeOptimizer, MakeScheduler, built
from gan_lightning.models.conditional import ConditionalModule, MakeConditionalGenerator
from gan_lightning.networks import (
    ClassifyingDiscriminator,
    ConditionalGenerator,
    Shape,
)

MakeClassifier = Callable[[Shape, int], ClassifyingDiscriminator]


class ACGAN(ConditionalModule):
    """The discriminator also tells the class, and both players want it right.

    Odena et al., 2017, Equations 2 and 3: D maximises L_S + L_C, G maximises L_C - L_S.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels; likewise.
        generator: Makes the generator for a shape of data and a number of labels.
        discriminator: Makes the discriminator that also classifies for them.
        loss: What the players minimise as to real and fake, L_S; the non-saturating loss by
            default.
        g_optimizer: Makes the generator's optimizer for its parameters.
        d_optimizer: Makes the discriminator's optimizer for its parameters.
        lr_scheduler: Makes a learning rate schedule for each of the two optimizers, stepped once
            an epoch; none by default.
    """

    discriminator: ClassifyingDiscriminator

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int,
        generator: MakeConditionalGenerator,
        discriminator: MakeClassifier,
        loss: AdversarialLoss | None = None,
        g_optimizer: MakeOptimizer = torch.optim.Adam,
        d_optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: MakeScheduler | None = None,
    ) -> None:
        points = (tuple(data_shape), num_classes)
        super().__init__(
            num_classes,
            built("generator", ConditionalGenerator, generator, *points),
            built("discriminator", ClassifyingDiscriminator, discriminator, *points),
            g_optimizer,
            d_optimizer,
            lr_scheduler,
        )
        self.loss = loss or NonSaturatingLoss()

    def discriminator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake_labels = self.random_labels(len(real))
        fake = self.fakes_given(fake_labels).detach()

        real_logits, real_classes = self.discriminator.judge(real)
        fake_logits, fake_classes = self.discriminator.judge(fake)
        self.log_judgement(real_logits, fake_logits)
        self._log_class_accuracy(real_classes, labels)

        source_loss = self.loss.discriminator(real_logits, fake_logits)
        class_loss = cross_entropy(real_classes, labels) + cross_entropy(fake_classes, fake_labels)
        return source_loss + class_loss

    def generator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        labels = self.random_labels(len(real))
        logits, classes = self.discriminator.judge(self.fakes_given(labels))
        return self.loss.generator(logits) + cross_entropy(classes, labels)

    def _log_class_accuracy(self, class_logits: Tensor, labels: Tensor) -> None:
        if self.logging_due:
            right = class_logits.detach().argmax(1) == labels
            self.log_if_due({"d_class_accuracy": right.float().mean()})
