"""Numbers that change during training as functions of the points seen."""

import math
from abc import ABC, abstractmethod

from gan_lightning.errors import InputError

__all__ = ["Cosine", "Exponential", "Linear", "Schedule"]


class Schedule(ABC):
    """A number as a function of the points seen, over all devices, since training began."""

    @abstractmethod
    def __call__(self, points_seen: float) -> float:
        """Return its value after a number of points."""


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


class Exponential(Schedule):
    """From one number to another by the same factor at every point, then constant.

    It spends as long between 1 and 0.1 as between 0.1 and 0.01, which suits what has to pass
    through several scales, such as learning rates and weights of penalties.

    Args:
        start: The initial value, positive.
        end: The final value, positive.
        points: Points seen until then.
        hold: Of them, points seen before it leaves the initial value.

    Example:
        >>> schedule = Exponential(start=1.0, end=0.01, points=1000)
        >>> [round(schedule(points), 3) for points in (0, 250, 500, 1000, 5000)]
        [1.0, 0.316, 0.1, 0.01, 0.01]
    """

    def __init__(self, start: float, end: float, points: float, hold: float = 0) -> None:
        if not (start > 0 and end > 0):
            raise InputError(
                f"Exponential: start and end must be positive, found {start} and {end}."
            )
        self.start = start
        self.end = end
        self.points = _positive("Exponential", points)
        if not 0 <= hold < points:
            raise InputError(
                f"Exponential: hold must lie in [0, points), found {hold} and points {points}."
            )
        self.hold = hold

    def __call__(self, points_seen: float) -> float:
        share = min(max(points_seen - self.hold, 0.0) / (self.points - self.hold), 1.0)
        return self.start * (self.end / self.start) ** share


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
    """Return a number, or its schedule's value after a number of points."""
    return number(points_seen) if isinstance(number, Schedule) else number


def _positive(owner: str, points: float) -> float:
    if not points > 0:
        raise InputError(f"{owner}: points must be positive, found {points}.")
    return points
