"""Hyperparameters as plain values, so that a checkpoint holds only data.

``weights_only=True`` keeps pickled code from running; what the values name is limited by
``gan_lightning.trust``, for the command line and for Lightning's loader alike.
"""

import inspect
import itertools
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from jsonargparse import ArgumentParser
from torch import Tensor

from gan_lightning.errors import InputError


def migrated(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of an older checkpoint's model under their current names."""
    now = dict(arguments)
    if "penalty" in now:  # one or none before, several now
        penalty = now.pop("penalty")
        if penalty is not None:
            now["penalties"] = [penalty]
    return now


def arguments_of(cls: type, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return all arguments of a class by name, including inherited ones and defaults.

    Args:
        cls: A class that may pass ``*args`` and ``**kwargs`` on to its base unchanged.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
    """
    inits = [vars(base)["__init__"] for base in cls.__mro__ if "__init__" in vars(base)]
    signatures = [list(inspect.signature(init).parameters.values())[1:] for init in inits]
    named = dict(kwargs)
    if args:
        by_place = next(s for s in signatures if not any(p.kind is p.VAR_POSITIONAL for p in s))
        named |= zip([parameter.name for parameter in by_place], args, strict=False)
    # jsonargparse knows what is passed on: it reads the calls of super().__init__.
    taken = ArgumentParser(exit_on_error=False).add_class_arguments(cls, fail_untyped=False)
    for parameter in itertools.chain(*signatures):
        if parameter.name in taken and parameter.default is not parameter.empty:
            named.setdefault(parameter.name, parameter.default)
    return named


def describe(value: Any, name: str) -> Any:
    """Return ``value`` as numbers, strings, lists and dictionaries.

    Classes, ``functools.partial`` of classes and objects become what an experiment file holds in
    their place, ``{"class_path": …, "init_args": {…}}``, and are built again from it.

    Args:
        value: An argument of a model's ``__init__``.
        name: The argument's name, for the error.

    Raises:
        InputError: If nothing could build the value again: a lambda, a local class, an object
            whose ``__init__`` arguments are not its attributes.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic) or (isinstance(value, Tensor) and value.dim() == 0):
        return value.item()
    if isinstance(value, Mapping):
        return {key: describe(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [describe(item, name) for item in value]
    if isinstance(value, type):
        return {"class_path": _import_path(value, name)}
    if isinstance(value, partial) and (cls := _partial_class(value)) is not None:
        return _class_and_arguments(cls, value.keywords, name)
    if inspect.isroutine(value) or isinstance(value, partial):
        raise InputError(
            f"{name}: a checkpoint cannot restore {value!r}. Pass a class, or functools.partial of "
            "a class with keyword arguments."
        )
    return _class_and_arguments(type(value), _init_arguments(value, name), name)


def _partial_class(value: "partial[Any]") -> type | None:
    """Return the class that a partial will build, if its other arguments are all keywords."""
    if isinstance(value.func, type):
        return None if value.args else value.func
    # jsonargparse makes partial(its own function, …, the class, **keywords)
    last = value.args[-1] if value.args else None
    return last if isinstance(last, type) and "jsonargparse" in value.func.__module__ else None


def _class_and_arguments(cls: type, arguments: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"class_path": _import_path(cls, name), "init_args": describe(arguments, name)}


def _import_path(cls: type, name: str) -> str:
    if "<locals>" in cls.__qualname__ or cls.__module__ == "__main__":
        raise InputError(
            f"{name}: a checkpoint cannot restore {cls.__qualname__}, which no other program can "
            "import. Define the class at the top of a module."
        )
    # The shortest module that exports the class: torch.optim.Adam for torch.optim.adam.Adam.
    parts = cls.__module__.split(".")
    modules = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    exporting = (m for m in modules if getattr(sys.modules.get(m), cls.__name__, None) is cls)
    return f"{next(exporting, cls.__module__)}.{cls.__qualname__}"


def _init_arguments(value: object, name: str) -> dict[str, Any]:
    """Read an object's ``__init__`` arguments from its attributes of the same names."""
    try:
        parameters = inspect.signature(type(value)).parameters
    except ValueError as error:  # such as a tensor's
        raise InputError(f"{name}: a checkpoint cannot restore {value!r}.") from error
    missing = [parameter for parameter in parameters if not hasattr(value, parameter)]
    if missing:
        raise InputError(
            f"{name}: a checkpoint cannot restore {type(value).__name__}, since it does not keep "
            f"its arguments {', '.join(missing)} as attributes. Pass a functools.partial of it."
        )
    return {parameter: getattr(value, parameter) for parameter in parameters}
