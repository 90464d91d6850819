"""Generative models as PyTorch Lightning experiments; importing it makes its classes known."""

from gan_lightning.cli.main import turn_away

turn_away()  # what is misspelt is answered before the rooms below load PyTorch and Lightning

from gan_lightning import callbacks, data, features, losses, models, networks, samplers, schedules
from gan_lightning.callbacks import (
    ChannelsLast,
    Compiled,
    GeneratorEMA,
    GradientClipping,
    ImportanceBound,
    LatentPictures,
    SampleMetrics,
    SamplePictures,
    WeightHistograms,
)
from gan_lightning.callbacks.checkpoint_io import guard_lightning_reader
from gan_lightning.data import (
    MNIST,
    Clustered,
    DataModule,
    Digits,
    GaussianRing,
    ImageFolder,
    Images,
    Iris,
    StackedMNIST,
    StandardNormal,
    Table,
    TensorLoader,
)
from gan_lightning.features import (
    DigitFeatures,
    FeatureExtractor,
    Features,
    InceptionFeatures,
    StackedDigitFeatures,
)
from gan_lightning.losses import (
    DRAGAN,
    R1,
    R2,
    AdversarialLoss,
    Bernoulli,
    BinaryCrossEntropy,
    FiniteDifference,
    Gaussian,
    GradientPenalty,
    HingeLoss,
    LeastSquaresLoss,
    Likelihood,
    NonSaturatingLoss,
    Penalty,
    ReconstructionLoss,
    SaturatingLoss,
    SquaredError,
)
from gan_lightning.models import (
    ACGAN,
    GAN,
    R3GAN,
    VAE,
    WGAN,
    WGANGP,
    AdversarialModule,
    Autoencoder,
    AutoencodingModel,
    Classifier,
    ConditionalGAN,
    ConditionalVAE,
    ConfiguredModule,
    FlowMatching,
    GenerativeModel,
    LatentModel,
    OneLossModel,
    VariationalModel,
    WarmStartedGAN,
    WassersteinGAN,
)
from gan_lightning.networks import (
    AdaptiveAugment,
    AffineJitter,
    Augmentation,
    AuxiliaryClassifier,
    ClassifyingDiscriminator,
    ConvClassifier,
    ConvDecoder,
    ConvEncoder,
    DCGANDiscriminator,
    DCGANGenerator,
    Decoder,
    DiffAugment,
    Discriminator,
    Encoder,
    FeatureDiscriminator,
    Generator,
    ImageClassifier,
    InstanceNoise,
    KerasConvGenerator,
    LabelledDecoder,
    LabelledDiscriminator,
    LabelledEncoder,
    LabelledGenerator,
    MinibatchStd,
    MLPDecoder,
    MLPDiscriminator,
    MLPEncoder,
    MLPGenerator,
    MLPVelocity,
    Network,
    Packing,
    ProjectionDiscriminator,
    ResNetDiscriminator,
    ResNetGenerator,
    VelocityField,
)
from gan_lightning.samplers import (
    FittedSampler,
    ForEachLabel,
    GaussianMixture,
    LatentSampler,
    Prior,
    SecondStageVAE,
)
from gan_lightning.schedules import Cosine, Linear, Schedule
from gan_lightning.trust import guard_lightning_loader
from gan_lightning.version import __version__

guard_lightning_loader()
guard_lightning_reader()

__all__ = [
    "ACGAN", "DRAGAN", "GAN", "MNIST", "R1", "R2", "R3GAN", "VAE", "WGAN", "WGANGP",
    "AdaptiveAugment", "AdversarialLoss", "AdversarialModule", "AffineJitter", "Augmentation",
    "Autoencoder", "AutoencodingModel", "AuxiliaryClassifier", "Bernoulli",
    "BinaryCrossEntropy", "ChannelsLast", "Classifier", "ClassifyingDiscriminator", "Clustered",
    "Compiled", "ConditionalGAN", "ConditionalVAE", "ConfiguredModule", "ConvClassifier",
    "ConvDecoder", "ConvEncoder", "Cosine", "DCGANDiscriminator", "DCGANGenerator",
    "DataModule", "Decoder", "DiffAugment", "DigitFeatures", "Digits", "Discriminator",
    "Encoder", "FeatureDiscriminator", "FeatureExtractor", "Features", "FiniteDifference",
    "FittedSampler", "FlowMatching", "ForEachLabel", "Gaussian", "GaussianMixture",
    "GaussianRing", "GenerativeModel", "Generator", "GeneratorEMA", "GradientClipping",
    "GradientPenalty", "HingeLoss", "ImageClassifier", "ImageFolder", "Images",
    "ImportanceBound", "InceptionFeatures", "InstanceNoise", "Iris", "KerasConvGenerator",
    "LabelledDecoder", "LabelledDiscriminator", "LabelledEncoder", "LabelledGenerator",
    "LatentModel", "LatentPictures", "LatentSampler", "LeastSquaresLoss", "Likelihood",
    "Linear", "MLPDecoder", "MLPDiscriminator", "MLPEncoder", "MLPGenerator", "MLPVelocity",
    "MinibatchStd", "Network", "NonSaturatingLoss", "OneLossModel", "Packing", "Penalty",
    "Prior", "ProjectionDiscriminator", "ReconstructionLoss", "ResNetDiscriminator",
    "ResNetGenerator", "SampleMetrics", "SamplePictures", "SaturatingLoss", "Schedule",
    "SecondStageVAE", "SquaredError", "StackedDigitFeatures", "StackedMNIST", "StandardNormal",
    "Table", "TensorLoader", "VariationalModel", "VelocityField", "WarmStartedGAN",
    "WassersteinGAN", "WeightHistograms", "__version__", "callbacks", "data", "features",
    "losses", "models", "networks", "samplers", "schedules",
]  # fmt: skip
