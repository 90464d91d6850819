"""The classes that a checkpoint may name: none takes a callable, an expression or a file to run."""

import inspect
from functools import cache
from typing import Any, get_origin

import lightning.pytorch.callbacks
import lightning.pytorch.loggers
import lightning.pytorch.profilers
import lightning.pytorch.strategies
import torch

import gan_lightning

ROOMS = ("models", "networks", "losses", "samplers", "features", "data", "callbacks")
"""The rooms whose exported classes a checkpoint may name."""

UNSAFE = {"InceptionFeatures"}
"""Exported classes that it may not: this one hands a file to another package."""

LAYERS = """
    AdaptiveAvgPool2d AdaptiveMaxPool2d AlphaDropout AvgPool1d AvgPool2d BatchNorm1d BatchNorm2d
    BatchNorm3d CELU Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d Dropout
    Dropout1d Dropout2d ELU Embedding Flatten GELU GLU GroupNorm Hardshrink Hardsigmoid Hardswish
    Hardtanh Identity InstanceNorm1d InstanceNorm2d LayerNorm LeakyReLU Linear LocalResponseNorm
    LogSigmoid MaxPool1d MaxPool2d Mish PReLU PixelShuffle PixelUnshuffle RMSNorm RReLU ReLU ReLU6
    SELU SiLU Sigmoid Softmax Softplus Softshrink Softsign SyncBatchNorm Tanh Tanhshrink Threshold
    Unflatten Upsample
"""

OPTIMIZERS = """
    ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax LBFGS Muon NAdam RAdam RMSprop Rprop SGD
    SparseAdam
"""

SCHEDULERS = """
    ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts ExponentialLR LinearLR MultiStepLR
    OneCycleLR PolynomialLR ReduceLROnPlateau StepLR
"""

# Without ModelCheckpoint, whose state names files that it deletes.
CALLBACKS = """
    DeviceStatsMonitor EarlyStopping LearningRateMonitor ModelSummary RichModelSummary
    RichProgressBar TQDMProgressBar Timer
"""

# Others reach the network or start a process.
LOGGERS = "CSVLogger TensorBoardLogger"

SCHEDULES = "Cosine Exponential Linear"

STRATEGIES = "DDPStrategy SingleDeviceStrategy"

PROFILERS = "AdvancedProfiler PassThroughProfiler SimpleProfiler"

LISTED = [
    (gan_lightning.schedules, SCHEDULES),
    (torch.nn, LAYERS),
    (torch.optim, OPTIMIZERS),
    (torch.optim.lr_scheduler, SCHEDULERS),
    (lightning.pytorch.callbacks, CALLBACKS),
    (lightning.pytorch.loggers, LOGGERS),
    (lightning.pytorch.strategies, STRATEGIES),
    (lightning.pytorch.profilers, PROFILERS),
]


@cache
def listed_paths() -> frozenset[str]:
    """Return the paths of all listed classes: where they are exported, and where defined."""
    exported = [(module, names.split()) for module, names in LISTED]
    for room in ROOMS:
        module = getattr(gan_lightning, room)
        exported.append((module, sorted(set(module.__all__) - UNSAFE)))
    # Some of PyTorch's are younger than the oldest version that we know.
    named = [(m, name, getattr(m, name, None)) for m, names in exported for name in names]
    return frozenset(
        path
        for module, name, cls in named
        if inspect.isclass(cls) and get_origin(cls) is None  # Shape, in Python 3.10, is both
        for path in {f"{module.__name__}.{name}", *_package_path(name, cls), *canonical_paths(cls)}
    )


def _package_path(name: str, cls: type) -> set[str]:
    """Return the path of a class that the package itself exports too."""
    return {f"gan_lightning.{name}"} if getattr(gan_lightning, name, None) is cls else set()


def canonical_paths(value: Any) -> set[str]:
    """Return where a class or a function was defined, which jsonargparse checks too."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    return {f"{module}.{name}"} if module and name and "<" not in name else set()
