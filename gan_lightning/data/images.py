"""Images in memory as bytes."""

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from gan_lightning.data.contracts import DataModule, Picture, Split, Stage
from gan_lightning.data.loader import TensorLoader
from gan_lightning.errors import InputError
from gan_lightning.figures import image_grid
from gan_lightning.metrics import ImageMetrics, TwoSampleMetric

ValueRange = Literal["[-1, 1]", "[0, 1]"]

Binarisation = Literal["threshold", "bernoulli"]
"""How grey becomes black or white: at one half, or by chance, white as often as it is bright."""


class Images(DataModule):
    """Images that stay bytes in memory and become floats a batch at a time, on the device.

    A subclass fills the splits with uint8 images, shape ``(num_images, channels, size, size)``.

    Args:
        data_shape: ``(channels, size, size)``.
        num_classes: Number of labels.
        batch_size: Images in a batch.
        value_range: Range of the floats: ``[-1, 1]`` for generators that end in tanh, ``[0, 1]``
            for those that end in a sigmoid.
        binarise: How grey becomes black or white; by default it stays grey. Drawn images are drawn
            anew for every batch of training, and are the same each time in validation and test.
    """

    monitor = "val/sliced_wasserstein"
    file_ending = ".png"

    def __init__(
        self,
        data_shape: tuple[int, int, int],
        num_classes: int,
        batch_size: int,
        value_range: ValueRange,
        binarise: Binarisation | None = None,
    ) -> None:
        super().__init__(batch_size)
        if data_shape[1] < 1:
            raise InputError(f"size must be a positive integer, found {data_shape[1]}.")
        self.data_shape = data_shape
        self.num_classes = num_classes
        self.value_range = value_range
        self.binarise = binarise

    def scale(self, x: Tensor) -> Tensor:
        """Return floats in the chosen range, on the training device, from bytes."""
        if self.trainer is not None:
            x = x.to(self.trainer.strategy.root_device, non_blocking=True)
        unit = x.float() / 255
        return unit if self.value_range == "[0, 1]" else unit * 2 - 1

    def binarise_splits(self) -> None:
        """Make the splits black and white, but for the training images that are drawn anew."""
        if self.binarise is None:
            return
        fixed: dict[int, Split] = {}
        for i, split in enumerate([self.train, self.val, self.test]):
            random = torch.Generator().manual_seed(i)
            fixed.setdefault(id(split), split._replace(x=self._binarised(split.x, random)))
        train, self.val = fixed[id(self.train)], fixed[id(self.val)]
        self.test = fixed[id(self.test)]
        if self.binarise == "threshold":
            self.train = train

    def _binarised(self, images: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Return bytes of 0 and 255."""
        if self.binarise == "threshold":
            return (images > 127).to(torch.uint8) * 255
        chunks = [
            (torch.rand(chunk.shape, generator=random) * 255 < chunk).to(torch.uint8) * 255
            for chunk in images.split(4096)
        ]
        return torch.cat(chunks)

    def train_dataloader(self) -> TensorLoader:
        loader = super().train_dataloader()
        if self.binarise == "bernoulli":
            loader.scale = lambda images: self.scale(self._binarised(images))
        return loader

    def unscale(self, x: Tensor) -> Tensor:
        """Return bytes, uint8, on the CPU; what lies outside the range becomes black or white."""
        unit = x.detach().cpu().float()
        unit = unit if self.value_range == "[0, 1]" else (unit + 1) / 2
        return (unit * 255).round().clamp(0, 255).to(torch.uint8)

    def setup_units(self) -> None:
        """Learn nothing: samples can be drawn where the images are not."""

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        return ImageMetrics()

    def figures(self, samples: Tensor) -> dict[str, Picture]:
        return {"grid": image_grid(samples)}

    def real_pictures(self) -> dict[str, Picture]:
        """Draw training images, a row for each label."""
        of_label = [self.train.x[self.train.labels == label] for label in range(self.num_classes)]
        of_label = [images for images in of_label if len(images)]
        per_row = min(10, *map(len, of_label), 10)
        return {"real": image_grid(torch.cat([images[:per_row] for images in of_label]), per_row)}

    def write(self, samples: Tensor, path: Path, labels: Tensor | None = None) -> None:
        """Write images: ``.png`` as a grid, ``.npz`` as arrays, no ending as a folder of PNGs.

        An ``.npz`` file holds ``images``, uint8 of shape ``(num_images, channels, height, width)``,
        and ``labels``, int64, if they were asked for.

        Raises:
            InputError: If the path has another ending.
        """
        ending = path.suffix.lower()
        if ending == ".png":
            Image.fromarray(image_grid(samples)).save(path)
        elif ending == ".npz":
            if labels is None:
                np.savez_compressed(path, images=samples.numpy())
            else:
                np.savez_compressed(path, images=samples.numpy(), labels=labels.cpu().numpy())
        elif not ending:
            path.mkdir(parents=True, exist_ok=True)
            digits = len(str(len(samples) - 1))
            for i, image in enumerate(samples):
                label = "" if labels is None else f"_label{int(labels[i])}"
                pixels = image_grid(image[None], margin=0)
                Image.fromarray(pixels).save(path / f"{i:0{digits}d}{label}.png")
        else:
            raise InputError(
                f"Images are written as .png, .npz or to a folder without an ending, found {path}."
            )


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
    """Return the rest of a split and ``num_val`` points drawn from it at random, in their order."""
    order = torch.randperm(len(split.x), generator=torch.Generator().manual_seed(seed))
    val, rest = order[:num_val].sort().values, order[num_val:].sort().values
    return Split(split.x[rest], split.labels[rest]), Split(split.x[val], split.labels[val])
