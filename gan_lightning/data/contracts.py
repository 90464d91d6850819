"""The contract of data with models, callbacks and the command line."""

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
from gan_lightning.metrics import TwoSampleMetric, random_order
from gan_lightning.networks import Shape

Stage = Literal["val", "test"]

Picture = Figure | NDArray[np.uint8]
"""A figure, or pixels of shape ``(height, width, 3)``."""


class DataModule(LightningDataModule, ABC):
    """Batches ``(x, labels)``, and everything that depends on what the points mean.

    A model sees ``x`` in a scale that suits networks. Metrics, pictures and files are in the data's
    own units, and each kind of data brings its own.

    ``setup`` fills the three splits. A split that was not requested is the next larger one: without
    test points the validation points are used, and without those the training points.
    """

    data_shape: Shape
    """Shape of one point, known before ``setup``."""

    num_classes: int
    """Number of labels, known before ``setup``; labels are 0 … num_classes - 1."""

    blocks: Sequence[int] = ()
    """Widths of the blocks of an encoded row of a table: 1 for a number, more for categories."""

    num_points: int | None = None
    """Number of points before any are held out, if known before ``setup``."""

    monitor: str
    """The logged metric by which the best checkpoint is chosen."""

    monitor_of_few: str | None = None
    """The metric that chooses it where points are too few to log ``monitor``."""

    monitor_mode: Literal["min", "max"] = "min"
    """Whether their ``min`` or ``max`` is best."""

    file_ending: str
    """The default ending of a file of samples, such as ``.csv``."""

    data_range: tuple[float, float] | None = None
    """Lowest and highest number that a model sees, if the data fill that range."""

    units: Units
    """The meaning of the numbers, known after ``setup``; every checkpoint holds it."""

    label_names: Sequence[str] | None = None
    """Names of the labels, known before ``setup``; None if they have none."""

    batches_per_epoch: int | None = None  # a loader's ``num_batches`` in training
    train: Split
    val: Split
    test: Split

    memory: DataMemory | None = None
    """What a checkpoint knows about the data of its model."""

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        require_positive(batch_size=batch_size)
        self.batch_size = batch_size

    @abstractmethod
    def metrics(self, stage: Stage) -> TwoSampleMetric:
        """Return the comparison of two sets of unscaled points for this kind of data.

        It is quick in validation and complete in ``test``.
        """

    @abstractmethod
    def figures(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Picture]:
        """Draw unscaled samples beside the training points, and return the pictures by name.

        A figure may be that of the previous call with other points, so that its frame is drawn
        once.

        Args:
            samples: Points in the data's own units.
            labels: The requested labels of the samples, if any.
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
            labels: The requested labels of the samples, if any.
        """
        self.units.write([samples] if isinstance(samples, Tensor) else samples, path, labels)

    def scale(self, x: Tensor) -> Tensor:
        """Return points in the model's scale from those stored in a split; by default unchanged."""
        return x

    def from_stored(self, x: Tensor) -> Tensor:
        """Return points in the data's own units from those stored in a split."""
        return torch.cat([self.unscale(self.scale(part)) for part in x.split(4096)])

    def setup_units(self) -> None:
        """Learn what ``unscale`` needs; by default from the data themselves."""
        self.setup("predict")

    def baselines(self) -> dict[str, Callable[[int], Tensor]]:
        """Return cheap models that draw unscaled points for comparison; by default none."""
        return {}

    def report(self, samples: Tensor, scores: Mapping[str, Mapping[str, float]]) -> str | None:
        """Return a self-contained page of HTML about samples; by default None.

        Args:
            samples: Points in the data's own units.
            scores: The metrics of ``samples`` and of what they are compared with, by name.
        """
        return None

    def neighbours(self, samples: Tensor) -> Picture | None:
        """Draw samples beside the training points nearest to them; by default None.

        Args:
            samples: Points in the data's own units.
        """
        return None

    def real_pictures(self) -> dict[str, Picture]:
        """Draw only real points, once per run, for comparison; by default nothing."""
        return {}

    def row_names(self, labels: Tensor | None = None) -> list[str]:
        """Return the names of a grid's rows, from the top; by default they have none.

        Args:
            labels: The requested labels of its samples; None for real images.
        """
        return []

    def described(self, stage: Stage) -> str:
        """Return what samples are compared with in ``stage``, for the protocol."""
        split = {"val": self.val, "test": self.test}[stage]
        # A split that was not requested is an earlier one, whose name it gets.
        kinds = [(self.train, "training"), (self.val, "validation"), (self.test, "test")]
        kind = next(kind for part, kind in kinds if part is split)
        held_out = "" if kind != "training" else " (none are held out)"
        return f"{len(split.x)} {kind} points{held_out}"

    def training_points(self, num_points: int, rank: int, world_size: int) -> Split:
        """Return a rank's share of random training points, unscaled, always the same.

        Args:
            num_points: Points over all ranks, at most all there are.
            rank: This rank.
            world_size: Number of ranks.
        """
        share = random_order(len(self.train.x))[:num_points][rank::world_size]
        return Split(self.from_stored(self.train.x[share]), self.train.labels[share])

    def labels_like(self, stage: Stage, num_labels: int) -> Tensor:
        """Return labels with the frequencies of a split, in a fixed random order."""
        labels = {"val": self.val, "test": self.test}[stage].labels
        return labels[random_order(len(labels))].repeat(-(-num_labels // len(labels)))[:num_labels]

    def train_dataloader(self) -> TensorLoader:
        seed, rank, world_size = torch.initial_seed(), 0, 1
        if self.trainer is not None:
            seed = self.trainer.strategy.broadcast(seed)
            rank, world_size = self.trainer.global_rank, self.trainer.world_size
        loader = TensorLoader(*self.train, self.batch_size, seed, rank, world_size, self.scale)
        loader.num_batches = self.batches_per_epoch
        return loader

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
            # No rank may be without points, or the others would wait forever.
            start = min(rank, len(split.x) - 1)
            split = Split(split.x[start::world_size], split.labels[start::world_size])
        return TensorLoader(*split, self.batch_size, scale=self.scale)

    def remember(self, memory: DataMemory) -> None:
        """Use a checkpoint's units and held-out points from the next ``setup`` on."""
        self.memory = memory

    def state_dict(self) -> dict[str, Any]:
        """Return what ``sample`` needs instead of the data, and a fingerprint of the points."""
        if not hasattr(self, "units"):  # a user's class that unscales without units
            return {}
        if self._saved is None:
            self._saved = DataMemory(self.units, self.fingerprint(), self.held_out()).state_dict()
        return self._saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Compare the data with the checkpoint's, and say what differs."""
        if not state_dict:
            return
        memory = DataMemory.from_state(state_dict)
        if self.memory is None:  # the command line did not pass it before the data were read
            self.remember(memory)
            self.setup("fit")
        resuming = self.trainer is not None and self.trainer.state.fn == TrainerFn.FITTING
        memory.compare(self.label_names, self.fingerprint(), self.held_out(), resuming)

    _saved: dict[str, Any] | None = None

    def fingerprint(self) -> dict[str, str]:
        """Return the size and a hash of each split, in words."""
        splits = {"training": self.train, "validation": self.val, "test": self.test}
        return {name: described_points(split) for name, split in splits.items()}

    def held_out(self) -> HeldOut | None:
        """Return the points that are held out by content; None if position decides."""
        return None
