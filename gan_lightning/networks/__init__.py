"""What is trained: tensors in, tensors out."""

from gan_lightning.networks.affine_jitter import AffineJitter
from gan_lightning.networks.classifier import ConvClassifier
from gan_lightning.networks.conditional import (
    AuxiliaryClassifier,
    LabelledDiscriminator,
    LabelledGenerator,
    ProjectionDiscriminator,
)
from gan_lightning.networks.contracts import (
    ClassifyingDiscriminator,
    ConditionalDiscriminator,
    ConditionalGenerator,
    Discriminator,
    FeatureDiscriminator,
    Generator,
    ImageClassifier,
    Shape,
)
from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_lightning.networks.instance_noise import InstanceNoise
from gan_lightning.networks.keras_conv import KerasConvGenerator
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator
from gan_lightning.networks.resnet import ResNetDiscriminator, ResNetGenerator

__all__ = [
    "AffineJitter",
    "AuxiliaryClassifier",
    "ClassifyingDiscriminator",
    "ConditionalDiscriminator",
    "ConditionalGenerator",
    "ConvClassifier",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Discriminator",
    "FeatureDiscriminator",
    "Generator",
    "ImageClassifier",
    "InstanceNoise",
    "KerasConvGenerator",
    "LabelledDiscriminator",
    "LabelledGenerator",
    "MLPDiscriminator",
    "MLPGenerator",
    "ProjectionDiscriminator",
    "ResNetDiscriminator",
    "ResNetGenerator",
    "Shape",
]
