"""What a person is told when a command has ended."""

import sys
from pathlib import Path
from typing import TypeVar

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Timer

from gan_lightning.callbacks import Checkpoints, SampleMetrics
from gan_lightning.models import GenerativeModel

AnyCallback = TypeVar("AnyCallback", bound=Callback)


def callback_of(trainer: Trainer, kind: type[AnyCallback]) -> AnyCallback:
    """Return the callback of a kind that every run has."""
    callbacks = trainer.callbacks  # type: ignore[attr-defined]
    return next(callback for callback in callbacks if isinstance(callback, kind))


def report_fit(trainer: Trainer, program: str, batches_before: int) -> None:
    """Say where the results of ``fit`` are and what to type next.

    Args:
        trainer: The Trainer that has trained.
        program: How the program is called.
        batches_before: How many batches the run had seen before, where it went on.
    """
    checkpoints = callback_of(trainer, Checkpoints)
    if checkpoints.last is None:  # a run that leaves nothing behind: fast_dev_run, logger=false
        return
    last = _shortest(checkpoints.last)
    run = last.parent.parent
    best = "none: nothing was validated"
    if checkpoints.best_value is not None and checkpoints.best is not None:
        best = (
            f"{_shortest(checkpoints.best)}  ({checkpoints.monitor} = {checkpoints.best_value:.4f})"
        )
    protocol = callback_of(trainer, SampleMetrics).protocol or "nothing was compared"
    done, limit = _ending(trainer, batches_before)
    draws = isinstance(trainer.lightning_module, GenerativeModel)
    lines = [
        "",
        done,
        f"  run       {run}",
        f"  pictures  {run / 'pictures'}",
        f"  best      {best}",
        f"  last      {last}",
        f"  numbers   {protocol}",
        "What next:",
        f"  look      tensorboard --logdir {run.parent}",
        *([f"  sample    {program} sample --ckpt_path {last} --num_samples 500"] if draws else []),
        f"  judge     {program} test --ckpt_path {last}",
        f"  go on     {program} fit --ckpt_path {last} {limit}",
        "",
    ]
    _say("\n".join(lines))


def _ending(trainer: Trainer, batches_before: int) -> tuple[str, str]:
    """Return a sentence that says what ended a run, and the flag that lets it go on."""
    batches = trainer.fit_loop.total_batch_idx + 1
    out_of_time = _out_of_time(trainer)
    limit = "--trainer.max_time DD:HH:MM:SS" if out_of_time else "--trainer.max_epochs N"
    if batches > batches_before:
        why = ", as trainer.max_time was over" if out_of_time else ""
        return f"Finished after {batches} batches{why}.", limit
    if out_of_time:
        over = "trainer.max_time, of the whole run, was over; raise it"
    else:
        over = f"raise --trainer.max_epochs above {trainer.max_epochs}"
    return f"Nothing was left to do: {over}.", limit


def _out_of_time(trainer: Trainer) -> bool:
    """Return whether a run has used all the time that it has."""
    callbacks = trainer.callbacks  # type: ignore[attr-defined]
    left = [callback.time_remaining() for callback in callbacks if isinstance(callback, Timer)]
    return any(seconds is not None and seconds <= 0 for seconds in left)


def report_file(what: str, path: Path) -> None:
    """Say where a file was written."""
    _say(f"Wrote {what} to {_shortest(path)}\n")


def report_stop(checkpoint: Path | None, program: str) -> None:
    """Say how to go on with a run that was stopped by a signal."""
    if checkpoint is None:
        _say("\nStopped; nothing was saved, since the run keeps no checkpoints.\n")
        return
    _say(
        "\nStopped and saved. To go on where it stopped:\n"
        f"  {program} fit --ckpt_path {_shortest(checkpoint)}\n"
    )


def _shortest(path: Path) -> Path:
    """Return a path relative to the working folder where it lies within."""
    absolute = path.absolute()
    return absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
