"""What is trained: tensors in, tensors out."""

from gan_lightning.networks.affine_jitter import AffineJitter
from gan_lightning.networks.classifier import ConvClassifier
from gan_lightning.networks.conditional import (
    AuxiliaryClassifier,
    LabelledDecoder,
    LabelledDiscriminator,
    LabelledEncoder,
    LabelledGenerator,
    ProjectionDiscriminator,
)
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
    ImageClassifier,
    Shape,
)
from gan_lightning.networks.conv import ConvDecoder, ConvEncoder
from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_lightning.networks.instance_noise import InstanceNoise
from gan_lightning.networks.keras_conv import KerasConvGenerator
from gan_lightning.networks.mlp import MLPDecoder, MLPDiscriminator, MLPEncoder, MLPGenerator
from gan_lightning.networks.resnet import ResNetDiscriminator, ResNetGenerator

__all__ = [
    "AffineJitter",
    "AuxiliaryClassifier",
    "ClassifyingDiscriminator",
    "ConditionalDecoder",
    "ConditionalDiscriminator",
    "ConditionalEncoder",
    "ConditionalGenerator",
    "ConvClassifier",
    "ConvDecoder",
    "ConvEncoder",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Decoder",
    "Discriminator",
    "Encoder",
    "FeatureDiscriminator",
    "Generator",
    "ImageClassifier",
    "InstanceNoise",
    "KerasConvGenerator",
    "LabelledDecoder",
    "LabelledDiscriminator",
    "LabelledEncoder",
    "LabelledGenerator",
    "MLPDecoder",
    "MLPDiscriminator",
    "MLPEncoder",
    "MLPGenerator",
    "ProjectionDiscriminator",
    "ResNetDiscriminator",
    "ResNetGenerator",
    "Shape",
]
