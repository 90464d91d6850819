"""Generative adversarial network: Goodfellow et al., 2014."""

from typing import Any

from torch import Tensor

from gan_lightning.losses import AdversarialLoss, NonSaturatingLoss
from gan_lightning.models.adversarial import AdversarialModule
from gan_lightning.models.judgement import Terms
from gan_lightning.networks import Shape


class GAN(AdversarialModule):
    """Each player minimises its side of an injected loss (Goodfellow et al., 2014, Algorithm 1).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        loss: What the players minimise, as a function of the discriminator's logits; the
            non-saturating loss by default.
    """

    def __init__(
        self, data_shape: Shape, *, loss: AdversarialLoss | None = None, **shared: Any
    ) -> None:
        super().__init__(data_shape, **shared)
        self.loss = loss or NonSaturatingLoss()

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return self.loss.discriminator(real_logits, fake_logits)

    def generator_loss(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return self.loss.generator(fake_logits)

    def reading(self, real_logits: Tensor, fake_logits: Tensor) -> Terms:
        return self.loss.reading(real_logits, fake_logits)
