"""The files of MNIST and of data sets in its form, as published or at least well-formed."""

import gzip
import hashlib
import zlib
from pathlib import Path

from lightning_utilities.core.rank_zero import rank_zero_warn
from torchvision.datasets import MNIST
from torchvision.datasets.mnist import read_image_file, read_label_file

from gan_lightning.data.memory import Split
from gan_lightning.errors import InputError

SIZE = 28
NUM_CLASSES = 10

PUBLISHED = {
    "MNIST": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    "FashionMNIST": {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
}
"""MD5 sums of the published files, unpacked. For KMNIST only those of the archives are known."""


def read_split(folder: Path, dataset: type[MNIST], train: bool, official: bool) -> Split:
    """Return images, uint8 of shape ``(num_images, 1, 28, 28)``, and labels from 0 to 9.

    Args:
        folder: The folder of the four files.
        dataset: The data set.
        train: Whether to read the training images or those of ``test``.
        official: Whether the files must be the published ones, byte for byte.

    Raises:
        InputError: If they are not, or if images and labels do not match.
    """
    part = "train" if train else "t10k"
    image_file, label_file = (
        folder / f"{part}-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1")
    )
    if official:
        for path in (image_file, label_file):
            _check_published(path, dataset)
    images, labels = read_image_file(str(image_file)), read_label_file(str(label_file))
    if images.shape[1:] != (SIZE, SIZE):
        height, width = images.shape[1:]
        raise InputError(f"{image_file}: expected images of 28×28 pixels, found {height}×{width}.")
    if len(images) != len(labels) or not len(images):
        raise InputError(
            f"{label_file}: expected a label for each image of {image_file.name}, found "
            f"{len(labels)} labels and {len(images)} images."
        )
    if labels.max() >= NUM_CLASSES:
        place = int((labels >= NUM_CLASSES).nonzero()[0])
        raise InputError(
            f"{label_file}: expected labels from 0 to 9, found {int(labels[place])} at {place}."
        )
    return Split(images[:, None], labels)


def _check_published(path: Path, dataset: type[MNIST]) -> None:
    """Make sure that a file is the published one.

    Raises:
        InputError: If it is not.
    """
    name, content = dataset.__name__, path.read_bytes()
    known = PUBLISHED.get(name)
    if known is None:
        is_one = _is_of_archive(path, content, dataset)
    else:
        is_one = _md5(content) == known[path.name]
    if is_one is None:
        rank_zero_warn(
            f"Only the form of {path} is checked: {path.name}.gz, whose checksum is known, is not "
            "beside it."
        )
    elif not is_one:
        raise InputError(
            f"{path} is not the published file of {name}: it does not match its checksum. Remove "
            "it to download it again, or set official to false if these are your own data in that "
            "form."
        )


def _is_of_archive(path: Path, content: bytes, dataset: type[MNIST]) -> bool | None:
    """Return whether the published archive holds this file; None without the archive."""
    archive = path.with_name(f"{path.name}.gz")
    if not archive.is_file():
        return None
    packed = archive.read_bytes()
    if _md5(packed) != dict(dataset.resources)[archive.name]:
        return None  # damaged itself, or a different archive
    return zlib.crc32(content) == zlib.crc32(gzip.decompress(packed))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
