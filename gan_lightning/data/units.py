"""What the numbers of points mean: state of the data that every checkpoint holds."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from gan_lightning.errors import InputError


class Units(ABC):
    """How points leave the model's scale, what their labels are called, and how they are written.

    Whoever has the units needs no data to draw samples in the data's own terms.

    Args:
        label_names: What each label is called, in their order; none where they have no names.
    """

    kind: ClassVar[str]
    """Name of the kind of data, by which a checkpoint names it."""

    file_ending: ClassVar[str]
    """The ending of a file of samples, where the user names none: ``.csv``."""

    def __init__(self, label_names: Sequence[str] | None = None) -> None:
        self.label_names = None if label_names is None else tuple(label_names)

    @abstractmethod
    def unscale(self, x: Tensor) -> Tensor:
        """Return points in the data's own units, on the CPU, from the model's scale."""

    @abstractmethod
    def write(self, samples: Iterable[Tensor], path: Path, labels: Tensor | None = None) -> None:
        """Write unscaled samples to a file of the format that the path's ending names.

        Args:
            samples: Points in the data's own units, in chunks.
            path: The file.
            labels: The labels that the samples were asked for, where they were.

        Raises:
            InputError: If the path has an ending of no known format.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return tensors and plain values from which ``from_state`` makes the same units."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: dict[str, Any]) -> "Units":
        """Make the units that ``state_dict`` has described."""

    def label(self, name: str, num_labels: int) -> int:
        """Return the label that a name or a number stands for.

        Raises:
            InputError: If there is none.
        """
        names = self.label_names or ()
        known = {str(label): label for label in range(num_labels)}
        known |= {text: label for label, text in enumerate(names)}
        if name not in known:
            named = f", or one of {', '.join(names)}" if names else ""
            raise InputError(
                f"--labels: expected labels from 0 to {num_labels - 1}{named}; found {name!r}."
            )
        return known[name]


class PointUnits(Units):
    """Points of the plane, which are in their own units already."""

    kind = "points"
    file_ending = ".csv"

    def unscale(self, x: Tensor) -> Tensor:
        """Return the points themselves, float64, on the CPU."""
        return x.detach().cpu().double()

    def write(self, samples: Iterable[Tensor], path: Path, labels: Tensor | None = None) -> None:
        """Write points as CSV with the header ``x,y``.

        Raises:
            InputError: If the path does not end in ``.csv``.
        """
        if path.suffix.lower() != ".csv":
            raise InputError(f"Points are written as .csv, found the output {path}.")
        with path.open("w", encoding="utf-8") as file:
            file.write("x,y\n")
            for chunk in samples:
                file.writelines(f"{x!r},{y!r}\n" for x, y in chunk.tolist())

    def state_dict(self) -> dict[str, Any]:
        return {"kind": self.kind}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "PointUnits":
        return cls()


def chunks_of(samples: Tensor | Iterable[Tensor]) -> Iterable[Tensor]:
    """Return samples in chunks: a tensor is one of them."""
    return [samples] if isinstance(samples, Tensor) else samples
