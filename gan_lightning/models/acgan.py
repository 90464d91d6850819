"""Auxiliary classifier GAN: Odena et al., 2017."""

from typing import Any

from torch import Tensor
from torch.nn.functional import cross_entropy

from gan_lightning.models.conditional_gan import ConditionalGAN
from gan_lightning.models.judgement import Judgement
from gan_lightning.networks import (
    AuxiliaryClassifier,
    ClassifyingDiscriminator,
    MakeDiscriminator,
    Shape,
    built,
)


class ACGAN(ConditionalGAN):
    """The discriminator also predicts the class, and both players aim for the right one.

    Odena et al., 2017, Equations 2 and 3: D maximises L_S + L_C, G maximises L_C - L_S.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        discriminator: Makes a discriminator that also classifies.
    """

    discriminator: ClassifyingDiscriminator

    classifies = True
    examples = "LabelledGenerator and AuxiliaryClassifier"

    def __init__(
        self,
        data_shape: Shape,
        *,
        discriminator: MakeDiscriminator = AuxiliaryClassifier,
        **rest: Any,
    ) -> None:
        super().__init__(data_shape, discriminator=discriminator, **rest)
        built("discriminator", ClassifyingDiscriminator, self.discriminator)

    def judge(self, x: Tensor, labels: Tensor) -> Judgement:
        logits, class_logits = self.discriminator.judge(x)
        right = class_logits.detach().argmax(1) == labels
        return Judgement(
            x,
            logits,
            terms={"class_loss": cross_entropy(class_logits, labels)},
            readings={"d_class_accuracy": right.float().mean()},
        )

    def labels_of_fakes(self, labels: Tensor) -> Tensor:
        return self.random_labels(len(labels))
