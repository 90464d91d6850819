"""Samples in Python, from a checkpoint or from an exported file."""

import tempfile
import warnings
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.seed import isolate_rng
from numpy.typing import NDArray

from gan_lightning.checkpoint_files import check_form, load_checkpoint, restoring
from gan_lightning.data import DataMemory, Units
from gan_lightning.errors import InputError, require_positive
from gan_lightning.export.program_file import weights_in
from gan_lightning.export.weights_file import Kept, check_complete, read_weights
from gan_lightning.models import GenerativeModel
from gan_lightning.sampling import drawn, parsed_labels
from gan_lightning.table_sampling import drawn_given


class LoadedModel:
    """A trained model with the units of its data.

    Args:
        model: The model, on the CPU, for evaluation.
        units: The meaning of its numbers.
    """

    def __init__(self, model: GenerativeModel, units: Units) -> None:
        self.model = model.eval()
        self.units = units

    def sample(
        self,
        num_samples: int,
        labels: str | Sequence[str | int] | None = None,
        given: str | None = None,
        seed: int | None = None,
    ) -> pd.DataFrame | NDArray[Any]:
        """Draw samples in the data's own units.

        Args:
            num_samples: Number of samples.
            labels: For a conditional model, labels or their names, taken in turn: ``"setosa"``,
                ``[0, 1]``. By default they are as frequent as in training.
            given: For a table, cells that each row must have: ``"species=setosa,age>=40"``.
            seed: Seed that makes the samples repeatable; by default they differ each time.

        Returns:
            Points and rows as a frame; images as bytes, uint8, of the shape ``(num_samples,
            channels, height, width)``.

        Raises:
            InputError: If the model knows no such labels or cells.
        """
        require_positive(num_samples=num_samples)
        wanted = labels if labels is None or isinstance(labels, str) else ",".join(map(str, labels))
        with isolate_rng():
            torch.seed() if seed is None else torch.manual_seed(seed)
            if given is not None:
                chunks = list(drawn_given(self.model, self.units, given, num_samples))
            else:
                asked = parsed_labels(self.model, self.units, wanted, num_samples)
                drawing = drawn(self.model, num_samples, asked)
                chunks = [self.units.unscale(chunk) for chunk in drawing]
        return self.units.values(torch.cat(chunks))


def load(path: str | Path) -> LoadedModel:
    """Return the model of a checkpoint, or of a ``.safetensors`` or ``.pt2`` file of ``export``.

    All three are read as data: they may name classes of this package, or classes of your own
    program that are imported already, and nothing in them runs. Of a ``.pt2`` file only the weights
    are read that ``export`` stored beside the program, never the program.

    Args:
        path: The file.

    Raises:
        InputError: If it cannot be read, or if it names something else.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"load: expected a file at {path}, found none.")
    if path.suffix not in READERS:
        hint = " The card beside it shows how to draw from it." if path.suffix == ".onnx" else ""
        raise InputError(f"load reads {', '.join(READERS)}, found {path}.{hint}")
    kept = READERS[path.suffix](path)
    check_form(path, kept.checkpoint)
    memory = DataMemory.of_checkpoint(kept.checkpoint)
    if memory is None:
        raise InputError(
            f"{path} is older than 0.2 and does not say what its numbers mean: resume its run "
            "for an epoch."
        )
    model = _rebuilt(path, kept)
    return LoadedModel(model, memory.units)


def _rebuilt(path: Path, kept: Kept) -> GenerativeModel:
    """Return the model, restored by the loader that limits what a checkpoint may name."""
    content = BytesIO()
    torch.save(kept.checkpoint, content)
    content.seek(0)
    with restoring(path), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Found keys that are in the model state dict")
        model = LightningModule.load_from_checkpoint(
            content, map_location="cpu", weights_only=True, strict=not kept.networks
        )
    if not isinstance(model, GenerativeModel):
        raise InputError(f"{path}: {type(model).__name__} is not a model that draws samples.")
    check_complete(path, kept, model.state_dict())
    return model


def _of_checkpoint(path: Path) -> Kept:
    return Kept(load_checkpoint(path), ())


def _of_program(path: Path) -> Kept:
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder, path.name)
        weights.write_bytes(weights_in(path))
        return read_weights(weights)


READERS: dict[str, Callable[[Path], Kept]] = {
    ".ckpt": _of_checkpoint,
    ".safetensors": read_weights,
    ".pt2": _of_program,
}
