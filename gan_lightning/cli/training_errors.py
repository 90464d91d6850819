"""Errors that end training, with their true cause in one sentence."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning.pytorch import Trainer
from torch.distributed import DistError

from gan_lightning.callbacks.run_folder import run_folder
from gan_lightning.errors import InputError

LOST = re.compile(r"Connection (closed|reset) by peer|pair closure|Broken pipe|gloo|NCCL")
"""Messages of the communication libraries when another process has ended or does not answer."""

SILENT = re.compile(r"[Tt]imed out|[Tt]imeout")
"""Words in those that report a process that does not answer."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, where Lightning would exit silently."""
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise end.__context__ from None
        raise


@contextmanager
def naming_the_cause(trainer: Trainer) -> Iterator[None]:
    """Report a folder that cannot be written, or another process that has ended or is silent.

    Raises:
        InputError: In either case.
    """
    folder = run_folder(trainer)
    hook, threading.excepthook = threading.excepthook, _silent_about_curves
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__  # Lightning wraps some
        if not isinstance(cause, OSError) or (place := _place(cause, folder)) is None:
            raise
        raise InputError(
            f"{place} cannot be written: {cause.strerror or cause}. What was saved there before is "
            "intact."
        ) from error
    except RuntimeError as error:
        if not isinstance(error, DistError) and not LOST.search(str(error)):
            raise
        ending = "did not answer in time" if SILENT.search(str(error)) else "has ended"
        raise InputError(
            f"Process {trainer.global_rank} cannot continue, because another process of this "
            f"run {ending}. What was saved before is intact."
        ) from error
    finally:
        threading.excepthook = hook


def _place(error: OSError, folder: Path | None) -> Path | None:
    """Return the path that could not be written, if it is in the run's folder."""
    name = error.filename
    if folder is None or not isinstance(name, str | bytes):
        return folder if name is None else None
    place = Path(os.fsdecode(name))
    return place if place.absolute().is_relative_to(folder.absolute()) else None


def _silent_about_curves(error: threading.ExceptHookArgs) -> None:
    """Leave errors of TensorBoard's thread to the main thread."""
    if not issubclass(error.exc_type, OSError):
        threading.__excepthook__(error)
