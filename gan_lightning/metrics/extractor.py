"""The features by which metrics compare images."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lightning.errors import InputError

CHUNK_SIZE = 500
"""Images that an extractor processes at once."""


def network_device() -> torch.device:
    """Return where networks run fastest: on the GPU of this process, if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Features(NamedTuple):
    """Features of images, float32, on the CPU."""

    middle: Tensor
    """Features of strokes and textures at their places, shape ``(num_images, num_middle)``."""
    last: Tensor
    """Features that separate classes, shape ``(num_images, num_last)``."""
    logits: Tensor | None
    """Class logits, shape ``(num_images, num_classes)``, if it has classes."""


class FeatureExtractor(ABC):
    """Maps images to features by a frozen network.

    It is deliberately not an ``nn.Module``: its network stays out of checkpoints, and in evaluation
    mode when ``train()`` is called. Numbers from different extractors cannot be compared, so each
    extractor has a name.
    """

    name: str
    """The extractor and its weights, such as ``DigitFeatures 3f2a91c0``."""

    has_own_unit: bool = False
    """Whether ``kid`` takes the last features as they are; else they are in units of their root
    mean square on the real images, since no published number uses their own unit."""

    @abstractmethod
    def extract(self, images: Tensor) -> Features:
        """Return the features of a chunk of images, uint8, on ``network_device()``."""

    def __call__(self, images: Tensor) -> Features:
        """Return the features of any number of images.

        Args:
            images: uint8 in 0 … 255, shape ``(num_images, channels, height, width)``.

        Raises:
            InputError: If they are anything else: numbers in [0, 1] taken for numbers in [-1, 1]
                would silently give a wrong result.
        """
        if images.dtype != torch.uint8 or images.dim() != 4:
            raise InputError(
                f"{self.name}: expected images as uint8 of shape (num, channels, height, width), "
                f"found {str(images.dtype).removeprefix('torch.')} of shape {list(images.shape)}."
            )
        device = network_device()
        # Reduced precision would give a different number on each kind of device.
        with (
            torch.inference_mode(),
            torch.autocast(device.type, enabled=False),
            torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
        ):
            chunks = [self.extract(chunk.to(device)) for chunk in images.split(CHUNK_SIZE)]
        middle, last, logits = zip(*chunks, strict=True)
        joined = None if logits[0] is None else torch.cat(logits).float().cpu()
        return Features(torch.cat(middle).float().cpu(), torch.cat(last).float().cpu(), joined)
