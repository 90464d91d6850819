"""Generative models as PyTorch Lightning experiments.

Importing the package imports its models, networks, samplers, data and callbacks, so that experiment
files name them by their bare class names and ``load_from_checkpoint`` finds them.
"""

from gan_lightning import callbacks, data, features, losses, models, networks, samplers, schedules
from gan_lightning.trust import guard_lightning_loader
from gan_lightning.version import __version__

guard_lightning_loader()

__all__ = [
    "__version__",
    "callbacks",
    "data",
    "features",
    "losses",
    "models",
    "networks",
    "samplers",
    "schedules",
]
