"""The entry point, and the one way out for errors."""

import logging
import os
import sys
import warnings
from collections.abc import Sequence

from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import OutOfMemoryError

from gan_lightning.cli.command_line import CommandLine
from gan_lightning.cli.explain import complain, explain
from gan_lightning.errors import InputError

MENDABLE = (InputError, MisconfigurationException, OSError, OutOfMemoryError)
"""What can go wrong in a run for reasons outside the program."""

DEBUG = "GAN_LIGHTNING_DEBUG"
"""Environment variable that brings the traceback of any error back."""


def main(args: Sequence[str] | None = None) -> None:
    """Run one command; on an error print one sentence and exit with a code other than 0.

    Args:
        args: The arguments after the program's name; by default those of the process.
    """
    _hush()
    try:
        CommandLine(sys.argv[1:] if args is None else args)
    except KeyboardInterrupt:
        complain("Interrupted; the last checkpoint is from before.")
        sys.exit(130)
    except MENDABLE as error:
        if os.environ.get(DEBUG):
            raise
        complain(explain(error))
        sys.exit(2)


def _hush() -> None:
    """Keep what the libraries say of themselves out of a person's sight."""
    for library in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(library).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated")
    # We log by batches of the whole run, not of an epoch.
    warnings.filterwarnings("ignore", message="The number of training batches")
