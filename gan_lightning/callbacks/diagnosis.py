"""What a diagnosis says, and the curves that it rests on."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

Curves = Mapping[str, Sequence[tuple[int, float]]]
"""The points of each curve in order, each a batch and a value."""

Goals = Mapping[str, float]
"""The values of a perfect sampler in validation, by the quantity's name."""

LASTING = 10
"""Consecutive logged values that make a symptom of the training batches a lasting one."""

VALIDATIONS = 3
"""Consecutive validations that make a symptom of the samples a lasting one."""


class Diagnosis(NamedTuple):
    """A diagnosis."""

    kind: str
    """Its kind, independent of details: each kind is reported once."""

    problem: str
    """What is wrong, in a few words."""

    symptom: str
    """What was seen, a sentence."""

    advice: str
    """What to try, a sentence."""

    def __str__(self) -> str:
        return f"{self.problem}: {self.symptom} {self.advice}"


def lasts(curves: Curves, name: str, holds: Callable[[float], bool]) -> bool:
    """Return whether something holds for the last logged values of a curve."""
    late = curves.get(name, ())[-LASTING:]
    return len(late) == LASTING and all(holds(value) for _, value in late)


def late_values(curves: Curves, name: str) -> list[float]:
    """Return the values of the last validations; none if there are too few."""
    late = [value for _, value in curves.get(name, ())[-VALIDATIONS:]]
    return late if len(late) == VALIDATIONS else []
