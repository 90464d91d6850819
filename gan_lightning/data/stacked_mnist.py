"""Three digits in one image: a thousand modes that can be counted."""

import torch
from torch import Tensor

from gan_lightning.data.contracts import Picture, Stage
from gan_lightning.data.image_units import ValueRange
from gan_lightning.data.images import Images
from gan_lightning.data.memory import Split
from gan_lightning.data.mnist import MNIST
from gan_lightning.features import StackedDigitFeatures
from gan_lightning.figures import image_grid
from gan_lightning.metrics import (
    CompleteImageMetrics,
    ImageMetrics,
    TwoSampleMetric,
    class_shares,
)

NUM_CHANNELS = 3
NUM_DIGITS = 10


class StackedMNIST(Images):
    """A random digit of MNIST in each colour (Metz et al., 2017): 1 000 classes, which are modes.

    The label is the number formed by the digits, red first. Each split has as many images as
    MNIST's, and each digit of a split occurs in three of them. A histogram of 1 000 classes is
    noisy: 10 000 perfect samples still have a divergence of about 0.05 nats, which ``test`` shows
    in its column ``real``.

    Args:
        root: Folder that holds, or will hold, the folder ``MNIST``.
        download: Download missing files.
        batch_size: Images in a batch.
        num_val: Training images that are held out for validation, as in ``MNIST``.
        size: Height and width: 28, or 32 with a black margin, or any other by resizing.
        value_range: Range of the floats: ``[-1, 1]`` or ``[0, 1]``.
        official: Accept only the published files, as in ``MNIST``.
    """

    features: StackedDigitFeatures

    def __init__(
        self,
        root: str = "data",
        download: bool = True,
        batch_size: int = 128,
        num_val: int = 5000,
        size: int = 28,
        value_range: ValueRange = "[-1, 1]",
        official: bool = True,
    ) -> None:
        super().__init__(
            (NUM_CHANNELS, size, size),
            NUM_DIGITS**NUM_CHANNELS,
            batch_size,
            value_range,
            StackedDigitFeatures(),
        )
        self.digits = MNIST(root, "mnist", download, batch_size, num_val, size, official=official)

    def prepare_data(self) -> None:
        """Download the files, in one process only."""
        self.digits.prepare_data()

    def setup(self, stage: str) -> None:
        self.digits.setup(stage)
        digits = self.digits
        self.train, self.test = _stacked(digits.train, seed=0), _stacked(digits.test, seed=2)
        self.val = self.test if digits.val is digits.test else _stacked(digits.val, seed=1)
        each = class_shares(digits.train.labels, "training", NUM_DIGITS)
        self.class_shares = torch.cartesian_prod(*[each] * NUM_CHANNELS).prod(1)

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        if stage == "val":
            return ImageMetrics(self.features, True, self.class_shares)
        metric = CompleteImageMetrics(self.features, True, *self.train, self.class_shares)
        metric.by_label = False  # ten samples of a class say nothing
        return metric

    def described(self, stage: Stage) -> str:
        return self.digits.described(stage) + ", modes against their true shares"

    def real_pictures(self) -> dict[str, Picture]:
        """Draw a hundred training images."""
        return {"real": image_grid(self.train.x[:100])}

    def row_names(self, labels: Tensor | None = None) -> list[str]:
        return [] if labels is None else super().row_names(labels)


def _stacked(digits: Split, seed: int) -> Split:
    """Return the digits in a random order for each channel."""
    random = torch.Generator().manual_seed(seed)
    orders = [torch.randperm(len(digits.x), generator=random) for _ in range(NUM_CHANNELS)]
    labels = torch.zeros_like(digits.labels)
    for order in orders:
        labels = labels * NUM_DIGITS + digits.labels[order]
    channels: list[Tensor] = [digits.x[order] for order in orders]
    return Split(torch.cat(channels, 1), labels)
