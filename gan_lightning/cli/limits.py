"""Limits on the imports of a command for files that its user has not typed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch.loggers
import yaml

from gan_lightning.cli.config_files import check_found_config
from gan_lightning.cli.runs import Arguments
from gan_lightning.errors import InputError
from gan_lightning.trust import only_safe_imports, typed_paths

NAMES_A_FILE = ("--config", "-c", "--ckpt_path", "--init_from", "--output", "--trust")
"""Options whose values are not import paths, though they may look like one."""


class Limits:
    """Collects the files that a command has found, and limits its parser to what they may name.

    Args:
        arguments: The command line, read in advance.
        args: Its words.
        configs: The content of each config that was typed.
    """

    def __init__(
        self, arguments: Arguments, args: Sequence[str], configs: Sequence[Mapping[str, Any]]
    ) -> None:
        for name in arguments.trusted:
            if not all(part.isidentifier() for part in name.split(".")):
                raise InputError(f"--trust: expected the name of a package, found {name!r}.")
        self._typed: list[object] = [_values(args), list(configs)]
        self._typed += [{"class_path": path} for path in _short_loggers(str(self._typed))]
        self._trusted = arguments.trusted
        self._found: dict[str, Any] = {}

    def add_config(self, path: Path) -> None:
        """Add a run's config, which replaces a typed one."""
        self._found[str(path)] = check_found_config(path)

    def add_checkpoint(self, path: Path, model: Mapping[str, Any]) -> None:
        """Add the model section that a checkpoint holds."""
        self._found[str(path)] = model

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let the parser import only what found files may name, or anything if there are none."""
        if not self._found:
            yield
            return
        with only_safe_imports(self._found, {*self._trusted, *typed_paths(self._typed)}):
            yield


def _values(args: Sequence[str]) -> list[Any]:
    """Return the values on a command line that could name a class."""
    values = []
    for before, arg in zip(["", *args], args, strict=False):
        option, equals, value = arg.partition("=")
        if not equals:
            option, value = (before, arg) if before.startswith("-") else ("", "")
        if option not in NAMES_A_FILE:
            try:
                values.append(yaml.safe_load(value))
            except yaml.YAMLError:
                continue  # the parser will report it
    return values


def _short_loggers(typed: str) -> list[str]:
    """Return the full names of Lightning's loggers that were typed without a module."""
    return [
        f"lightning.pytorch.loggers.{name}"
        for name in lightning.pytorch.loggers.__all__
        if f"'{name}'" in typed
    ]
