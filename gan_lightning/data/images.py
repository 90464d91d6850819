"""Images in memory as bytes."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_lightning.data.binarised import Binarisation, binarised
from gan_lightning.data.contracts import DataModule, Picture, Stage
from gan_lightning.data.image_units import ImageUnits, ValueRange, grid, range_text
from gan_lightning.data.loader import TensorLoader
from gan_lightning.data.memory import Split
from gan_lightning.errors import InputError
from gan_lightning.features import DigitFeatures, FeatureExtractor, FilterFeatures
from gan_lightning.figures import labelled_grid
from gan_lightning.figures.images import MOST_LABELS
from gan_lightning.metrics import (
    CompleteImageMetrics,
    ImageMetrics,
    TwoSampleMetric,
    random_order,
)


class Images(DataModule):
    """Images that stay bytes in memory and become floats batch by batch, on the device.

    A subclass fills the splits with uint8 images, shape ``(num_images, channels, size, size)``.

    Args:
        data_shape: ``(channels, size, size)``.
        num_classes: Number of labels.
        batch_size: Images in a batch.
        value_range: Range of the floats: ``[-1, 1]`` for generators that end in tanh, ``[0, 1]``
            for those that end in a sigmoid.
        binarise: How grey becomes black or white; by default images stay grey. Random images are
            redrawn for every training batch, and fixed in validation and test.
        features: Features that the metrics use; by default ``FilterFeatures``.
        label_names: Names of the labels.
    """

    units: ImageUnits

    knows_classes: bool = False
    """Whether ``DigitFeatures`` know the classes of these images."""

    monitor = "val/fid"
    monitor_of_few = "val/kid"
    file_ending = ".png"

    def __init__(
        self,
        data_shape: tuple[int, int, int],
        num_classes: int,
        batch_size: int,
        value_range: ValueRange,
        features: FeatureExtractor | None,
        binarise: Binarisation | None = None,
        label_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(batch_size)
        if data_shape[1] < 1:
            raise InputError(f"size must be a positive integer, found {data_shape[1]}.")
        self.data_shape = data_shape
        self.num_classes = num_classes
        self.value_range = range_text(value_range)
        self.data_range = (0, 1) if self.value_range == "[0, 1]" else (-1, 1)
        self.label_names = label_names
        self.units = ImageUnits(value_range, label_names)
        self.binarise = binarise
        self.features = features or FilterFeatures()

    def scale(self, x: Tensor) -> Tensor:
        """Return floats in the chosen range from bytes, on the training device."""
        if self.trainer is not None:
            x = x.to(self.trainer.strategy.root_device, non_blocking=True)
        return self.units.scale(x)

    def binarise_splits(self) -> None:
        """Make the splits black and white, except training images that are redrawn."""
        if self.binarise is None:
            return
        fixed: dict[int, Split] = {}
        for seed, split in enumerate([self.train, self.val, self.test]):
            random = torch.Generator().manual_seed(seed)
            images = binarised(split.x, self.binarise, random)
            fixed.setdefault(id(split), split._replace(x=images))
        train, self.val = fixed[id(self.train)], fixed[id(self.val)]
        self.test = fixed[id(self.test)]
        if self.binarise == "threshold":
            self.train = train

    def train_dataloader(self) -> TensorLoader:
        loader = self._drawing(super().train_dataloader())
        if self.trainer is not None:
            loader.x, loader.labels = kept_on(self.trainer.strategy.root_device, self.train)
        return loader

    def predict_dataloader(self) -> TensorLoader:
        return self._drawing(super().predict_dataloader())

    def _drawing(self, loader: TensorLoader) -> TensorLoader:
        """Let a training loader redraw images if ``binarise`` asks for it."""
        if self.binarise == "bernoulli":
            loader.scale = lambda images: self.scale(binarised(images, "bernoulli"))
        return loader

    def training_points(self, num_points: int, rank: int, world_size: int) -> Split:
        points = super().training_points(num_points, rank, world_size)
        if self.binarise is None:
            return points
        random = torch.Generator().manual_seed(rank)
        return points._replace(x=binarised(points.x, self.binarise, random))

    def setup_units(self) -> None:
        """Learn nothing: samples can be drawn without the images."""

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        digits = self.knows_classes and isinstance(self.features, DigitFeatures)
        if stage == "val":
            return ImageMetrics(self.features, digits)
        return CompleteImageMetrics(self.features, digits, *self.train)

    def figures(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Picture]:
        return {"grid": grid(samples, labels)}

    def real_pictures(self) -> dict[str, Picture]:
        """Draw the first ten training images of each label."""
        labels = self.train.labels
        shown = torch.cat([(labels == k).nonzero()[:10, 0] for k in range(self.num_classes)])
        return {"real": labelled_grid(self.train.x[shown], labels[shown])}

    def row_names(self, labels: Tensor | None = None) -> list[str]:
        found = (self.train.labels if labels is None else labels).unique().tolist()
        if not 1 < len(found) <= MOST_LABELS:
            return []
        return [str(self.label_names[k] if self.label_names else k) for k in found]


LARGEST_SHARE = 1 / 8
"""Share of a GPU's memory that training images may take."""


def kept_on(device: torch.device, split: Split) -> Split:
    """Return a split on a GPU if it is small beside the GPU's memory, and as it is otherwise.

    Each batch that is copied from the host would wait for the steps before it.
    """
    if device.type != "cuda":
        return split
    if split.x.nbytes > LARGEST_SHARE * torch.cuda.get_device_properties(device).total_memory:
        return split
    return Split(split.x.to(device), split.labels.to(device))


def resized(images: Tensor, size: int) -> Tensor:
    """Return uint8 images of another size, bilinear without aliasing.

    Args:
        images: Shape ``(num_images, channels, height, width)``.
        size: Height and width of the result.
    """
    if images.shape[2:] == (size, size):
        return images
    chunks = [
        interpolate(chunk.float(), (size, size), mode="bilinear", antialias=True)
        for chunk in images.split(4096)
    ]
    return torch.cat([chunk.round().clamp(0, 255).to(torch.uint8) for chunk in chunks])


def split_off(split: Split, num_val: int, seed: int) -> tuple[Split, Split]:
    """Return a split without ``num_val`` random points, and these points, both in order."""
    order = random_order(len(split.x), seed)
    val, rest = order[:num_val].sort().values, order[num_val:].sort().values
    return Split(split.x[rest], split.labels[rest]), Split(split.x[val], split.labels[val])
