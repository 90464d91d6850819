"""What the models ask of a network."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

Shape = tuple[int, ...]
"""Shape of one data point, without the batch: ``(1, 28, 28)`` for a digit, ``(4,)`` for a row."""


class Generator(nn.Module, ABC):
    """Maps latents, shape ``(batch, latent_dim)``, to points, shape ``(batch, *data_shape)``."""

    latent_dim: int

    @abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Return one point for each latent vector."""


class ConditionalGenerator(nn.Module, ABC):
    """Maps latents and labels, int64 of shape ``(batch,)``, to points of those labels."""

    latent_dim: int

    @abstractmethod
    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        """Return one point for each latent vector and label."""


class Discriminator(nn.Module, ABC):
    """Maps points, shape ``(batch, *data_shape)``, to logits, shape ``(batch,)``.

    A logit is any real number, never a probability: the loss holds the sigmoid, and a Wasserstein
    critic reads the same number as a score.
    """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return one logit for each point."""


class FeatureDiscriminator(Discriminator):
    """A discriminator whose logit is linear in features, which other heads can read too.

    Args:
        num_features: Number of features of a point.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    head: nn.Module
    """Maps features to one logit, shape ``(batch, 1)``."""

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """Return the features of each point, shape ``(batch, num_features)``."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x)).flatten(0)


class ConditionalDiscriminator(nn.Module, ABC):
    """Maps points and labels, int64 of shape ``(batch,)``, to logits, shape ``(batch,)``."""

    @abstractmethod
    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return one logit for each point together with its label."""


class ImageClassifier(nn.Module, ABC):
    """Maps images, shape ``(batch, *data_shape)``, to class logits, ``(batch, num_classes)``."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return one logit for each image and class."""


class ClassifyingDiscriminator(Discriminator):
    """A discriminator that also says which class a point belongs to."""

    @abstractmethod
    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits, shape ``(batch,)``, and class logits, shape ``(batch, num_classes)``."""

    def forward(self, x: Tensor) -> Tensor:
        return self.judge(x)[0]


class Encoder(nn.Module, ABC):
    """Maps points, shape ``(batch, *data_shape)``, to codes, shape ``(batch, code_dim)``.

    What a code means is the model's affair: a latent vector, or the means and log-variances of one.
    """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return one code for each point."""


class ConditionalEncoder(nn.Module, ABC):
    """Maps points and labels, int64 of shape ``(batch,)``, to codes as an encoder does."""

    @abstractmethod
    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return one code for each point together with its label."""


class Decoder(nn.Module, ABC):
    """Maps latents, shape ``(batch, latent_dim)``, to numbers of shape ``(batch, *data_shape)``.

    They are any real numbers: the likelihood or the loss says what they mean, such as logits.
    """

    latent_dim: int

    @abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Return the numbers of one point for each latent vector."""


class ConditionalDecoder(nn.Module, ABC):
    """Maps latents and labels, int64 of shape ``(batch,)``, to numbers as a decoder does."""

    latent_dim: int

    @abstractmethod
    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        """Return the numbers of one point for each latent vector and label."""
