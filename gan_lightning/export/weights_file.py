"""Safetensors files: weights and plain values, from which this package rebuilds a model."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import lightning
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from gan_lightning.data import DataMemory
from gan_lightning.errors import InputError
from gan_lightning.export.facts import KEY, plain
from gan_lightning.export.graph import SampleGraph

WEIGHTS, UNITS = "weights/", "units/"
"""Prefixes of tensors' names: of the model, and of its units."""


class Kept(NamedTuple):
    """The part of a checkpoint that a file stores: enough to draw samples."""

    checkpoint: dict[str, Any]
    """In Lightning's form, with only the weights that draw samples."""
    networks: tuple[str, ...]
    """Parts of the model whose weights are stored."""


def weights_of(graph: SampleGraph, facts: dict[str, Any], memory: DataMemory) -> bytes:
    """Return the content of a safetensors file.

    Args:
        graph: The graph that draws samples.
        facts: The meaning of its numbers, for a reader without this package.
        memory: What the checkpoint knows about its data.

    Raises:
        InputError: If the model cannot be rebuilt.
    """
    model = graph.model
    if "_class_path" not in model.hparams:
        raise InputError(
            f"{type(model).__name__} cannot be rebuilt from a file: its checkpoint holds no "
            "configuration. Export it to .onnx."
        )
    tensors = {
        WEIGHTS + name: weight
        for name, weight in model.state_dict().items()
        if "." not in name or name.partition(".")[0] in graph.networks
    }
    state = memory.units.state_dict()
    tensors |= {UNITS + name: value for name, value in _leaves(state) if isinstance(value, Tensor)}
    values = [(name, plain(v)) for name, v in _leaves(state) if not isinstance(v, Tensor)]
    recipe = {
        "hyper_parameters": dict(model.hparams),
        "networks": graph.networks,
        "units": dict(values),
        "fingerprint": memory.fingerprint,
        "lightning": lightning.__version__,
    }
    metadata = {KEY: json.dumps(facts), "recipe": json.dumps(plain(recipe))}
    # The format has no views: each becomes a separate tensor.
    return save({name: t.detach().clone().contiguous() for name, t in tensors.items()}, metadata)


def read_weights(path: Path) -> Kept:
    """Return the content of a safetensors file: tensors and plain values, nothing that runs.

    Raises:
        InputError: If it was not written by this package, or is damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            recipe = json.loads((file.metadata() or {})["recipe"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        units: dict[str, Any] = dict(recipe["units"])
        units |= {n.removeprefix(UNITS): t for n, t in tensors.items() if n.startswith(UNITS)}
        checkpoint = {
            "state_dict": {
                n.removeprefix(WEIGHTS): t for n, t in tensors.items() if n.startswith(WEIGHTS)
            },
            "hyper_parameters": recipe["hyper_parameters"],
            "pytorch-lightning_version": recipe["lightning"],
            "data": {
                "units": _nested(units),
                "fingerprint": recipe["fingerprint"],
                "held_out": None,
            },
        }
        return Kept(checkpoint, tuple(map(str, recipe["networks"])))
    except Exception as error:  # JSON and the format raise many kinds of errors
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(
            f"{path} is damaged, or was not written by export: {type(error).__name__}: {reason}."
        ) from error


def check_complete(path: Path, kept: Kept, wanted: Mapping[str, Tensor]) -> None:
    """Make sure that a file holds all weights of the parts that draw samples.

    Raises:
        InputError: If not.
    """
    held = kept.checkpoint["state_dict"]
    needed = [name for name in wanted if name.partition(".")[0] in kept.networks]
    if missing := [name for name in needed if name not in held]:
        raise InputError(f"{path} is damaged: it holds no weights {missing[0]}.")


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values in nested mappings, by names with slashes."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}/")
        else:
            yield prefix + name, value


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Undo ``_leaves``."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        *folders, name = path.split("/")
        place = nested
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value
    return nested
