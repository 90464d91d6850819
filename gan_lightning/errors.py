"""The error that a person can mend: its message is all they are shown."""

from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral
from typing import Any


class InputError(ValueError):
    """A value from outside (config, command line, file, device) that cannot be used.

    The message is one sentence or two that name the thing, what was expected and what was found.
    The command line prints it without a traceback.
    """


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """Return a question that suggests the option most like a name; empty if none is similar."""
    options = list(options)
    same = [option for option in options if option.lower() == name.lower()]
    near = same or get_close_matches(name, options, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def require_positive(**numbers: Any) -> None:
    """Make sure that settings which count something are positive; None stands for none.

    Raises:
        InputError: If one is not.
    """
    for name, number in numbers.items():
        if number is not None and (not isinstance(number, Integral) or number < 1):
            raise InputError(f"{name} must be a positive integer, found {number}.")


def checked_seed(name: str, seed: int) -> int:
    """Return a seed that PyTorch's generators take.

    Raises:
        InputError: If it lies outside [0, 2⁶³).
    """
    if not 0 <= seed < 2**63:
        raise InputError(f"{name} must lie in [0, 2^63), found {seed}.")
    return seed
