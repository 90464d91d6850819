"""What a checkpoint may name: a checkpoint is data, not a program.

A checkpoint's hyperparameters name classes, and so does the ``config.yaml`` of its run. Building
what they name runs code that the file's author chose. So a file that its user has not typed may
name only the classes listed in ``safe_classes.py`` and those of the user's own program.
jsonargparse enforces the list before it imports anything.
"""

import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, wraps
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, get_origin

import lightning.pytorch.cli
from jsonargparse import ArgumentError, set_parsing_settings
from jsonargparse._common import parsing_settings
from lightning.pytorch import Callback
from lightning.pytorch.core.saving import _ALLOWED_INSTANTIATORS
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

import gan_lightning
from gan_lightning.callbacks.checkpoint_io import guard_lightning_reader
from gan_lightning.errors import InputError
from gan_lightning.models.hyperparameters import migrated
from gan_lightning.safe_classes import ROOMS, canonical_paths, listed_paths

PARTS = (nn.Module, Optimizer, LRScheduler, Callback)
"""Bases of the classes in a user's own program that a checkpoint may name."""

LOCATIONS = {"root", "path", "default_root_dir", "save_dir", "dirpath"}
"""Settings whose values are paths: for any other, jsonargparse would read a named file."""


@contextmanager
def only_safe_imports(found: Mapping[str, Any], trusted: Collection[str] = ()) -> Iterator[None]:
    """Let jsonargparse import only what a checkpoint may name, within a context.

    Args:
        found: The plain values that a checkpoint, or a config that nobody typed, holds, by the
            file's name. They may also name a class of the person's own program, if it is imported
            already.
        trusted: Further import paths, each with all that is below it.

    Raises:
        InputError: If something else is named, or a file of settings; nothing has been imported.
    """
    for file, values in found.items():
        _check_files(file, values)
    allowed = set(listed_paths().union(trusted))
    named = [(*pair, file) for file, values in found.items() for pair in _named(values)]
    for key, path, file in named:
        if not _allows(allowed, path):
            allowed |= _of_own_program(path)
        below_a_class = any(path.startswith(f"{listed}.") for listed in listed_paths())
        if below_a_class or (key == "class_path" and "." in path and not _allows(allowed, path)):
            raise _refusal(path, file)
    before = dict(parsing_settings)
    try:
        set_parsing_settings(import_path_denylist=["*"], import_path_allowlist=sorted(allowed))
        yield
    except Exception as error:
        if denied := _denied_path(error):
            name = denied.rpartition(".")[2]
            files = [file for _, path, file in named if path.rpartition(".")[2] == name]
            raise _refusal(denied, files[0] if files else next(iter(found))) from error
        raise
    finally:
        parsing_settings.update(before)


def guard_lightning_loader() -> None:
    """Hold ``LightningModule.load_from_checkpoint`` to the same list, for models of this package.

    Lightning makes sure that a checkpoint's model is a class that is already imported, and leaves
    everything that its arguments name to jsonargparse. Models of other projects are built as
    before; damaged checkpoints are refused for all.
    """
    guard_lightning_reader()
    build = lightning.pytorch.cli.instantiate_module
    if getattr(build, "_guarded", False):
        return

    @wraps(build)
    def guarded(class_type: type[Any], config: dict[str, Any]) -> Any:
        named = _imported(config.get("_class_path", ""))
        if not _is_ours(class_type if named is None else named):
            return build(class_type, config)
        try:
            with only_safe_imports({"The checkpoint": config}):
                return build(class_type, migrated(config))
        except ArgumentError as error:
            reason = " ".join(str(_first_cause(error)).split())
            raise InputError(f"The checkpoint's model cannot be built: {reason}") from error

    # The sibling package builds its own LightningModule, which no model here extends.
    _ALLOWED_INSTANTIATORS.discard("pytorch_lightning.cli.instantiate_module")
    guarded._guarded = True  # type: ignore[attr-defined]
    lightning.pytorch.cli.instantiate_module = guarded


