"""Where batches come from: LightningDataModules that yield (x, labels)."""

from gan_lightning.data.checkerboard import Checkerboard
from gan_lightning.data.clustered import Clustered
from gan_lightning.data.contracts import DataModule, Picture, Stage
from gan_lightning.data.curves import Spiral, TwoMoons
from gan_lightning.data.digits import Digits
from gan_lightning.data.frame import CSV, FrameTable
from gan_lightning.data.image_folder import ImageFolder
from gan_lightning.data.images import Images
from gan_lightning.data.iris import Iris
from gan_lightning.data.loader import TensorLoader
from gan_lightning.data.memory import DataMemory, Split
from gan_lightning.data.mnist import MNIST
from gan_lightning.data.points import GaussianGrid, GaussianRing, StandardNormal
from gan_lightning.data.recalled import Recalled
from gan_lightning.data.stacked_mnist import StackedMNIST
from gan_lightning.data.table import Table
from gan_lightning.data.units import Units

__all__ = [
    "CSV",
    "MNIST",
    "Checkerboard",
    "Clustered",
    "DataMemory",
    "DataModule",
    "Digits",
    "FrameTable",
    "GaussianGrid",
    "GaussianRing",
    "ImageFolder",
    "Images",
    "Iris",
    "Picture",
    "Recalled",
    "Spiral",
    "Split",
    "StackedMNIST",
    "Stage",
    "StandardNormal",
    "Table",
    "TensorLoader",
    "TwoMoons",
    "Units",
]
