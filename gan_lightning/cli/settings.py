"""Checks of what the parser accepts but no class can use: null, abstract classes, huge numbers."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from jsonargparse import Namespace

from gan_lightning.cli.choices import SECTIONS, choices, hint_of, imported, in_words, is_abstract
from gan_lightning.cli.explain import causes_of
from gan_lightning.errors import InputError
from gan_lightning.models.configured import DATA_ARGUMENTS

LARGEST = 2**63 - 1
"""The largest integers of PyTorch and NumPy."""

LARGEST_FLOAT = 3.4e38
"""Settings of networks and optimizers, which compute in 32 bits."""


def check_settings(config: Mapping[str, Any]) -> None:
    """Make sure that the class of every setting can use it.

    Args:
        config: The parsed configuration of one command.

    Raises:
        InputError: If one is null and must not be, names an abstract class or is too large.
    """
    model = _plain(config.get("model")) or {}
    if "class_path" not in model:
        raise InputError("model: expected a class_path, found none.")
    typed = {
        name: value
        for name, value in (model.get("init_args") or {}).items()
        if name not in DATA_ARGUMENTS
    }
    _check_value("model", {**model, "init_args": typed})
    _check_value("data", _plain(config.get("data")))
    for section, cls in SECTIONS.items():
        _check_arguments(section, cls, _plain(config.get(section)) or {})
    seed = config["seed_everything"]
    if not isinstance(seed, bool) and (seed is None or not 0 <= seed < 2**32):
        found = "null" if seed is None else seed
        raise InputError(f"seed_everything must lie in [0, 2^32), found {found}.")
    for name, value in config.items():
        if isinstance(value, int):
            _check_value(str(name), value)


@contextmanager
def within_memory(config: Mapping[str, Any]) -> Iterator[None]:
    """Name the largest setting if memory runs out within the context.

    Raises:
        InputError: If it runs out.
    """
    try:
        yield
    except Exception as error:
        *_, cause = causes_of(error)
        if not isinstance(cause, MemoryError) and not re.search(_TOO_LARGE, str(cause)):
            raise
        key, number = max(_numbers("", config), key=lambda pair: pair[1], default=("none", 0))
        reason = " ".join(str(cause).split())[:120] or type(cause).__name__
        raise InputError(
            f"Out of memory; the largest setting is {key}, {number} ({reason})."
        ) from error


_TOO_LARGE = (
    "allocate|out of memory|calculation overflowed|maximum allowed dimension|array is too big"
)


def described(hint: Any) -> str:
    """Return an annotation in words."""
    if get_origin(hint) in (Union, UnionType):
        kinds = [described(arg) for arg in get_args(hint) if arg is not type(None)]
        return " or ".join(dict.fromkeys(kinds))
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(str, get_args(hint)))}"
    if get_origin(hint) is Callable or get_origin(hint) is get_origin(Callable[..., Any]):
        return described(get_args(hint)[-1])
    origin = get_origin(hint) or hint
    return in_words(getattr(origin, "__name__", str(origin)))


def _check_value(key: str, value: Any) -> None:
    if isinstance(value, dict) and "class_path" in value:
        cls = imported(str(value["class_path"]))
        if is_abstract(cls):
            known = ", ".join(choices(cls))
            raise InputError(f"{key}: {cls.__name__} is abstract; known are {known}.")
        _check_arguments(key, cls, value.get("init_args") or {})
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_value(f"{key}.{name}", item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_value(key, item)
    elif (number := _number(value)) is not None:
        _check_number(key, number)


def _number(value: Any) -> float | None:
    """Return a number, even if the parser has left it as text."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 4000:
        return int(value)
    return value if isinstance(value, int | float) else None


def _check_number(key: str, number: float) -> None:
    if isinstance(number, int):
        if not -LARGEST <= number <= LARGEST:
            raise InputError(f"{key} must lie in (-2^63, 2^63), found {_short(number)}.")
        return
    in_range = -LARGEST_FLOAT <= number <= LARGEST_FLOAT
    if not in_range and (math.isnan(number) or key.startswith("model.")):
        # A threshold of a callback may be infinite.
        raise InputError(f"{key} must be a number that 32 bits can hold, found {number:g}.")


def _check_arguments(key: str, cls: Any, arguments: Mapping[str, Any]) -> None:
    for name, value in arguments.items():
        if value is None and not _takes_none(cls, name):
            expected = described(hint_of(cls, name))
            raise InputError(f"{key}.{name}: expected {expected}, found null.")
        _check_value(f"{key}.{name}", value)


def _takes_none(cls: Any, name: str) -> bool:
    """Return whether an argument may be None, or is unknown."""
    hint = hint_of(cls, name)
    if hint is None or hint is Any or type(None) in get_args(hint):
        return True
    parameter = signature(cls).parameters.get(name)
    return parameter is not None and parameter.default is None


def _numbers(key: str, value: Any) -> Iterator[tuple[str, int]]:
    value = _plain(value)
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _numbers(key if name == "init_args" else f"{key}.{name}".lstrip("."), item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(key, item)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield key, value


def _plain(value: Any) -> Any:
    """Return a namespace of the parser as a dictionary, at any depth."""
    if isinstance(value, Namespace):
        value = vars(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _short(number: int) -> str:
    """Return a number, or its number of digits if it is very long."""
    digits = number.bit_length() * 3 // 10
    return str(number) if digits < 25 else f"a number of about {digits} digits"
