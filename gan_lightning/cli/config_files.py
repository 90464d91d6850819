"""Experiment files that cannot be read, named before the parser meets them."""

from pathlib import Path

import yaml

from gan_lightning.errors import InputError


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
