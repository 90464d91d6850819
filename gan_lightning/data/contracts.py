"""What the models, the callbacks and the command line ask of data."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.trainer.states import TrainerFn
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from gan_lightning.data.held_out import HeldOut
from gan_lightning.data.loader import TensorLoader
from gan_lightning.data.memory import DataMemory, Split, described_points
from gan_lightning.data.units import Units
from gan_lightning.errors import require_positive
from gan_lightning.metrics import TwoSampleMetric
from gan_lightning.networks import Shape

Stage = Literal["val", "test"]

Picture = Figure | NDArray[np.uint8]
"""A figure, or pixels of shape ``(height, width, 3)``."""


class DataModule(LightningDataModule, ABC):
    """Batches ``(x, labels)``, and everything that depends on what the points mean.

    A model sees ``x`` in a scale that suits networks. Metrics, pictures and files are in the data's
    own units, and each kind of data brings its own.

    ``setup`` fills the three splits. A split that was not asked for is the next larger one: without
    test points the validation points are used, without those the training points.
    """

    data_shape: Shape
    """Shape of one point, known before ``setup``."""

    num_classes: int
    """Number of labels, known before ``setup``; labels are 0 … num_classes - 1."""

    blocks: Sequence[int] = ()
    """Widths of the parts of an encoded row, of tables: 1 for a number, more for categories."""

    num_points: int | None = None
    """Number of points before any is held out, where it is known before ``setup``."""

    monitor: str
    """The logged metric by which the best checkpoint is chosen."""

    monitor_of_few: str | None = None
    """What chooses it where the points are too few for ``monitor`` to be logged."""

    monitor_mode: Literal["min", "max"] = "min"
    """Whether both are better at their ``min`` or ``max``."""

    file_ending: str
    """The ending of a file of samples, where the user names none: ``.csv``."""

    data_range: tuple[float, float] | None = None
    """Lowest and highest number that a model sees, where the data fill what lies between."""

    units: Units
    """What the numbers mean, known after ``setup``; every checkpoint holds it."""

    label_names: Sequence[str] | None = None
    """What each label is called, known before ``setup``; None where they have no names."""

    train: Split
    val: Split
    test: Split

    memory: DataMemory | None = None
    """What a checkpoint knows of the data that its model was trained on."""

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        require_positive(batch_size=batch_size)
        self.batch_size = batch_size

    @abstractmethod
    def metrics(self, stage: Stage) -> TwoSampleMetric:
        """Return the comparison of two sets of unscaled points for this kind of data.

        In validation it is quick, in ``test`` complete.
        """

    @abstractmethod
    def figures(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Picture]:
        """Draw unscaled samples beside the training points; a dictionary of named pictures.

        A figure may be that of the call before with other points: its frame is drawn once.

        Args:
            samples: Points in the data's own units.
            labels: The labels that the samples were asked for, where they were.
        """

    def unscale(self, x: Tensor) -> Tensor:
        """Return points in the data's own units, on the CPU, from the model's scale."""
        return self.units.unscale(x)

    def write(
        self, samples: Tensor | Iterable[Tensor], path: Path, labels: Tensor | None = None
    ) -> None:
        """Write unscaled samples to a file of the format that the path's ending names.

        Args:
            samples: Points in the data's own units, at once or in chunks.
            path: The file.
            labels: The labels that the samples were asked for, where they were.
        """
        self.units.write([samples] if isinstance(samples, Tensor) else samples, path, labels)

    def scale(self, x: Tensor) -> Tensor:
        """Return points in the model's scale from those that a split keeps: by default the same."""
        return x

    def setup_units(self) -> None:
        """Learn what ``unscale`` needs; by default from the data themselves."""
        self.setup("predict")

    def baselines(self) -> dict[str, Callable[[int], Tensor]]:
        """Return cheap models that draw unscaled points, to compare with; by default none."""
        return {}

    def report(self, samples: Tensor, scores: Mapping[str, Mapping[str, float]]) -> str | None:
        """Return a page of HTML about samples, self-contained; by default there is none.

        Args:
            samples: Points in the data's own units.
            scores: The numbers of ``samples``, and of what they are compared with, by its name.
        """
        return None

    def neighbours(self, samples: Tensor) -> Picture | None:
        """Draw samples beside the training points nearest to them; by default there is no picture.

        Args:
            samples: Points in the data's own units.
        """
        return None

    def real_pictures(self) -> dict[str, Picture]:
        """Draw real points alone, once a run, to compare with; by default nothing."""
        return {}

    def row_names(self, labels: Tensor | None = None) -> list[str]:
        """Return what the rows of a grid are called, from the top; by default they have no names.

        Args:
            labels: The labels that its samples were asked for; None for real pictures.
        """
        return []

    def described(self, stage: Stage) -> str:
        """Return what ``stage`` compares samples with, for the protocol of a number."""
        split = {"val": self.val, "test": self.test}[stage]
        # A split that was not asked for is an earlier one, which gives it its name.
        kinds = [(self.train, "training"), (self.val, "validation"), (self.test, "test")]
        kind = next(kind for part, kind in kinds if part is split)
        held_out = "" if kind != "training" else " (none are held out)"
        return f"{len(split.x)} {kind} points{held_out}"

    def training_points(self, num_points: int, rank: int, world_size: int) -> Split:
        """Return a rank's share of random training points, unscaled, the same each time.

        Args:
            num_points: Points over all ranks; all there are if there are fewer.
            rank: This rank.
            world_size: Number of ranks.
        """
        order = torch.randperm(len(self.train.x), generator=torch.Generator().manual_seed(0))
        share = order[:num_points][rank::world_size]
        x = torch.cat([self.unscale(self.scale(x)) for x in self.train.x[share].split(4096)])
        return Split(x, self.train.labels[share])

    def labels_like(self, stage: Stage, num_labels: int) -> Tensor:
        """Return labels as frequent as those of a split, in a random order, the same each time."""
        labels = {"val": self.val, "test": self.test}[stage].labels
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
        return labels[order].repeat(-(-num_labels // len(labels)))[:num_labels]

    def train_dataloader(self) -> TensorLoader:
        if self.trainer is None:
            seed = torch.initial_seed()
            return TensorLoader(*self.train, self.batch_size, seed, scale=self.scale)
        seed = self.trainer.strategy.broadcast(torch.initial_seed())
        rank, world_size = self.trainer.global_rank, self.trainer.world_size
        return TensorLoader(*self.train, self.batch_size, seed, rank, world_size, self.scale)

    def val_dataloader(self) -> TensorLoader:
        return self._in_order(self.val)

    def test_dataloader(self) -> TensorLoader:
        return self._in_order(self.test)

    def predict_dataloader(self) -> TensorLoader:
        return self._in_order(self.train)

    def _in_order(self, split: Split) -> TensorLoader:
        """Return this rank's share of the points, in their order."""
        if self.trainer is not None:
            rank, world_size = self.trainer.global_rank, self.trainer.world_size
            # No rank may be without points, or the others would wait for it.
            start = min(rank, len(split.x) - 1)
            split = Split(split.x[start::world_size], split.labels[start::world_size])
        return TensorLoader(*split, self.batch_size, scale=self.scale)

    def remember(self, memory: DataMemory) -> None:
        """Use the units and the held-out points of a checkpoint, from the next ``setup`` on."""
        self.memory = memory

    def state_dict(self) -> dict[str, Any]:
        """Return what ``sample`` needs without the data, and a fingerprint of their points."""
        if not hasattr(self, "units"):  # a class of one's own that unscales without any
            return {}
        if self._saved is None:
            self._saved = DataMemory(self.units, self.fingerprint(), self.held_out()).state_dict()
        return self._saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Compare the data with those that the checkpoint was trained on, and say what differs."""
        if not state_dict:
            return
        memory = DataMemory.from_state(state_dict)
        if self.memory is None:  # not told by the command line before the data were read
            self.remember(memory)
            self.setup("fit")
        going_on = self.trainer is not None and self.trainer.state.fn == TrainerFn.FITTING
        memory.compare(self.label_names, self.fingerprint(), self.held_out(), going_on)

    _saved: dict[str, Any] | None = None

    def fingerprint(self) -> dict[str, str]:
        """Return how many points each split has, and a hash of them, in words."""
        splits = {"training": self.train, "validation": self.val, "test": self.test}
        return {name: described_points(split) for name, split in splits.items()}

    def held_out(self) -> HeldOut | None:
        """Return which points are held out by content; None where position decides."""
        return None
