"""MNIST and two data sets of the same form."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torchvision.datasets
from torch.nn.functional import pad as padded

from gan_lightning.data.binarised import Binarisation
from gan_lightning.data.contracts import Stage
from gan_lightning.data.image_units import ValueRange
from gan_lightning.data.images import Images, resized, split_off
from gan_lightning.data.memory import Split
from gan_lightning.data.mnist_files import read_split
from gan_lightning.errors import InputError
from gan_lightning.features import DigitFeatures, FeatureExtractor

DATASETS = {
    "mnist": torchvision.datasets.MNIST,
    "fashion_mnist": torchvision.datasets.FashionMNIST,
    "kmnist": torchvision.datasets.KMNIST,
}

DIGIT_NAMES = tuple("0123456789")

NAMES = {
    "fashion_mnist": tuple(torchvision.datasets.FashionMNIST.classes),
    "kmnist": tuple(torchvision.datasets.KMNIST.classes),
}
"""Names of the labels that are not digits."""


class MNIST(Images):
    """70 000 grey images of 28×28 pixels in ten classes; downloaded if missing.

    The files must be the published ones, byte for byte; for ``kmnist`` this is checked if the
    archives lie beside them, as after a download.

    Args:
        root: Folder that holds, or will hold, the folder ``MNIST``.
        dataset: ``mnist`` (handwritten digits, LeCun et al., 1998), ``fashion_mnist`` (Xiao et al.,
            2017) or ``kmnist`` (Clanuwat et al., 2018).
        download: Download missing files.
        batch_size: Images in a batch.
        num_val: Training images that are held out for validation, drawn at random; ``test`` uses
            the 10 000 test images. With 0, all are trained on and validation uses the test images
            too, as in the articles: then nothing may be chosen by them.
        size: Height and width: 28, or 32 with a black margin, or any other by resizing.
        value_range: Range of the floats: ``[-1, 1]`` or ``[0, 1]``.
        binarise: Make images black and white: ``threshold`` at one half, ``bernoulli`` by chance,
            with the grey value as the probability of white, redrawn for every training batch and
            fixed in validation and test.
        features: Features that the metrics use; by default ``DigitFeatures`` of ``mnist``, and
            ``FilterFeatures`` of the two without digits.
        official: Accept only the published files. With ``false``, others of that form are accepted:
            images of 28×28 pixels, with a label from 0 to 9 each.
    """

    def __init__(  # noqa: PLR0913 - which files, how they are split, and how they become floats
        self,
        root: str = "data",
        dataset: Literal["mnist", "fashion_mnist", "kmnist"] = "mnist",
        download: bool = True,
        batch_size: int = 128,
        num_val: int = 5000,
        size: int = 28,
        value_range: ValueRange = "[-1, 1]",
        binarise: Binarisation | None = None,
        features: FeatureExtractor | None = None,
        official: bool = True,
    ) -> None:
        if dataset not in DATASETS:
            raise InputError(f"dataset must be one of {', '.join(DATASETS)}; found {dataset!r}.")
        names = NAMES.get(dataset, DIGIT_NAMES)
        if dataset == "mnist":
            features = features or DigitFeatures()
        super().__init__((1, size, size), 10, batch_size, value_range, features, binarise, names)
        self.knows_classes = dataset == "mnist"
        if not 0 <= num_val < 60000:
            raise InputError(f"num_val must lie in [0, 60000), found {num_val}.")
        self.root = root
        self.dataset = dataset
        self.download = download
        self.num_val = num_val
        self.official = official

    def prepare_data(self) -> None:
        """Download the files, in one process only."""
        if self.download:
            with self._explained():
                DATASETS[self.dataset](self.root, download=True)

    def setup(self, stage: str) -> None:
        train, self.test = (self._read(is_train) for is_train in (True, False))
        if self.num_val >= len(train.x):
            raise InputError(
                f"num_val: {self.num_val} of {len(train.x)} training images cannot be held out."
            )
        self.train, val = split_off(train, self.num_val, seed=0)
        self.val = val if self.num_val else self.test
        self.binarise_splits()

    def described(self, stage: Stage) -> str:
        return super().described(stage) if self.num_val else f"{len(self.test.x)} test points"

    @property
    def _folder(self) -> Path:
        return Path(self.root).absolute() / DATASETS[self.dataset].__name__ / "raw"

    def _read(self, train: bool) -> Split:
        with self._explained():
            images, labels = read_split(self._folder, DATASETS[self.dataset], train, self.official)
        size = self.data_shape[1]
        return Split(padded(images, [2] * 4) if size == 32 else resized(images, size), labels)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say where the files should be, whatever error occurs in reading or fetching them.

        Raises:
            InputError: If one does.
        """
        try:
            yield
        except InputError:
            raise
        except Exception as error:  # torchvision raises many kinds of errors
            there = self._folder.is_dir() and not isinstance(error, FileNotFoundError)
            problem = "is damaged" if there else "was not found"
            tried = " and could not be downloaded" if self.download else ""
            raise InputError(
                f"{DATASETS[self.dataset].__name__} {problem} in {self._folder}{tried}: put its "
                "files there, or use the data module Digits, which needs no download."
            ) from error
