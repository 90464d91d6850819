"""Generative models as PyTorch Lightning experiments.

Importing the package imports its models, networks, samplers, data and callbacks, so that experiment
files can use bare class names and ``load_from_checkpoint`` finds them. Programs import them from
here: ``from gan_lightning import GAN, Iris, MLPGenerator``.
"""

from gan_lightning.cli.main import turn_away

turn_away()  # typing errors are answered before PyTorch and Lightning load

from gan_lightning import callbacks, data, features, losses, models, networks, samplers, schedules
from gan_lightning.callbacks import *
from gan_lightning.data import *
from gan_lightning.export import load
from gan_lightning.features import *
from gan_lightning.losses import *
from gan_lightning.models import *
from gan_lightning.networks import *
from gan_lightning.samplers import *
from gan_lightning.schedules import *
from gan_lightning.trust import guard_lightning_loader
from gan_lightning.version import __version__

guard_lightning_loader()

ROOMS = (callbacks, data, features, losses, models, networks, samplers, schedules)
"""Sources of this package's names: each room's ``__all__`` lists what it exports."""

__all__ = ["__version__", "load", *(name for room in ROOMS for name in room.__all__)]
