"""Data as a checkpoint remembers them."""

from collections.abc import Sequence

from torch import Tensor

from gan_lightning.data.contracts import DataModule, Picture, Stage
from gan_lightning.data.memory import DataMemory
from gan_lightning.errors import InputError
from gan_lightning.metrics import TwoSampleMetric
from gan_lightning.networks import Shape


class Recalled(DataModule):
    """The units of a checkpoint's training data, without points: enough to draw samples.

    Args:
        data_shape: Shape of one point.
        num_classes: Number of labels.
        blocks: Widths of the parts of a row of a table.
        num_points: Number of points, if known.
    """

    monitor = ""

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int = 1,
        blocks: Sequence[int] = (),
        num_points: int | None = None,
    ) -> None:
        super().__init__(batch_size=1)
        self.blocks = tuple(blocks)
        self.num_points = num_points
        self.data_shape = tuple(data_shape)
        self.num_classes = num_classes

    def remember(self, memory: DataMemory) -> None:
        if not memory.units.fit(self.data_shape):
            raise InputError(
                f"The checkpoint's data have the units of {memory.units.kind}, which do not fit "
                f"their shape {list(self.data_shape)}."
            )
        super().remember(memory)
        self.units = memory.units
        self.file_ending = memory.units.file_endings[0]

    def setup(self, stage: str) -> None:
        """Refuse: there are no points.

        Raises:
            InputError: Always.
        """
        raise InputError("Recalled data have no points: name the data with --data or --config.")

    def setup_units(self) -> None:
        """Learn nothing: the checkpoint knows the units."""

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        raise NotImplementedError

    def figures(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Picture]:
        raise NotImplementedError
