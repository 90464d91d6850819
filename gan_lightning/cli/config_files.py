"""Experiment files that cannot be read, named before the parser meets them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gan_lightning.errors import InputError

_SECTIONS = {"model", "data", "trainer", "metrics", "pictures", "checkpoints"}
_RUN_KEYS = {"seed_everything", "ckpt_path", "weights_only", "trust"}
_CLASS_KEYS = {"class_path", "init_args", "dict_kwargs"}


def check_config(path: Path) -> dict[str, Any]:
    """Return the content of a file that holds YAML with named sections.

    Raises:
        InputError: If not; with the line where reading failed.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing"
        raise InputError(f"--config: expected a YAML file at {path}, found {found}.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not YAML: it is not text.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise InputError(f"{path}{where} is not YAML: {problem}.") from error
    if not isinstance(content, dict):
        raise InputError(
            f"{path}: expected the sections model, data and trainer, found a "
            f"{type(content).__name__}."
        )
    for section in _SECTIONS & content.keys():
        _check_section(path, section, content[section])
    return content


def replaced_callbacks(configs: Sequence[Mapping[str, Any]], args: Sequence[str]) -> list[str]:
    """Return the names of a config's callbacks that a flag replaces, where it could add to them."""
    flag = "--trainer.callbacks"
    if not any(arg == flag or arg.startswith(f"{flag}=") for arg in args):
        return []
    given = [(config.get("trainer") or {}).get("callbacks") or [] for config in configs]
    listed = [callbacks if isinstance(callbacks, list) else [callbacks] for callbacks in given]
    callbacks = [callback for each in listed for callback in each]
    paths = [c.get("class_path", "") if isinstance(c, Mapping) else c for c in callbacks]
    return [str(path).rpartition(".")[2] for path in paths]


def check_found_config(path: Path) -> dict[str, Any]:
    """Return the content of the config that a run has saved, which nobody has typed.

    Raises:
        InputError: If it sets more than a run's config does, or reaches beyond this machine.
    """
    content = check_config(path)
    typed = "Only a --config that is typed may do so."
    if further := sorted(map(str, content.keys() - _SECTIONS - _RUN_KEYS)):
        raise InputError(f"{path} sets {', '.join(further)}, which no run's config does. {typed}")
    if content.get("weights_only") not in (None, True):
        raise InputError(
            f"{path} sets weights_only to false, which lets a checkpoint run code. {typed}"
        )
    try:
        addresses = [text for text in _texts(content) if "://" in text]
    except RecursionError as error:
        raise InputError(f"{path} holds a setting that contains itself.") from error
    if addresses:
        raise InputError(f"{path} names the address {addresses[0]!r}. {typed}")
    return content


def _texts(value: object) -> Iterator[str]:
    """Yield all texts among plain values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _check_section(path: Path, section: str, content: object) -> None:
    if not isinstance(content, dict):
        raise InputError(f"{path}, {section}: expected named settings, found {content!r}.")
    if section in ("model", "data") and content.keys() - _CLASS_KEYS:
        wrong = sorted(map(str, content.keys() - _CLASS_KEYS))
        raise InputError(
            f"{path}, {section}: expected class_path and init_args, found {', '.join(wrong)}; the "
            "settings of a class stand below its init_args."
        )
