"""The summary at the end of a command."""

import shlex
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Timer

from gan_lightning.callbacks import Checkpoints, HealthMonitor, SampleMetrics
from gan_lightning.cli.front_door import PROGRAM
from gan_lightning.models import GenerativeModel

AnyCallback = TypeVar("AnyCallback", bound=Callback)


def callback_of(trainer: Trainer, kind: type[AnyCallback]) -> AnyCallback:
    """Return the callback of a kind that every run has."""
    callbacks = trainer.callbacks  # type: ignore[attr-defined]
    return next(callback for callback in callbacks if isinstance(callback, kind))


def report_fit(trainer: Trainer, batches_before: int) -> None:
    """Report where the results of ``fit`` are and what to type next.

    Args:
        trainer: The Trainer that has trained.
        batches_before: Number of batches before, for a resumed run.
    """
    checkpoints = callback_of(trainer, Checkpoints)
    if checkpoints.last is None:  # a run that stores nothing: fast_dev_run, logger=false
        return
    last = shortest(checkpoints.last)
    run = last.parent.parent
    best = "none: nothing was validated"
    if checkpoints.best_value is not None and checkpoints.best is not None:
        best = (
            f"{shortest(checkpoints.best)}  ({checkpoints.monitor} = {checkpoints.best_value:.4f})"
        )
    protocol = callback_of(trainer, SampleMetrics).protocol or "nothing was compared"
    done, limit = _ending(trainer, batches_before)
    program, checkpoint = _program(), f"--ckpt_path {_quoted(last)}"
    draws = isinstance(trainer.lightning_module, GenerativeModel)
    lines = [
        "",
        done,
        f"  run       {run}",
        f"  pictures  {run / 'pictures'}",
        *_films(run),
        f"  best      {best}",
        f"  last      {last}",
        f"  numbers   {protocol}",
        *_health(trainer),
        "What next:",
        f"  look      {_tensorboard()} --logdir {_quoted(run.parent)}",
        *([f"  sample    {program} sample {checkpoint} --num_samples 500"] if draws else []),
        f"  judge     {program} test {checkpoint}",
        *([f"  resume    {program} fit {checkpoint} {limit}"] if limit else []),
        "",
    ]
    say("\n".join(lines))
    if measured := trainer.profiler.summary():  # type: ignore[attr-defined]
        say(measured)


def _health(trainer: Trainer) -> list[str]:
    """Return a line for each problem found."""
    found = callback_of(trainer, HealthMonitor).found
    return [f"  health    {diagnosis}" for diagnosis in found]


def _films(run: Path) -> list[str]:
    """Return the line that names the films of a run, if there are any."""
    films = sorted(path.name for path in (run / "pictures").glob("*.gif"))
    return [f"  films     {run / 'pictures'}: {', '.join(films)}"] if films else []


def _ending(trainer: Trainer, batches_before: int) -> tuple[str, str | None]:
    """Return a sentence on what ended a run, and the flag that continues it, if there is one."""
    batches = trainer.fit_loop.total_batch_idx + 1
    duration = _time_used_up(trainer)
    model = trainer.lightning_module
    planned = model.planned_batches if isinstance(model, GenerativeModel) else None
    limit: str | None
    if planned is not None and batches >= planned:
        limit = None
    elif duration is not None:
        limit = f"--trainer.max_time {_longer(duration)}"
    elif 0 < trainer.max_steps <= trainer.global_step:
        limit = f"--trainer.max_steps {2 * trainer.max_steps}"
    else:
        limit = f"--trainer.max_epochs {2 * max(trainer.max_epochs or 0, 1)}"
    if batches > batches_before:
        raise_it = "raise it with --trainer.max_time DD:HH:MM:SS"
        why = f", when trainer.max_time was up: {raise_it}" if duration is not None else ""
        return f"Finished after {batches} batches{why}.", limit
    if limit is None:
        over = f"the run has trained the {planned} batches of its plan"
    elif duration is not None:
        over = "trainer.max_time, of the whole run, was up; raise it"
    elif trainer.max_steps == 0 or trainer.limit_train_batches == 0:
        zero = "max_steps" if trainer.max_steps == 0 else "limit_train_batches"
        over = f"trainer.{zero} leaves no batch to train on"
    else:
        over = f"raise --trainer.max_epochs above {trainer.max_epochs}"
    return f"Nothing was left to do: {over}.", limit


def _time_used_up(trainer: Trainer) -> timedelta | None:
    """Return the time limit of a run that has reached it."""
    callbacks = trainer.callbacks  # type: ignore[attr-defined]
    for timer in (callback for callback in callbacks if isinstance(callback, Timer)):
        left = timer.time_remaining()
        if left is not None and left <= 0:
            return timedelta(seconds=left + timer.time_elapsed())
    return None


def _longer(duration: timedelta) -> str:
    """Return twice a duration as DD:HH:MM:SS."""
    minutes, seconds = divmod(max(round(2 * duration.total_seconds()), 1), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days:02}:{hours:02}:{minutes:02}:{seconds:02}"


def report_file(what: str, path: Path, replaced: bool = False) -> None:
    """Report where a file was written, and whether it replaced an older one."""
    older = ", replacing an older file" if replaced else ""
    say(f"Wrote {what} to {shortest(path)}{older}\n")


def report_stop(checkpoint: Path | None) -> None:
    """Say how to resume a run that was stopped by a signal."""
    if checkpoint is None:
        say("\nStopped; nothing was saved, since the run keeps no checkpoints.\n")
        return
    films = _films(shortest(checkpoint).parent.parent)
    lines = [
        "",
        "Stopped and saved. To resume:",
        f"  {_program()} fit --ckpt_path {_quoted(shortest(checkpoint))}",
        *(["The film so far:", *films] if films else []),
        "",
    ]
    say("\n".join(lines))


def _program() -> str:
    """Return the command that calls the program from this shell."""
    return PROGRAM.replace("python", _python(), 1)


def _python() -> str:
    found = shutil.which("python")
    same = found is not None and Path(found).parent == Path(sys.executable).parent
    return "python" if same else _quoted(shortest(Path(sys.executable)))


def _tensorboard() -> str:
    return "tensorboard" if shutil.which("tensorboard") else f"{_python()} -m tensorboard.main"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def shortest(path: Path) -> Path:
    """Return a path relative to the working folder if it lies inside."""
    absolute = path.absolute()
    return absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute


def say(text: str) -> None:
    """Write to the terminal at once."""
    sys.stdout.write(text)
    sys.stdout.flush()
