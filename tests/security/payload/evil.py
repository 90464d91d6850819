"""A module that no checkpoint may bring in: it records its import and each of its calls."""

import os
from functools import wraps

SIGN = "GAN_LIGHTNING_PAYLOAD"


def record(what):
    os.environ[SIGN] = f"{os.environ.get(SIGN, '')} {what}"


record("import")

import torch  # noqa: E402
from lightning.pytorch.accelerators import CPUAccelerator  # noqa: E402
from lightning.pytorch.callbacks import Callback  # noqa: E402
from lightning.pytorch.loggers import CSVLogger  # noqa: E402
from lightning.pytorch.plugins import TorchCheckpointIO  # noqa: E402
from lightning.pytorch.plugins.environments import LightningEnvironment  # noqa: E402
from lightning.pytorch.profilers import SimpleProfiler  # noqa: E402
from lightning.pytorch.strategies import SingleDeviceStrategy  # noqa: E402
from torch import nn  # noqa: E402

from gan_lightning import data, features, losses, models, networks, samplers  # noqa: E402


def recording(base):
    """Return a subclass that does what its base does, and records it."""

    @wraps(base.__init__)  # with its signature
    def __init__(self, *args, **kwargs):  # noqa: N807
        record(base.__name__)
        base.__init__(self, *args, **kwargs)

    namespace = {"__init__": __init__, "__module__": __name__}
    return type(base)(f"Evil{base.__name__}", (base,), namespace)


for _base in (
    *(networks.MLPGenerator, networks.MLPDiscriminator, networks.MLPEncoder, networks.MLPDecoder),
    *(networks.LabelledGenerator, losses.NonSaturatingLoss, losses.R1, losses.Gaussian),
    *(samplers.Prior, data.Iris, features.DigitFeatures, models.GAN),
    *(nn.ReLU, nn.BatchNorm1d, torch.optim.Adam, torch.optim.lr_scheduler.ConstantLR),
    *(Callback, CSVLogger, TorchCheckpointIO, LightningEnvironment, SimpleProfiler),
    *(SingleDeviceStrategy, CPUAccelerator),
):
    globals()[f"Evil{_base.__name__}"] = recording(_base)

loss = losses.NonSaturatingLoss()


def make_generator(data_shape: networks.Shape, latent_dim: int = 2) -> networks.Generator:
    record("make_generator")
    return networks.MLPGenerator(data_shape, latent_dim, [4])


def make_activation() -> nn.Module:
    record("make_activation")
    return nn.ReLU()


def call(*args, **kwargs):
    record("call")
    return 1.0
