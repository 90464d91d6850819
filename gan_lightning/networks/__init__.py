"""What is trained: tensors in, tensors out."""

from typing import Any

from gan_lightning.networks.adaptive_tanh import AdaptiveTanh
from gan_lightning.networks.affine_jitter import AffineJitter
from gan_lightning.networks.augmentation import AdaptiveAugment, Augmentation, DiffAugment
from gan_lightning.networks.building import (
    MakeDecoder,
    MakeDiscriminator,
    MakeEncoder,
    MakeGenerator,
    MakeVelocity,
    built,
    class_of,
)
from gan_lightning.networks.classifier import ConvClassifier
from gan_lightning.networks.codebook import Codebook
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
    Decoder,
    Discriminator,
    Encoder,
    FeatureDiscriminator,
    Generator,
    ImageClassifier,
    Network,
    Shape,
    VelocityField,
    conditioned,
    one_pass_suffices,
)
from gan_lightning.networks.conv import (
    ConvDecoder,
    ConvDiscriminator,
    ConvEncoder,
    UpsamplingDecoder,
)
from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_lightning.networks.fourier_features import FourierFeatures
from gan_lightning.networks.instance_noise import InstanceNoise
from gan_lightning.networks.keras_conv import KerasConvGenerator
from gan_lightning.networks.learned_noise import LearnedNoise
from gan_lightning.networks.minibatch_std import MinibatchStd
from gan_lightning.networks.mlp import MLPDecoder, MLPDiscriminator, MLPEncoder, MLPGenerator
from gan_lightning.networks.packing import Packing
from gan_lightning.networks.r3 import R3Discriminator, R3Generator
from gan_lightning.networks.residual_mlp import ResidualMLPGenerator
from gan_lightning.networks.resnet import ResNetDiscriminator, ResNetGenerator
from gan_lightning.networks.unet import UNetVelocity
from gan_lightning.networks.velocity import MLPVelocity

__all__ = [
    "AdaptiveAugment",
    "AdaptiveTanh",
    "AffineJitter",
    "Augmentation",
    "AuxiliaryClassifier",
    "ClassifyingDiscriminator",
    "Codebook",
    "ConvClassifier",
    "ConvDecoder",
    "ConvDiscriminator",
    "ConvEncoder",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Decoder",
    "DiffAugment",
    "Discriminator",
    "Encoder",
    "FeatureDiscriminator",
    "FourierFeatures",
    "Generator",
    "ImageClassifier",
    "InstanceNoise",
    "KerasConvGenerator",
    "LabelledDecoder",
    "LabelledDiscriminator",
    "LabelledEncoder",
    "LabelledGenerator",
    "LearnedNoise",
    "MLPDecoder",
    "MLPDiscriminator",
    "MLPEncoder",
    "MLPGenerator",
    "MLPVelocity",
    "MakeDecoder",
    "MakeDiscriminator",
    "MakeEncoder",
    "MakeGenerator",
    "MakeVelocity",
    "MinibatchStd",
    "Network",
    "Packing",
    "ProjectionDiscriminator",
    "R3Discriminator",
    "R3Generator",
    "ResNetDiscriminator",
    "ResNetGenerator",
    "ResidualMLPGenerator",
    "Shape",
    "UNetVelocity",
    "UpsamplingDecoder",
    "VelocityField",
    "built",
    "class_of",
    "conditioned",
    "one_pass_suffices",
]

_CONDITIONAL = ("Generator", "Discriminator", "Encoder", "Decoder")


def __getattr__(name: str) -> Any:
    if (now := name.removeprefix("Conditional")) != name and now in _CONDITIONAL:
        raise ImportError(
            f"{name} is now {now}, whose forward takes labels as well: set num_classes on it."
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
