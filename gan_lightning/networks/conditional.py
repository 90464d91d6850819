"""Networks that know the label of a point, around networks that do not."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.networks.contracts import (
    ClassifyingDiscriminator,
    ConditionalDecoder,
    ConditionalDiscriminator,
    ConditionalEncoder,
    ConditionalGenerator,
    Decoder,
    Discriminator,
    Encoder,
    FeatureDiscriminator,
    Generator,
    Shape,
)

MakeGenerator = Callable[[Shape], Generator]
MakeDiscriminator = Callable[[Shape], Discriminator]
MakeFeatureDiscriminator = Callable[[Shape], FeatureDiscriminator]
MakeEncoder = Callable[[Shape, int], Encoder]
MakeDecoder = Callable[[Shape], Decoder]


class LabelledGenerator(ConditionalGenerator):
    """Any generator, of whose latent numbers some are an embedding of the label.

    Mirza & Osindero, 2014, concatenate latent and label; the embedding is learned.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels.
        generator: Makes the generator inside; its ``latent_dim`` counts the embedding too.
        embedding_dim: Length of a label's embedding.
    """

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int,
        generator: MakeGenerator,
        embedding_dim: int = 16,
    ) -> None:
        super().__init__()
        self.generator = generator(data_shape)
        self.latent_dim = self.generator.latent_dim - embedding_dim
        if self.latent_dim < 1 or embedding_dim < 1:
            raise InputError(
                f"LabelledGenerator: embedding_dim must be positive and below the generator's "
                f"latent_dim {self.generator.latent_dim}, found {embedding_dim}."
            )
        self.embedding = nn.Embedding(num_classes, embedding_dim)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return self.generator(torch.cat([z, self.embedding(labels)], 1))


class LabelledDiscriminator(ConditionalDiscriminator):
    """Any discriminator of images, with the label as further channels.

    Mirza & Osindero, 2014, concatenate point and label. Here a label is a learned plane for each
    class, the size of the image; of a row it is as many further numbers as the row has.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels.
        discriminator: Makes the discriminator inside, for points with twice the channels.
    """

    def __init__(
        self, data_shape: Shape, num_classes: int, discriminator: MakeDiscriminator
    ) -> None:
        super().__init__()
        self.discriminator = discriminator((2 * data_shape[0], *data_shape[1:]))
        self.planes = nn.Parameter(torch.randn(num_classes, *data_shape))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.discriminator(torch.cat([x, self.planes[labels]], 1))


class ProjectionDiscriminator(ConditionalDiscriminator):
    """Any discriminator with features f: logit(x) + ⟨embedding(label), f(x)⟩.

    Miyato & Koyama, 2018, Equation 3.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels.
        discriminator: Makes the discriminator inside.
    """

    def __init__(
        self, data_shape: Shape, num_classes: int, discriminator: MakeFeatureDiscriminator
    ) -> None:
        super().__init__()
        self.discriminator = discriminator(data_shape)
        self.embedding = nn.Embedding(num_classes, self.discriminator.num_features)
        nn.init.normal_(self.embedding.weight, 0.0, 0.02)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        features = self.discriminator.features(x)
        projections = (self.embedding(labels) * features).sum(1)
        return self.discriminator.head(features).flatten(0) + projections


class AuxiliaryClassifier(ClassifyingDiscriminator):
    """Any discriminator with features, from which a second head tells the class.

    Odena et al., 2017.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels.
        discriminator: Makes the discriminator inside.
    """

    def __init__(
        self, data_shape: Shape, num_classes: int, discriminator: MakeFeatureDiscriminator
    ) -> None:
        super().__init__()
        self.discriminator = discriminator(data_shape)
        self.classifier = nn.Linear(self.discriminator.num_features, num_classes)

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.discriminator.features(x)
        return self.discriminator.head(features).flatten(0), self.classifier(features)


class LabelledEncoder(ConditionalEncoder):
    """Any encoder, with the label as further channels: a learned plane for each class.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels.
        code_dim: Length of a code; the model chooses it.
        encoder: Makes the encoder inside, for points with twice the channels.
    """

    def __init__(
        self, data_shape: Shape, num_classes: int, code_dim: int, encoder: MakeEncoder
    ) -> None:
        super().__init__()
        self.encoder = encoder((2 * data_shape[0], *data_shape[1:]), code_dim)
        self.planes = nn.Parameter(torch.randn(num_classes, *data_shape))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.encoder(torch.cat([x, self.planes[labels]], 1))


class LabelledDecoder(ConditionalDecoder):
    """Any decoder, of whose latent numbers some are a learned embedding of the label.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels.
        decoder: Makes the decoder inside; its ``latent_dim`` counts the embedding too.
        embedding_dim: Length of a label's embedding.
    """

    def __init__(
        self, data_shape: Shape, num_classes: int, decoder: MakeDecoder, embedding_dim: int = 16
    ) -> None:
        super().__init__()
        self.decoder = decoder(data_shape)
        self.latent_dim = self.decoder.latent_dim - embedding_dim
        if self.latent_dim < 1 or embedding_dim < 1:
            raise InputError(
                f"LabelledDecoder: embedding_dim must be positive and below the decoder's "
                f"latent_dim {self.decoder.latent_dim}, found {embedding_dim}."
            )
        self.embedding = nn.Embedding(num_classes, embedding_dim)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return self.decoder(torch.cat([z, self.embedding(labels)], 1))
