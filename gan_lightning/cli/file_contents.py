"""Errors that would print a file's contents, which jsonargparse substitutes for its name."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from jsonargparse import ArgumentError

from gan_lightning.cli.explain import causes_of
from gan_lightning.errors import InputError

CONFIG_ENDINGS = (".yaml", ".yml")
"""Users type configs, as they type flags, so errors may quote them."""

CHECKPOINTS = ("--ckpt_path", "--init_from")
"""Options whose files the parser does not open."""

MOST_READ = 2**20
"""Bytes of a file that are compared: an error quotes its beginning."""


def without_contents(message: str, error: BaseException, args: Sequence[str]) -> str:
    """Return an error's sentence, or a replacement if the parser quotes a file in it.

    Args:
        message: What the error says.
        error: The error; this package's own messages quote no file.
        args: The command line.
    """
    causes = list(causes_of(error.__cause__))
    ours = any(isinstance(cause, InputError) for cause in causes)
    if ours or not any(isinstance(cause, ArgumentError) for cause in causes):
        return message
    for option, path in _files(args):
        if option in CHECKPOINTS:
            continue
        with path.open("rb") as file:
            text = file.read(MOST_READ).decode("utf-8", "ignore")
        if any(word in message for word in set(re.findall(r"[^\W_][\w.@-]{3,}", text))):
            hint = ": a table of your own is --data CSV --data.path FILE" * (option == "--data")
            return f"{option} expects no file, but found {path}{hint}."
    return message


def _files(args: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield the options that name a file other than a config, with the file."""
    option = ""
    for arg in args:
        name, _, value = arg.partition("=") if arg.startswith("-") else (option, "", arg)
        option, path = name, Path(value)
        try:
            if value and path.is_file() and path.suffix.lower() not in CONFIG_ENDINGS:
                yield option, path
        except (OSError, ValueError):  # not a valid file name
            continue
