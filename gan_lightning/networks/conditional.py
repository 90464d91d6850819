"""Networks that know the label of a point, around networks that do not."""

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.networks.building import (
    MakeDecoder,
    MakeDiscriminator,
    MakeEncoder,
    MakeFeatureDiscriminator,
    MakeGenerator,
    built,
    known_labels,
)
from gan_lightning.networks.contracts import (
    ClassifyingDiscriminator,
    Decoder,
    Discriminator,
    Encoder,
    FeatureDiscriminator,
    Generator,
    Shape,
)
from gan_lightning.networks.label_embedding import Parts, label_embedding, tables
from gan_lightning.networks.mlp import MLPDecoder, MLPDiscriminator, MLPEncoder, MLPGenerator
from gan_lightning.networks.spectral_norm import normalise_like


class LabelledGenerator(Generator):
    """Any generator, with part of its latent replaced by an embedding of the label.

    Mirza & Osindero, 2014, concatenate latent and label; the embedding is learned.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels, passed by the model.
        generator: Makes the generator inside; its ``latent_dim`` counts the embedding too.
        embedding_dim: Length of a label's embedding.
        parts: Sizes of the digits that make up a label, such as ``[10, 10, 10]``, whose embeddings
            are added; by default each label has its own.
    """

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int | None = None,
        generator: MakeGenerator = MLPGenerator,
        embedding_dim: int = 16,
        parts: Parts | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = known_labels("LabelledGenerator", num_classes)
        self.generator = built("generator", Generator, generator, data_shape)
        self.latent_dim = _shortened(self.generator, embedding_dim, "LabelledGenerator")
        self.embedding = label_embedding(self.num_classes, embedding_dim, parts)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.generator(torch.cat([z, self.embedding(labels)], 1))


class LabelledDecoder(Decoder):
    """Any decoder, with part of its latent replaced by a learned embedding of the label.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels, passed by the model.
        decoder: Makes the decoder inside; its ``latent_dim`` counts the embedding too.
        embedding_dim: Length of a label's embedding; by default 16, or half of a ``latent_dim``
            that is no longer than that.
    """

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int | None = None,
        decoder: MakeDecoder = MLPDecoder,
        embedding_dim: int | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = known_labels("LabelledDecoder", num_classes)
        self.decoder = built("decoder", Decoder, decoder, data_shape)
        if embedding_dim is None:
            embedding_dim = 16 if self.decoder.latent_dim > 16 else self.decoder.latent_dim // 2
        self.latent_dim = _shortened(self.decoder, embedding_dim, "LabelledDecoder")
        self.embedding = nn.Embedding(self.num_classes, embedding_dim)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.decoder(torch.cat([z, self.embedding(labels)], 1))


class LabelledDiscriminator(Discriminator):
    """Any discriminator of images, with the label as further channels.

    Mirza & Osindero, 2014, concatenate point and label. Here each class has a learned plane of the
    image's size; for rows, as many further numbers as a row has.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels, passed by the model.
        discriminator: Makes the discriminator inside, for points with twice the channels.
    """

    judges_each_alone = True

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int | None = None,
        discriminator: MakeDiscriminator = MLPDiscriminator,
    ) -> None:
        super().__init__()
        self.num_classes = known_labels("LabelledDiscriminator", num_classes)
        self.discriminator = built(
            "discriminator", Discriminator, discriminator, _with_planes(data_shape)
        )
        self.planes = nn.Parameter(torch.randn(self.num_classes, *data_shape))
        normalise_like(self.discriminator, self, "planes")

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.discriminator(torch.cat([x, self.planes[labels]], 1))


class LabelledEncoder(Encoder):
    """Any encoder, with the label as further channels: a learned plane for each class.

    Args:
        data_shape: Shape of one point.
        code_dim: Length of a code, chosen by the model.
        num_classes: Number of labels, passed by the model.
        encoder: Makes the encoder inside, for points with twice the channels.
    """

    def __init__(
        self,
        data_shape: Shape,
        code_dim: int,
        num_classes: int | None = None,
        encoder: MakeEncoder = MLPEncoder,
    ) -> None:
        super().__init__()
        self.num_classes = known_labels("LabelledEncoder", num_classes)
        self.encoder = built("encoder", Encoder, encoder, _with_planes(data_shape), code_dim)
        self.planes = nn.Parameter(torch.randn(self.num_classes, *data_shape))

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.encoder(torch.cat([x, self.planes[labels]], 1))


class ProjectionDiscriminator(Discriminator):
    """Any discriminator with features f: logit(x) + ⟨embedding(label), f(x)⟩.

    Miyato & Koyama, 2018, Equation 3.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels, passed by the model.
        discriminator: Makes the discriminator inside.
        parts: As for ``LabelledGenerator``.
    """

    judges_each_alone = True

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int | None = None,
        discriminator: MakeFeatureDiscriminator = MLPDiscriminator,
        parts: Parts | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = known_labels("ProjectionDiscriminator", num_classes)
        self.discriminator = built("discriminator", FeatureDiscriminator, discriminator, data_shape)
        num_features = self.discriminator.num_features
        self.embedding = label_embedding(self.num_classes, num_features, parts)
        for table in tables(self.embedding):
            nn.init.normal_(table.weight, 0.0, 0.02)
            normalise_like(self.discriminator, table)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.discriminator.features(x)
        projections = (self.embedding(labels) * features).sum(1)
        return self.discriminator.logits(features) + projections


class AuxiliaryClassifier(ClassifyingDiscriminator):
    """Any discriminator with features, from which a second head predicts the class.

    Odena et al., 2017.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels, passed by the model.
        discriminator: Makes the discriminator inside.
    """

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int | None = None,
        discriminator: MakeFeatureDiscriminator = MLPDiscriminator,
    ) -> None:
        super().__init__()
        count = known_labels("AuxiliaryClassifier", num_classes)
        self.discriminator = built("discriminator", FeatureDiscriminator, discriminator, data_shape)
        self.classifier = nn.Linear(self.discriminator.num_features, count)
        normalise_like(self.discriminator, self.classifier)

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.discriminator.features(x)
        return self.discriminator.logits(features), self.classifier(features)


def _shortened(network: Generator | Decoder, embedding_dim: int, owner: str) -> int:
    """Return how many latent numbers an embedding leaves."""
    left = network.latent_dim - embedding_dim
    if left < 1 or embedding_dim < 1:
        inside = "generator" if isinstance(network, Generator) else "decoder"
        raise InputError(
            f"{owner}: embedding_dim must be positive and below the {inside}'s latent_dim "
            f"{network.latent_dim}, found {embedding_dim}."
        )
    return left


def _with_planes(data_shape: Shape) -> Shape:
    return (2 * data_shape[0], *data_shape[1:])
