"""Checks of experiment files before the parser reads them."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from gan_lightning.cli.shipped import shipped
from gan_lightning.errors import InputError, did_you_mean

_SECTIONS = {"model", "data", "trainer", "metrics", "pictures", "checkpoints"}
_RUN_KEYS = {"seed_everything", "ckpt_path", "weights_only", "trust"}
_CLASS_KEYS = ("class_path", "init_args", "dict_kwargs")
_MOST_VALUES = 100_000
"""A limit that only malformed files exceed, such as those with nested aliases."""


class _Loader(yaml.SafeLoader):
    """Reads YAML, and refuses duplicate keys, the first of which YAML would silently drop."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                line = key.start_mark.line + 1
                if key.value in lines:
                    problem = f"the key {key.value!r} is already set in line {lines[key.value]}"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                lines[key.value] = line
        return super().construct_mapping(node, deep)


def check_config(path: Path) -> dict[str, Any]:
    """Return the content of a file that holds YAML with named sections.

    Raises:
        InputError: If it does not; the message names the line where reading failed.
    """
    _check_file(path)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        _check_size(content)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not YAML: it is not text.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise InputError(f"{path}{where} is not YAML: {problem}.") from error
    except RecursionError as error:
        raise InputError(f"{path} holds a setting that contains itself.") from error
    except (ValueError, OSError) as error:  # a number of 5000 digits; a file of another user
        raise InputError(f"{path} cannot be read: {str(error).partition(';')[0]}.") from error
    if not isinstance(content, dict):
        found = "nothing" if content is None else f"a {type(content).__name__}"
        raise InputError(f"{path}: expected the sections model, data and trainer, found {found}.")
    for section in _SECTIONS & content.keys():
        _check_section(path, section, content[section])
    return content


def check_text(key: str, text: str) -> None:
    """Make sure that a list or mapping typed as a flag describes classes correctly.

    Raises:
        InputError: If it does not.
    """
    if key.endswith(".init_args") and text[:1] != "{":
        raise InputError(f"{key}: expected named settings, found {text[:80]!r}.")
    if text[:1] in ("[", "{"):
        try:
            content = yaml.load(text, _Loader)
            _check_size(content)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            problem = getattr(error, "problem", None) or str(error).partition(";")[0]
            raise InputError(f"--{key}: {text[:80]!r} is not YAML: {problem}.") from error
        _check_classes(key, content)


def replaced_callbacks(configs: Sequence[Mapping[str, Any]], args: Sequence[str]) -> list[str]:
    """Return the names of a config's callbacks that a flag replaces instead of extending."""
    flag = "--trainer.callbacks"
    if not any(arg == flag or arg.startswith(f"{flag}=") for arg in args):
        return []
    return [name for names in map(_callbacks, configs) for name in names]


def replaced_by_configs(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of callbacks in a config that a later one replaces."""
    listed = [names for names in map(_callbacks, configs) if names]
    return [name for names in listed[:-1] for name in names if name not in listed[-1]]


def _callbacks(config: Mapping[str, Any]) -> list[str]:
    callbacks = (config.get("trainer") or {}).get("callbacks") or []
    listed = callbacks if isinstance(callbacks, list) else [callbacks]
    paths = [c.get("class_path", "") if isinstance(c, Mapping) else c for c in listed]
    return [str(path).rpartition(".")[2] for path in paths]


def check_found_config(path: Path) -> dict[str, Any]:
    """Return the content of a run's saved config, which the user has not typed.

    Raises:
        InputError: If it sets more than a run's config may, or refers to another machine.
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


def _check_file(path: Path) -> None:
    """Make sure that a config is a file, or suggest a similar one."""
    try:
        if path.is_file():
            return
        found = "a folder" if path.is_dir() else "a pipe" if path.exists() else "nothing"
    except (OSError, ValueError):  # not a valid file name
        found = "not a file name"
    near = ""
    if found == "nothing":
        folders = [folder for folder in (path.parent, Path("configs")) if folder.is_dir()]
        files = [file for folder in folders for file in sorted(folder.glob("*.y*ml"))]
        stems = {**{name: name for name in shipped()}, **{f.stem: str(f) for f in reversed(files)}}
        if names := get_close_matches(path.stem, stems, n=1):
            near = f" Did you mean {stems[names[0]]!r}?"
    raise InputError(f"--config: expected a YAML file at {str(path)[:200]}, found {found}.{near}")


def _check_size(content: Any) -> None:
    """Make sure that YAML aliases make no value huge or recursive."""
    waiting, seen = [content], 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > _MOST_VALUES:
            raise ValueError("it holds more than 100 000 values, or one that contains itself")
        if isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value


def _check_section(path: Path, section: str, content: object) -> None:
    if not isinstance(content, dict):
        shown = _shown(content)
        raise InputError(f"{path}, {section}: expected named settings, found {shown}.")
    if section in ("model", "data"):
        _check_keys(f"{path}, {section}", content)
    _check_classes(f"{path}, {section}", content)


def _check_classes(key: str, content: object) -> None:
    """Make sure that each mapping that describes a class has the right keys."""
    if isinstance(content, list):
        for i, item in enumerate(content):
            if item == {} or (key.endswith("callbacks") and not isinstance(item, str | dict)):
                raise InputError(f"{key}: expected a class at place {i + 1}, found {_shown(item)}.")
            _check_classes(key, item)
    if not isinstance(content, dict):
        return
    near = [name for name in map(str, content) if get_close_matches(name, _CLASS_KEYS[:2], 1, 0.8)]
    if near:
        _check_keys(key, content)
    for name, value in content.items():
        _check_classes(key if name == "init_args" else f"{key}.{name}", value)


def _check_keys(key: str, content: Mapping[Any, Any]) -> None:
    if wrong := sorted(str(name) for name in content if name not in _CLASS_KEYS):
        hint = did_you_mean(wrong[0], _CLASS_KEYS)
        raise InputError(
            f"{key}: expected class_path and init_args, found {', '.join(wrong)}; the "
            f"settings of a class belong below its init_args.{hint}"
        )
    if not isinstance(content.get("class_path", ""), str):
        shown = _shown(content["class_path"])
        raise InputError(f"{key}.class_path: expected the name of a class, found {shown}.")
    for name in _CLASS_KEYS[1:]:
        if not isinstance(content.get(name, {}), dict):
            shown = _shown(content[name])
            raise InputError(f"{key}.{name}: expected named settings, found {shown}.")


def _shown(value: object) -> str:
    """Return a value as short YAML."""
    return "null" if value is None else repr(value)[:80]


def what_is_replaced(configs: Sequence[Mapping[str, Any]], args: Sequence[str]) -> str | None:
    """Return a sentence on the callbacks that a flag or a later config replaces."""
    if gone := replaced_callbacks(configs, args):
        return (
            f"--trainer.callbacks replaces those of the config, {', '.join(gone)}; "
            "--trainer.callbacks+= adds to them."
        )
    if gone := replaced_by_configs(configs):
        return f"The last --config replaces the callbacks of the one before, {', '.join(gone)}."
    return None
