"""How training ends where it cannot go on: with the true cause, in a sentence."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lightning.pytorch import Trainer
from torch.distributed import DistError

from gan_lightning.callbacks.run_folder import run_folder
from gan_lightning.errors import InputError

LOST = re.compile(r"Connection (closed|reset) by peer|Broken pipe|gloo|NCCL")
"""What the libraries say that carry numbers from process to process, where one has gone."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be an interruption, where Lightning makes of it an exit without a word."""
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise end.__context__ from None
        raise


@contextmanager
def naming_the_cause(trainer: Trainer) -> Iterator[None]:
    """Name the folder that cannot be written, and say where another process has gone.

    Raises:
        InputError: Of either.
    """
    folder = run_folder(trainer)
    hook, threading.excepthook = threading.excepthook, _silent_about_curves
    try:
        yield
    except OSError as error:
        if error.filename is not None or folder is None:
            raise
        raise InputError(
            f"{folder} cannot be written: {error.strerror or error}. What was saved there "
            "before is whole."
        ) from error
    except RuntimeError as error:
        if not isinstance(error, DistError) and not LOST.search(str(error)):
            raise
        raise InputError(
            f"Process {trainer.global_rank} cannot go on, as another process of this run has "
            "ended. What was saved before is whole."
        ) from error
    finally:
        threading.excepthook = hook


def _silent_about_curves(error: threading.ExceptHookArgs) -> None:
    """Leave it to the main thread to say what a thread of TensorBoard's has run into."""
    if not issubclass(error.exc_type, OSError):
        threading.__excepthook__(error)
