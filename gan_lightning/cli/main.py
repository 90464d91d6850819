"""The entry point, where all errors are reported."""

import logging
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gan_lightning.cli.front_door import PROGRAM, check_command_line
from gan_lightning.cli.impute import as_sample
from gan_lightning.cli.quick_commands import answered
from gan_lightning.cli.shipped import with_shipped_configs
from gan_lightning.errors import InputError

DEBUG = "GAN_LIGHTNING_DEBUG"
"""Environment variable that shows the traceback of an error."""


def turn_away() -> None:
    """Answer commands that need no PyTorch, and invalid ones, before the program loads.

    The package calls this before it imports its rooms, and with them PyTorch and Lightning.
    """
    if _is_the_program():
        try:
            if answered(sys.argv[1:], PROGRAM):
                sys.exit()
            check_command_line(with_shipped_configs(sys.argv[1:]))
        except InputError as error:
            complain(str(error))
            sys.exit(2)


def script() -> None:
    """Run as the program ``gan_lightning``, which finds modules here as ``python -m`` does."""
    if not getattr(sys.flags, "safe_path", False):  # since Python 3.11
        sys.path.insert(0, os.getcwd())
    main()


def main(args: Sequence[str] | None = None) -> None:
    """Run one command; on an error print one sentence and exit with a code other than 0.

    Args:
        args: The arguments after the program's name; by default those of the process.
    """
    _hush()
    words = as_sample(sys.argv[1:] if args is None else args)
    try:
        if answered(words, PROGRAM):
            return
        words = with_shipped_configs(words)
        check_command_line(words)
        if words[:1] == ["compare"]:  # which needs no model
            from gan_lightning.cli.compare import compare

            compare(words[1:])
            return
        # Everything is imported before a checkpoint is read.
        from gan_lightning.cli import file_contents  # noqa: F401
        from gan_lightning.cli.command_line import CommandLine

        CommandLine(words)
    except KeyboardInterrupt:
        complain("Interrupted; nothing has been saved since the last checkpoint.")
        sys.exit(130)
    except Exception as error:
        from gan_lightning.cli.explain import explain, is_mendable
        from gan_lightning.cli.file_contents import without_contents

        if os.environ.get(DEBUG) or isinstance(error, Warning):  # they are errors only on request
            raise
        complain(without_contents(explain(error), error, words))
        sys.exit(2 if is_mendable(error) else 1)


def complain(message: str) -> None:
    """Print an error to the terminal."""
    sys.stderr.write(f"\nError: {message}\n")


def _is_the_program() -> bool:
    """Return whether this process is ``python -m gan_lightning``, or its script."""
    started = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1][-1:]
    if sys.argv[:1] == ["-m"]:  # what Python calls a module while it looks for it
        return started[0].removeprefix("-m") == "gan_lightning"
    return started == sys.argv[:1] and Path(*started).stem == "gan_lightning"


def _hush() -> None:
    """Silence what libraries print about themselves."""
    for library in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(library).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated")
    # We log by batches of the whole run, not of an epoch.
    warnings.filterwarnings("ignore", message="The number of training batches")
    warnings.formatwarning = _as_a_line


def _as_a_line(
    message: Warning | str, category: Any, filename: str, lineno: int, line: str | None = None
) -> str:
    """Return a warning without its place in the code, which does not help a user."""
    return f"Warning: {message}\n"
