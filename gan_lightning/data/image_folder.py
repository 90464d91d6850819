"""A person's own pictures."""

import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from tqdm.auto import tqdm

from gan_lightning.data.contracts import checked_seed
from gan_lightning.data.held_out import HeldOut, content_hash, parted
from gan_lightning.data.image_cache import fingerprint, mapped_images, write_images
from gan_lightning.data.image_units import ValueRange
from gan_lightning.data.images import Images
from gan_lightning.data.memory import DataMemory, Split
from gan_lightning.errors import InputError
from gan_lightning.features import FeatureExtractor

ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


HELD_OUT = 2**40
"""Added to the label of an image that is held out, until the splits are cut."""


class ImageFolder(Images):
    """The images of a folder, decoded once: resized and cropped at the centre to squares.

    Either the images lie in the folder itself, and have all one label, or in a subfolder for each
    class, whose label is its place in the alphabet (torchvision's layout).

    Images that are too many for memory are decoded into a file below ``<root>/.decoded``, of which
    the system loads what is used; the next run opens it at once. It is made anew when an image has
    changed, and may be deleted.

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
        cache_above: Gigabytes of decoded images, three bytes for a pixel of colour, above which
            they are kept in a file.
        split_seed: Seed of the split. An image is held out for its content: it stays so when others
            are added, removed or renamed.
    """

    def __init__(  # noqa: PLR0913 - a folder can be read in many ways
        self,
        root: str,
        size: int = 64,
        channels: int = 3,
        flip: bool = False,
        batch_size: int = 64,
        val_fraction: float = 0.1,
        value_range: ValueRange = "[-1, 1]",
        features: FeatureExtractor | None = None,
        cache_above: float = 2.0,
        split_seed: int = 0,
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
            (channels, size, size),
            max(len(self.classes), 1),
            batch_size,
            value_range,
            features,
            label_names=self.classes or None,
        )
        self.split_seed = checked_seed("split_seed", split_seed)
        self.flip = flip
        self.copies = 2 if flip else 1
        self.cache_above = cache_above
        self.val_fraction = val_fraction

    def prepare_data(self) -> None:
        """Decode a large folder into its file, on one process alone."""
        if self._too_large(files := self._files()):
            self._mapped(files)

    def setup(self, stage: str) -> None:
        if hasattr(self, "train"):  # decoded before
            return
        files = self._files()
        images, labels = (self._mapped if self._too_large(files) else self._loaded)(files)
        # Slices, since indices would copy what is mapped; each image is followed by its mirror's.
        num_val = int((labels >= HELD_OUT).sum())
        labels = labels % HELD_OUT
        self.train = Split(images[num_val:], labels[num_val:])
        val = Split(images[: num_val : self.copies], labels[: num_val : self.copies])
        self.val = self.test = val if num_val else self.train

    def remember(self, memory: DataMemory) -> None:
        super().remember(memory)
        if hasattr(self, "train"):
            del self.train  # to be cut anew

    def held_out(self) -> HeldOut:
        return HeldOut(self._held_out, frozenset())

    def _files(self) -> list[tuple[Path, int]]:
        """Return the images' files and labels, in the order of the files' content.

        Those held out come first, and are marked in their labels: a file that cannot be decoded
        must not shift the cut.
        """
        folders = [self.root / name for name in self.classes] or [self.root]
        files = [
            (path, label)
            for label, folder in enumerate(folders)
            for path in sorted(folder.rglob("*"))
            if path.suffix.lower() in ENDINGS
        ]
        hashes = [content_hash(self._content(path), self.split_seed) for path, _ in files]
        known = None if self.memory is None else self.memory.held_out
        _, val, _ = parted(hashes, self.val_fraction, 0.0, known)
        held_out = self._held_out = frozenset(hashes[i] for i in val.tolist())
        order = sorted(range(len(files)), key=lambda i: (hashes[i] not in held_out, hashes[i]))
        return [(files[i][0], files[i][1] + HELD_OUT * (hashes[i] in held_out)) for i in order]

    def _too_large(self, files: Sequence[tuple[Path, int]]) -> bool:
        num_bytes = len(files) * self.copies * math.prod(self.data_shape)
        return num_bytes > self.cache_above * 1e9

    def _loaded(self, files: Sequence[tuple[Path, int]]) -> Split:
        images = torch.empty(len(files) * self.copies, *self.data_shape, dtype=torch.uint8)
        labels: list[int] = []
        for image, label in self._decoded(files):
            images[len(labels)] = image
            labels.append(label)
        return Split(images[: len(labels)], torch.tensor(labels))

    def _mapped(self, files: Sequence[tuple[Path, int]]) -> Split:
        """Return the images of the folder's cache, which is written first if there is none."""
        settings = f"{'x'.join(map(str, self.data_shape))}{'_flip' if self.flip else ''}"
        key = fingerprint([path for path, _ in files], self.root)
        path = self.root / ".decoded" / f"{settings}_{key}.bytes"
        known = path.is_file()
        if not known:
            try:
                write_images(path, self._decoded(files))
            except OSError as error:
                raise InputError(
                    f"{self.root} holds more images than cache_above, {self.cache_above} GB, and "
                    f"{path.parent} cannot take them: {error.strerror or error}."
                ) from error
            for outdated in set(path.parent.glob(f"{settings}_*.bytes")) - {path}:
                outdated.unlink()
        split = mapped_images(path, self.data_shape)
        if known and (missing := len(files) - len(split.x) // self.copies):
            warnings.warn(f"{missing} unreadable images of {self.root} are skipped.", stacklevel=2)
        return split

    def _decoded(self, files: Sequence[tuple[Path, int]]) -> Iterator[tuple[Tensor, int]]:
        """Yield the readable images with their labels, each followed by its mirror image's."""
        readable = 0
        for path, label in tqdm(files, desc="decode", unit=" images", disable=len(files) < 1000):
            try:
                image = self._read(path)
            except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
                warnings.warn(f"{path} is skipped: {error}", stacklevel=2)
                continue
            readable += 1
            yield image, label
            if self.flip:
                yield image.flip(2), label
        if readable < 2:
            raise InputError(
                f"{self.root} holds {readable} readable images; at least 2 are needed, better "
                f"some hundreds. Endings that are read: {', '.join(sorted(ENDINGS))}."
            )

    @staticmethod
    def _content(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError:
            return b""  # decoding will say what is wrong with it

    def _read(self, path: Path) -> Tensor:
        channels, size, _ = self.data_shape
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB" if channels == 3 else "L")
            square = ImageOps.fit(upright, (size, size), Image.Resampling.LANCZOS)
        pixels = torch.from_numpy(np.array(square))
        return pixels.permute(2, 0, 1).contiguous() if channels == 3 else pixels[None]
