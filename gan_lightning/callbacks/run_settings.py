"""The settings that identify a run: those that differ from the defaults."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from lightning.pytorch import LightningModule

from gan_lightning.data import DataModule
from gan_lightning.errors import InputError
from gan_lightning.models.configured import DATA_ARGUMENTS
from gan_lightning.models.hyperparameters import arguments_of, describe

Plain = bool | int | float | str

_NONE = object()


def run_settings(model: LightningModule, data: DataModule) -> dict[str, Plain]:
    """Return what distinguishes a run: model, data, batch size, seed, number of weights, rates.

    They are followed by all settings that differ from the defaults of their class.
    """
    told: dict[str, Plain] = {
        "model": type(model).__name__,
        "data": type(data).__name__,
        "batch_size": data.batch_size,
        "seed": torch.initial_seed(),
        "weights": num_weights(model),
    }
    own = {k: v for k, v in model.hparams.items() if k not in DATA_ARGUMENTS and k[:1] != "_"}
    others = dict(_differing(own, _defaults(type(model)), "model"))
    rates = {name: value for name, value in others.items() if name.endswith(".lr")}
    return told | rates | others | _of_data(data)


def num_weights(model: torch.nn.Module) -> int:
    """Return the number of trainable weights."""
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def _of_data(data: DataModule) -> dict[str, Plain]:
    """Return the data's settings stored under their own names, without defaults."""
    defaults = arguments_of(type(data), (), {})
    kept = {
        name: vars(data)[name] for name in defaults if name in vars(data) and name != "batch_size"
    }
    try:
        plain = describe(kept, "data")
    except InputError:  # such as a user's data module that stores a function
        return {}
    return dict(_differing(plain, _described(defaults), "data"))


def _defaults(cls: type) -> dict[str, Any]:
    """Return the default arguments of a class and its bases as plain values."""
    return _described(arguments_of(cls, (), {}))


def _described(arguments: Mapping[str, Any]) -> dict[str, Any]:
    described = {}
    for name, value in arguments.items():
        try:
            described[name] = describe(value, name)
        except InputError:  # an object without a description differs from everything
            continue
    return described


def _differing(
    values: Mapping[str, Any], defaults: Mapping[str, Any], name: str
) -> Iterator[tuple[str, Plain]]:
    for key, value in values.items():
        default = defaults.get(key, _NONE)
        if isinstance(value, Mapping) and "class_path" in value:
            yield from _differing_class(value, default, f"{name}.{key}")
        elif isinstance(value, Mapping):
            inner = default if isinstance(default, Mapping) else {}
            yield from _differing(value, inner, f"{name}.{key}")
        elif value is not None and (key == "lr" or _plain(value) != _plain(default)):
            yield f"{name}.{key}", _plain(value)


def _differing_class(
    value: Mapping[str, Any], default: Any, name: str
) -> Iterator[tuple[str, Plain]]:
    cls = _class_named(value["class_path"])
    alike = isinstance(default, Mapping) and _class_named(default.get("class_path", "")) is cls
    if not alike or cls is None:
        yield name, _plain(value)
    arguments = {} if cls is None else _defaults(cls)
    if alike:
        arguments |= default.get("init_args") or {}
    given = {"lr": arguments["lr"]} if "lr" in arguments else {}  # a rate is always shown
    yield from _differing(given | (value.get("init_args") or {}), arguments, name)


def _class_named(path: str) -> type | None:
    """Return a class of a loaded module: the model was built from it."""
    module, _, name = path.rpartition(".")
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) else None


def _plain(value: Any) -> Plain:
    """Return a value as one cell of a table; a class by its own name."""
    if isinstance(value, Mapping):
        return str(value.get("class_path", "")).rpartition(".")[2]
    if isinstance(value, list | tuple):
        return ", ".join(str(_plain(item)) for item in value)
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text.rpartition(".")[2] if _class_named(text) else text
