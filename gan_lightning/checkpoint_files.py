"""Checkpoint files, checked for damage and form before anything is built."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.files import check_archive

MOST_VALUES = 100_000
MOST_LEVELS = 50
"""Limits that only a malformed file exceeds, such as one with a list that contains itself."""

TO_RESUME = ("loops", "optimizer_states", "lr_schedulers", "callbacks")
"""What a checkpoint must hold to be resumed from, besides the weights."""


def load_checkpoint(path: Path, parts: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a checkpoint holds, on the CPU.

    Args:
        path: The file.
        parts: What it must hold besides the weights.

    Raises:
        InputError: If the file is damaged, or is no checkpoint of Lightning.
    """
    try:
        with path.open("rb") as file:
            check_archive(file)
            checkpoint = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = _first_sentence(error) or type(error).__name__
        raise InputError(f"{path} is damaged or not a checkpoint: {reason}.") from error
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise InputError(f"{path} is not the checkpoint of a run: it holds no state_dict.")
    check_form(path, checkpoint)
    if missing := [part for part in parts if part not in checkpoint]:
        raise InputError(f"{path} cannot be resumed from: it holds no {', '.join(missing)}.")
    if "loops" in parts:
        with restoring(path):
            batches_of(checkpoint)
    return checkpoint


def batches_of(checkpoint: dict[str, Any]) -> int:
    """Return how many batches a checkpoint's run had trained on."""
    return int(checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]["ready"])


@contextmanager
def restoring(path: object) -> Iterator[None]:
    """Name the checkpoint in any error of restoring it.

    Raises:
        InputError: If the body of the context fails.
    """
    try:
        yield
    except InputError as error:
        if str(path) in str(error) or not str(error)[:1].islower():
            raise
        raise InputError(f"{path} cannot be restored: {error}") from error
    except Exception as error:
        raise InputError(
            f"{path} cannot be restored: {type(error).__name__}: {_first_sentence(error)}."
        ) from error


def check_form(path: Path, checkpoint: Mapping[Any, Any]) -> None:
    """Make sure that each part is of the kind that Lightning and this package write.

    Raises:
        InputError: If one is not.
    """
    for name, (kind, is_one) in _FORM.items():
        if name in checkpoint and not is_one(checkpoint[name]):
            found = type(checkpoint[name]).__name__
            raise InputError(f"{path} is damaged: expected {name} to be {kind}, found a {found}.")
    version = checkpoint.get("pytorch-lightning_version")
    major = version.partition(".")[0] if isinstance(version, str) else ""
    if not major.isdecimal() or int(major) < 2:
        raise InputError(
            f"{path} is damaged: expected a pytorch-lightning_version from 2.0 on, found "
            f"{str(version)[:40]!r}."
        )
    arguments = checkpoint.get("hyper_parameters", {})
    if not isinstance(arguments.get("_class_path", ""), str):
        raise InputError(f"{path} is damaged: its hyperparameters name no class as their model.")
    if not isinstance(arguments.get("data_shape", []), list | tuple):
        raise InputError(
            f"{path} is damaged: its hyperparameters give no list as the data's shape."
        )


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _are_mappings(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_mapping, value))


def _are_weights(value: object) -> bool:
    # A user's layer may have a state of its own, in any form.
    return isinstance(value, dict) and all(
        isinstance(weight, Tensor) or str(name).endswith("_extra_state")
        for name, weight in value.items()
    )


def _is_natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_plain(values: object) -> bool:
    """Return whether values are named texts, numbers, lists and mappings, and not too many."""
    seen = 0
    waiting = [(values, 0)]
    while waiting:
        value, level = waiting.pop()
        seen += 1
        if seen > MOST_VALUES or level > MOST_LEVELS:
            return False
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                return False
            waiting += [(item, level + 1) for item in value.values()]
        elif isinstance(value, list | tuple):
            waiting += [(item, level + 1) for item in value]
        elif not (value is None or isinstance(value, str | int | float)):
            return False
    return isinstance(values, dict)


_FORM: dict[str, tuple[str, Callable[[object], bool]]] = {
    "state_dict": ("tensors by name", _are_weights),
    "hyper_parameters": ("texts and numbers by name", _are_plain),
    "optimizer_states": ("a list of states", _are_mappings),
    "lr_schedulers": ("a list of states", _are_mappings),
    "callbacks": ("states by name", _is_mapping),
    "loops": ("states by name", _is_mapping),
    "random_states": ("a list of states", _are_mappings),
    "points_seen": ("a number of points", _is_natural),
    "epoch": ("a number of epochs", _is_natural),
    "global_step": ("a number of steps", _is_natural),
}


def _first_sentence(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".")
