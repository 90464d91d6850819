"""Experiment files that cannot be read, named before the parser meets them."""

from pathlib import Path

import yaml

from gan_lightning.errors import InputError

_SECTIONS = {"model", "data", "trainer", "metrics", "pictures", "checkpoints"}
_CLASS_KEYS = {"class_path", "init_args", "dict_kwargs"}


def check_config(path: Path) -> None:
    """Make sure that a file is there and holds YAML with named sections.

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


def _check_section(path: Path, section: str, content: object) -> None:
    if not isinstance(content, dict):
        raise InputError(f"{path}, {section}: expected named settings, found {content!r}.")
    if section in ("model", "data") and content.keys() - _CLASS_KEYS:
        wrong = sorted(map(str, content.keys() - _CLASS_KEYS))
        raise InputError(
            f"{path}, {section}: expected class_path and init_args, found {', '.join(wrong)}; the "
            "settings of a class stand below its init_args."
        )
