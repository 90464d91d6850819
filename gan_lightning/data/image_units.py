"""Images as bytes, and the files to which they are written."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import torch
from numpy.lib.format import write_array, write_array_header_1_0
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_lightning.data.units import Units
from gan_lightning.errors import InputError
from gan_lightning.figures import image_grid, labelled_grid

ValueRange = Literal["[-1, 1]", "[0, 1]", "signed", "unit"] | Sequence[int]
"""A range of floats as a text, by its name, or as a list, which is what a flag on the command line
becomes."""

_RANGES = {"signed": "[-1, 1]", "unit": "[0, 1]"}


def range_text(value_range: ValueRange) -> str:
    """Return ``"[-1, 1]"`` or ``"[0, 1]"``.

    Raises:
        InputError: If it is neither.
    """
    text = str(list(value_range)) if isinstance(value_range, list | tuple) else str(value_range)
    text = _RANGES.get(text, text)
    if text not in _RANGES.values():
        raise InputError(
            f"value_range must be [-1, 1] (or signed) or [0, 1] (or unit), found {value_range!r}."
        )
    return text


class ImageUnits(Units):
    """Maps floats in a range to bytes, uint8, and back.

    Args:
        value_range: Range of the floats.
        label_names: Names of the labels.
    """

    kind = "images"
    file_endings = (".png", ".npz", "")
    written_as = "Images are written as .png, .npz or to a folder without an ending"

    def __init__(self, value_range: ValueRange, label_names: Sequence[str] | None = None) -> None:
        super().__init__(label_names)
        self.value_range = range_text(value_range)

    def fit(self, data_shape: Sequence[int]) -> bool:
        return len(data_shape) == 3

    def scale(self, x: Tensor) -> Tensor:
        """Return floats in the range from bytes."""
        unit = x.float() / 255
        return unit if self.value_range == "[0, 1]" else unit * 2 - 1

    def in_units(self, x: Tensor) -> Tensor:
        """Return float32 in [0, 255]; values outside the range become black or white."""
        unit = x.float()
        unit = unit if self.value_range == "[0, 1]" else (unit + 1) / 2
        return (unit * 255).clamp(0, 255)

    def rounded(self, points: Tensor) -> Tensor:
        """Return bytes, uint8."""
        return points.round().to(torch.uint8)

    def values(self, samples: Tensor) -> NDArray[np.uint8]:
        """Return bytes, uint8, shape ``(num_images, channels, height, width)``."""
        return samples.numpy()

    def write(self, samples: Iterable[Tensor], path: Path, labels: Tensor | None = None) -> None:
        """Write images: ``.png`` as a grid, ``.npz`` as arrays, no ending as a folder of PNGs.

        In a grid of images drawn by label, each row shows one label.

        An ``.npz`` file holds ``images``, uint8 of shape ``(num_images, channels, height, width)``,
        and ``labels``, int64, if images were drawn by label.
        """
        self.check_output(path)
        writers: dict[str, Callable[[Iterable[Tensor], Path, Tensor | None], None]] = {
            ".png": _write_grid,
            ".npz": _write_arrays,
            "": _write_folder,
        }
        writers[path.suffix.lower()](samples, path, labels)

    def state_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "value_range": self.value_range,
            "label_names": self.label_names,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "ImageUnits":
        return cls(state["value_range"], state["label_names"])


def grid(samples: Tensor, labels: Tensor | None) -> NDArray[np.uint8]:
    """Return pixels of all images, with one label per row if they were drawn by label."""
    return image_grid(samples) if labels is None else labelled_grid(samples, labels.cpu())


def _write_grid(samples: Iterable[Tensor], path: Path, labels: Tensor | None) -> None:
    Image.fromarray(grid(torch.cat(list(samples)), labels)).save(path)


def _write_arrays(samples: Iterable[Tensor], path: Path, labels: Tensor | None) -> None:
    """Write an archive as ``np.savez_compressed`` would, chunk by chunk."""
    count, shape = 0, (0, 0, 0)
    with tempfile.TemporaryFile() as spool, ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for chunk in samples:
            count, shape = count + len(chunk), (chunk.shape[1], chunk.shape[2], chunk.shape[3])
            spool.write(chunk.contiguous().numpy().tobytes())
        spool.seek(0)
        # The header comes first but states the number of images, which is known last.
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
        with archive.open("images.npy", "w", force_zip64=True) as entry:
            write_array_header_1_0(entry, header)
            shutil.copyfileobj(spool, entry, 2**20)
        if labels is not None:
            with archive.open("labels.npy", "w") as entry:
                write_array(entry, labels.cpu().numpy(), allow_pickle=False)


def _write_folder(samples: Iterable[Tensor], path: Path, labels: Tensor | None) -> None:
    path.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(image for chunk in samples for image in chunk):
        label = "" if labels is None else f"_label{int(labels[i])}"
        Image.fromarray(image_grid(image[None], margin=0)).save(path / f"{i:06d}{label}.png")
