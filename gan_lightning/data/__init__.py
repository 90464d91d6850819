"""Where batches come from: LightningDataModules that yield (x, labels)."""

from gan_lightning.data.contracts import DataModule
from gan_lightning.data.iris import Iris
from gan_lightning.data.loader import TensorLoader
from gan_lightning.data.points import GaussianRing, StandardNormal
from gan_lightning.data.table import Table

__all__ = ["DataModule", "GaussianRing", "Iris", "StandardNormal", "Table", "TensorLoader"]
