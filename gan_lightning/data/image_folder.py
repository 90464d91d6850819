"""A person's own pictures."""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from tqdm.auto import tqdm

from gan_lightning.data.contracts import Split
from gan_lightning.data.images import Images, ValueRange, split_off
from gan_lightning.errors import InputError
from gan_lightning.features import FeatureExtractor

ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


class ImageFolder(Images):
    """The images of a folder, decoded once: resized and cropped at the centre to squares.

    Either the images lie in the folder itself, and have all one label, or in a subfolder for each
    class, whose label is its place in the alphabet (torchvision's layout).

    Args:
        root: The folder.
        size: Height and width that the images get.
        channels: 3 for colour, 1 for grey.
        flip: Add each training image's mirror image to it.
        batch_size: Images in a batch.
        val_fraction: Share of the images that is held out for validation and ``test``.
        value_range: Range of the floats: ``[-1, 1]`` or ``[0, 1]``.
        features: What the metrics look through; by default ``DigitFeatures``, which see little of
            photographs: ``InceptionFeatures`` see more.
    """

    def __init__(
        self,
        root: str,
        size: int = 64,
        channels: int = 3,
        flip: bool = False,
        batch_size: int = 64,
        val_fraction: float = 0.1,
        value_range: ValueRange = "[-1, 1]",
        features: FeatureExtractor | None = None,
    ) -> None:
        if channels not in (1, 3) or size < 1 or not 0 <= val_fraction < 1:
            raise InputError(
                "ImageFolder: expected channels 1 or 3, a positive size and a val_fraction in "
                f"[0, 1), found {channels}, {size} and {val_fraction}."
            )
        self.root = Path(root)
        if not self.root.is_dir():
            raise InputError(f"ImageFolder: expected a folder of images at {root}, found none.")
        self.classes = sorted(
            path.name
            for path in self.root.iterdir()
            if path.is_dir() and path.name[0] not in "._"  # such as .ipynb_checkpoints, __MACOSX
        )
        super().__init__(
            (channels, size, size), max(len(self.classes), 1), batch_size, value_range, features
        )
        self.flip = flip
        self.val_fraction = val_fraction

    def setup(self, stage: str) -> None:
        if hasattr(self, "train"):  # decoded before
            return
        everything = self._decoded()
        num_val = round(self.val_fraction * len(everything.x))
        train, val = split_off(everything, num_val, seed=0)
        if self.flip:
            train = Split(torch.cat([train.x, train.x.flip(3)]), train.labels.repeat(2))
        self.train = train
        self.val = self.test = val if num_val else train

    def _decoded(self) -> Split:
        folders = [self.root / name for name in self.classes] or [self.root]
        files = [
            (path, label)
            for label, folder in enumerate(folders)
            for path in sorted(folder.rglob("*"))
            if path.suffix.lower() in ENDINGS
        ]
        images, labels = [], []
        for path, label in tqdm(files, desc="decode", unit=" images", disable=len(files) < 1000):
            try:
                images.append(self._read(path))
            except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
                warnings.warn(f"{path} is skipped: {error}", stacklevel=2)
            else:
                labels.append(label)
        if len(images) < 2:
            raise InputError(
                f"{self.root} holds {len(images)} readable images; at least 2 are needed, better "
                f"some hundreds. Endings that are read: {', '.join(sorted(ENDINGS))}."
            )
        return Split(torch.stack(images), torch.tensor(labels))

    def _read(self, path: Path) -> Tensor:
        channels, size, _ = self.data_shape
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB" if channels == 3 else "L")
            square = ImageOps.fit(upright, (size, size), Image.Resampling.LANCZOS)
        pixels = torch.from_numpy(np.array(square))
        return pixels.permute(2, 0, 1).contiguous() if channels == 3 else pixels[None]
