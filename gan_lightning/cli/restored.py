"""The model that a checkpoint holds, against the one that a configuration asks for."""

from collections.abc import Iterator, Mapping
from typing import Any

from gan_lightning.errors import InputError


def held_model(checkpoint: Mapping[str, Any], asked: str, path: str) -> dict[str, Any]:
    """Return the model section of a configuration that a checkpoint was made by.

    Args:
        checkpoint: What the checkpoint holds.
        asked: Class path of the model that the configuration asks for.
        path: Where the checkpoint lies, for the error.

    Raises:
        InputError: If the checkpoint holds a model of another class.
    """
    arguments = dict(checkpoint.get("hyper_parameters", {}))
    class_path = arguments.pop("_class_path", "model without a name")
    if _name(class_path) != _name(asked):
        raise InputError(
            f"{path} holds the model {_name(class_path)}, and the config asks for {_name(asked)}."
        )
    # The first is Lightning's own, the others come from the data module.
    for name in ("_instantiator", "data_shape", "num_classes"):
        arguments.pop(name, None)
    return {"class_path": class_path, "init_args": arguments}


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yield the dotted key and both values of each setting that differs."""
    for key in {**old, **new}:
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            nested = prefix if key == "init_args" else f"{prefix}{key}."
            yield from differences(before, after, nested)
        elif before != after:
            yield f"{prefix}{key}", before, after


def _name(class_path: str) -> str:
    return class_path.rpartition(".")[2]