def typed_paths(values: Any) -> set[str]:
    """Return the paths of the classes that a person has typed, who may name any.

    Args:
        values: What was typed, in plain values.
    """
    trusted = set()
    for key, path in _named(values):
        name = path.rpartition(".")[2]
        is_a_class = key == "class_path" or name[:1].isupper()  # val.ks or data.csv is none
        if "." in path and is_a_class and not _allows(listed_paths(), path):
            trusted |= {path, *canonical_paths(_imported(path) or _import(path))}
    return trusted


def _named(values: Any) -> Iterator[tuple[str, str]]:
    """Yield the strings that could be import paths, each with its key."""
    for key, text in _texts(values):
        if all(part.isidentifier() for part in text.split(".")):
            yield key, text


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield all strings among plain values, each with its key."""
    if isinstance(value, Mapping):
        for inner, item in value.items():
            yield from _texts(item, str(inner))
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, str):
        yield key, value


def _check_files(file: str, values: Any) -> None:
    """Make sure that no setting names a file, which the parser would open.

    Raises:
        InputError: If one does.
    """
    for key, text in _texts(values):
        places = (Path(text.strip()), Path(file).parent / text.strip())
        if key not in LOCATIONS and any(map(_is_file, places)):
            raise InputError(
                f"{file} names the file {text!r} for the setting {key}. Only a --config that is "
                "typed may do so."
            )


def _is_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):  # not a valid file name
        return False


def _allows(allowed: Collection[str], path: str) -> bool:
    return any(path == entry or path.startswith(f"{entry}.") for entry in allowed)


def _of_own_program(path: str) -> set[str]:
    """Return the paths of a class that the person's own program has imported, if it is one.

    Code outside installed packages is their own, and so is any class that extends this package.
    """
    cls = _imported(path)
    if not isinstance(cls, type) or not issubclass(cls, PARTS + _contracts()):
        return set()
    package = cls.__module__.partition(".")[0]
    if package in ("gan_lightning", "lightning", "torch"):  # also where they are not installed
        return set()
    own = package not in _installed() and package not in sys.stdlib_module_names
    extends = issubclass(cls, _contracts())
    return {path, *canonical_paths(cls)} if own or extends else set()


@cache
def _contracts() -> tuple[type, ...]:
    """Return the classes of this package that others extend."""
    rooms = [getattr(gan_lightning, room) for room in ROOMS]
    exported = (getattr(room, name) for room in rooms for name in room.__all__)
    return tuple(cls for cls in exported if isinstance(cls, type) and get_origin(cls) is None)


def _is_ours(cls: Any) -> bool:
    """Return whether a checkpoint's model is one of this package, or none in particular."""
    package = str(getattr(cls, "__module__", "")).partition(".")[0]
    ours = isinstance(cls, type) and issubclass(cls, gan_lightning.models.ConfiguredModule)
    return ours or package in ("lightning", "gan_lightning")


def _imported(path: Any) -> Any:
    """Return the object at a path if it is imported already, else None."""
    module, _, name = path.rpartition(".") if isinstance(path, str) else ("", "", "")
    return getattr(sys.modules.get(module), name, None)


def _import(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(__import__(module, fromlist=[name]), name, None)
    except ImportError:
        return None  # a text with a dot in it, or a name that the parser will reject


@cache
def _installed() -> frozenset[str]:
    return frozenset(packages_distributions())


def _first_cause(error: BaseException) -> BaseException:
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error


def _denied_path(error: BaseException | None) -> str | None:
    """Return the path that jsonargparse refused, from any error of a chain."""
    while error is not None:
        _, found, rest = str(error).partition("Importing '")
        path, _, rest = rest.partition("'")
        if found and rest.startswith(" is not allowed"):
            return path
        error = error.__cause__ or error.__context__
    return None


def _refusal(path: str, file: str) -> InputError:
    package = path.partition(".")[0]
    return InputError(
        f"{file} names {path}, which is not among the classes that a checkpoint may name. If you "
        "trust it, type the --config that names it, import it in your own program, or add --trust "
        f"{package}."
    )
