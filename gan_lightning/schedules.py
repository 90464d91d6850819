"""Numbers that change during training as functions of the points seen."""

import math
from abc import ABC, abstractmethod

from gan_lightning.errors import InputError

__all__ = ["Cosine", "Linear", "Schedule"]


class Schedule(ABC):
    """A number as a function of the points seen, over all devices, since training began."""

    @abstractmethod
    def __call__(self, points_seen: float) -> float:
        """Return the number after so many points."""


class Cosine(Schedule):
    """From one number to another along half a cosine, then constant.

    Args:
        start: The initial value.
        end: The final value.
        points: Points seen until then.

    Example:
        >>> schedule = Cosine(start=1.0, end=0.0, points=1000)
        >>> [round(schedule(points), 3) for points in (0, 250, 500, 1000, 5000)]
        [1.0, 0.854, 0.5, 0.0, 0.0]
    """

    def __init__(self, start: float, end: float, points: float) -> None:
        self.start = start
        self.end = end
        self.points = _positive("Cosine", points)

    def __call__(self, points_seen: float) -> float:
        share = min(points_seen / self.points, 1.0)
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * share)) / 2


class Linear(Schedule):
    """From one number to another along a straight line, then constant.

    Args:
        start: The initial value.
        end: The final value.
        points: Points seen until then.

    Example:
        >>> schedule = Linear(start=0.9, end=0.99, points=1000)
        >>> [round(schedule(points), 3) for points in (0, 500, 1000, 5000)]
        [0.9, 0.945, 0.99, 0.99]
    """

    def __init__(self, start: float, end: float, points: float) -> None:
        self.start = start
        self.end = end
        self.points = _positive("Linear", points)

    def __call__(self, points_seen: float) -> float:
        share = min(points_seen / self.points, 1.0)
        return self.start + (self.end - self.start) * share


Scheduled = float | Schedule
"""A constant number, or a schedule."""


def value_at(number: Scheduled, points_seen: int) -> float:
    """Return a number, or its schedule's value after so many points."""
    return number(points_seen) if isinstance(number, Schedule) else number


def _positive(owner: str, points: float) -> float:
    if not points > 0:
        raise InputError(f"{owner}: points must be positive, found {points}.")
    return points
