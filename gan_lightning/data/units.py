"""The meaning of the numbers of points, stored in every checkpoint."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from gan_lightning.errors import InputError


class Units(ABC):
    """How points are mapped to the data's own units, what labels mean, and how points are written.

    With the units, samples can be drawn in the data's own terms without the data.

    Args:
        label_names: Names of the labels in their order; None if they have none.
    """

    kind: ClassVar[str]
    """Name of the kind of data, by which a checkpoint names it."""

    file_endings: ClassVar[tuple[str, ...]]
    """Endings of files of samples; the first is the default."""

    written_as: ClassVar[str]
    """The formats in words, for the error about any other ending."""

    def __init__(self, label_names: Sequence[str] | None = None) -> None:
        self.label_names = None if label_names is None else tuple(label_names)

    @abstractmethod
    def fit(self, data_shape: Sequence[int]) -> bool:
        """Return whether points of a shape, in the model's scale, can have these units."""

    @abstractmethod
    def in_units(self, x: Tensor) -> Tensor:
        """Return points in the data's own units, unrounded, from the model's scale.

        All operations are PyTorch's, and no shape depends on values: they end an exported graph.
        Categories are indices, and NaN is missing.
        """

    @abstractmethod
    def rounded(self, points: Tensor) -> Tensor:
        """Return points rounded to values that the data could hold."""

    def unscale(self, x: Tensor) -> Tensor:
        """Return points in the data's own units, on the CPU, from the model's scale."""
        return self.rounded(self.in_units(x.detach().cpu()))

    @abstractmethod
    def values(self, samples: Tensor) -> pd.DataFrame | NDArray[Any]:
        """Return unscaled samples for a program: a frame, or pixels."""

    def check_output(self, path: Path) -> None:
        """Make sure that samples can be written to a file of this name.

        Raises:
            InputError: If the path's ending belongs to no known format.
        """
        if path.suffix.lower() not in self.file_endings:
            raise InputError(f"{self.written_as}, found the output {path}.")

    @abstractmethod
    def write(self, samples: Iterable[Tensor], path: Path, labels: Tensor | None = None) -> None:
        """Write unscaled samples to a file of the format that the path's ending names.

        Args:
            samples: Points in the data's own units, in chunks.
            path: The file.
            labels: The requested labels of the samples, if any.

        Raises:
            InputError: As from ``check_output``.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return tensors and plain values from which ``from_state`` makes the same units."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: dict[str, Any]) -> "Units":
        """Make the units that ``state_dict`` has described."""

    def label(self, name: str, num_labels: int) -> int:
        """Return the label of a name or a number.

        Raises:
            InputError: If there is none.
        """
        names = self.label_names or ()
        known = {str(label): label for label in range(num_labels)}
        known |= {text: label for label, text in enumerate(names)}
        if name not in known:
            says_more = names != tuple(map(str, range(num_labels)))
            named = f", or one of {', '.join(names)}" if names and says_more else ""
            raise InputError(
                f"--labels: expected labels from 0 to {num_labels - 1}{named}; found {name!r}."
            )
        return known[name]


class PointUnits(Units):
    """Points in the plane, which are in their own units already."""

    kind = "points"
    file_endings = (".csv",)
    written_as = "Points are written as .csv"

    def fit(self, data_shape: Sequence[int]) -> bool:
        return len(data_shape) == 1 and data_shape[0] == 2

    def in_units(self, x: Tensor) -> Tensor:
        """Return the points themselves, float64."""
        return x.double()

    def rounded(self, points: Tensor) -> Tensor:
        """Return the points themselves."""
        return points

    def values(self, samples: Tensor) -> pd.DataFrame:
        """Return points as a frame with the columns ``x`` and ``y``."""
        return pd.DataFrame(samples.numpy(), columns=["x", "y"])

    def write(self, samples: Iterable[Tensor], path: Path, labels: Tensor | None = None) -> None:
        """Write points as CSV with the header ``x,y``."""
        self.check_output(path)
        with path.open("w", encoding="utf-8") as file:
            file.write("x,y\n")
            for chunk in samples:
                file.writelines(f"{x!r},{y!r}\n" for x, y in chunk.tolist())

    def state_dict(self) -> dict[str, Any]:
        return {"kind": self.kind}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "PointUnits":
        return cls()
