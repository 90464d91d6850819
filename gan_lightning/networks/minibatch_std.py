"""The variation within a batch, as a feature of its points."""

from torch import Tensor, nn

from gan_lightning.networks.building import MakeFeatureDiscriminator, built
from gan_lightning.networks.contracts import Discriminator, FeatureDiscriminator, Shape
from gan_lightning.networks.mlp import MLPDiscriminator


class MinibatchStd(Discriminator):
    """Any discriminator with features, and one more: the variation within the batch.

    Karras et al., 2018, Section 3: the standard deviation of each feature over the batch, averaged
    over the features. Logits then depend on the other points of the batch too, and a penalty sees
    the slope of all logits at a point.

    Args:
        data_shape: Shape of one point.
        discriminator: Makes the discriminator inside.
    """

    def __init__(
        self, data_shape: Shape, discriminator: MakeFeatureDiscriminator = MLPDiscriminator
    ) -> None:
        super().__init__()
        self.discriminator = built("discriminator", FeatureDiscriminator, discriminator, data_shape)
        self.weight = nn.Linear(1, 1, bias=False)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.discriminator.features(x)
        # The slope of a root at 0 is infinite without the epsilon.
        std = (features.var(0, correction=0) + 1e-8).sqrt().mean().expand(len(x), 1)
        return self.discriminator.logits(features) + self.weight(std).flatten(0)
