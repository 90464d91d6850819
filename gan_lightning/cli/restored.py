"""The model in a checkpoint, compared with that of a configuration."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from torch.nn import Module

from gan_lightning.cli.runs import Run
from gan_lightning.data import DataMemory
from gan_lightning.errors import InputError
from gan_lightning.models import LatentModel
from gan_lightning.models.configured import DATA_ARGUMENTS
from gan_lightning.models.hyperparameters import migrated


def held_model(checkpoint: Mapping[str, Any], asked: str | None, path: str) -> dict[str, Any]:
    """Return the model section of the configuration behind a checkpoint.

    Args:
        checkpoint: Content of the checkpoint.
        asked: Class path of the configuration's model, if it names one.
        path: Path of the checkpoint, for the error.

    Raises:
        InputError: If the checkpoint holds a model of another class.
    """
    arguments = migrated(checkpoint.get("hyper_parameters", {}))
    class_path = arguments.pop("_class_path", None)
    if class_path is None:
        raise InputError(f"{path} does not name its model: it was not made by this package.")
    if asked is not None and _name(class_path) != _name(asked):
        raise InputError(
            f"{path} holds the model {_name(class_path)}, but the config asks for {_name(asked)}."
        )
    # The first is Lightning's own, the others come from the data module.
    for name in ("_instantiator", *DATA_ARGUMENTS):
        arguments.pop(name, None)
    return {"class_path": class_path, "init_args": arguments}


def recalled_data(checkpoint: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a data section that replaces a checkpoint's data; None if it is too old."""
    if DataMemory.of_checkpoint(checkpoint) is None:
        return None
    arguments = checkpoint.get("hyper_parameters", {})
    known = {name: arguments.get(name) for name in DATA_ARGUMENTS}
    known["data_shape"] = list(known["data_shape"] or ())
    known["num_classes"] = known["num_classes"] or 1
    known["blocks"] = list(known["blocks"] or ())
    return {"class_path": "gan_lightning.data.Recalled", "init_args": known}


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yield the dotted key and both values of each setting that differs."""
    classes = [str(values.get("class_path", "")) for values in (old, new)]
    if _name(classes[0]) != _name(classes[1]):  # the arguments belong to the class
        yield f"{prefix}class_path", old.get("class_path"), new.get("class_path")
        return
    for key in {**old, **new}:
        if key == "class_path":
            continue
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            nested = prefix if key == "init_args" else f"{prefix}{key}."
            yield from differences(before, after, nested)
        elif before != after and str(before) != str(
            after
        ):  # a text "[0, 1]" may have become a list
            yield f"{prefix}{key}", before, after


def data_differences(checkpoint: Path, data: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the differences between two data sections, that of a checkpoint's run first."""
    run = Run.of_checkpoint(checkpoint)
    if run is not None and run.config.is_file():
        try:
            trained = yaml.safe_load(run.config.read_text(encoding="utf-8"))["data"]
            yield from differences(trained, yaml.safe_load(yaml.safe_dump(data)))
        except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
            return  # an unreadable config cannot be compared


def check_fit(model: Module, data_shape: Sequence[int], checkpoint: Mapping[str, Any]) -> None:
    """Make sure that a checkpoint's weights fit a model and its data.

    Raises:
        InputError: If they do not.
    """
    trained_on = checkpoint["hyper_parameters"].get("data_shape")
    if trained_on is not None and list(trained_on) != list(data_shape):
        raise InputError(
            f"The checkpoint was trained on points of shape {list(trained_on)}, but the data's are "
            f"of shape {list(data_shape)}."
        )
    weights = checkpoint["state_dict"]
    if isinstance(model, LatentModel):
        model.complete(weights)
    for name, weight in model.state_dict().items():
        found = weights[name].shape if name in weights else "nothing"
        if found != weight.shape:
            writer = checkpoint.get("gan_lightning_version", "before 0.2")
            raise InputError(
                f"The checkpoint, written by version {writer}, does not fit the model: expected "
                f"{name} of shape {list(weight.shape)}, found "
                f"{list(found) if name in weights else found}."
            )


def check_data(data_class: type, checkpoint: Mapping[str, Any]) -> None:
    """Make sure that a run resumes with data of the same class.

    Raises:
        InputError: If it does not.
    """
    trained_on = DataMemory.owner(checkpoint)
    if trained_on not in (None, data_class.__qualname__):
        raise InputError(
            f"The run was trained on {trained_on}, but the data are {data_class.__qualname__}. A "
            "run cannot resume with other data; start a new one from its weights with --init_from "
            "in place of --ckpt_path."
        )


def _name(class_path: str) -> str:
    return class_path.rpartition(".")[2]
