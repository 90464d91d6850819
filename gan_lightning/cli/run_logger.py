"""Where a run's curves go: its own folder, new or resumed."""

import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning_utilities.core.rank_zero import rank_zero_only, rank_zero_warn

from gan_lightning.checkpoint_files import batches_of
from gan_lightning.cli.other_loggers import resumed_loggers
from gan_lightning.cli.runs import LOGS, Arguments, Run
from gan_lightning.cli.trainer import GenerativeTrainer

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class RunLogger(TensorBoardLogger):
    """Stores the curves of a run over batches, without Lightning's redundant curve of epochs."""

    @property
    @rank_zero_experiment
    def experiment(self) -> "SummaryWriter":
        if self._experiment is None:
            date_before(Path(self.log_dir), int(time.time()))
        return super().experiment

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        super().log_metrics({k: v for k, v in metrics.items() if k != "epoch"}, step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        # Curves that cannot be written must neither hide an earlier error nor skip the callbacks.
        with suppress(OSError) if status == "failed" else nullcontext():
            super().finalize(status)


def date_before(folder: Path, now: int) -> None:
    """Date event files before now if one is dated later, because the clock was set back.

    TensorBoard reads a folder's files by the dates in their names, and the new one belongs at the
    end.
    """
    files = sorted(folder.glob("events.out.tfevents.[0-9]*"))
    dates = [path.name.split(".")[3] for path in files]
    if not all(date.isdecimal() for date in dates) or all(int(date) < now for date in dates):
        return
    for i, (path, date) in enumerate(zip(files, dates, strict=True)):
        earlier = f"{now - len(files) + i:010d}"
        path.rename(path.with_name(path.name.replace(date, earlier, 1)))


class NewRunLogger(RunLogger):
    """Creates the folder of a new run at once, so that two runs started together share none."""

    def _get_next_version(self) -> int:
        number = super()._get_next_version()
        while getattr(rank_zero_only, "rank", 0) == 0:  # other ranks receive it
            try:
                Path(self.root_dir, f"version_{number}").mkdir(parents=True)
                break
            except FileExistsError:
                number += 1
        return number


def run_logger(
    arguments: Arguments,
    root: str | None,
    resumed: tuple[str, dict[str, Any]] | None,
    start: Path | None,
) -> RunLogger:
    """Return the logger of a new run's folder, or of the folder of a resumed run.

    Args:
        arguments: The command line, read in advance.
        root: The folder that holds all runs; by default the working folder.
        resumed: The checkpoint to resume from: its path and content.
        start: The checkpoint whose weights a new run starts from.

    Raises:
        InputError: If a link in the folder leads elsewhere.
    """
    if resumed is not None:
        path, checkpoint = resumed
        if (run := Run.of_checkpoint(Path(path))) is not None:
            run.check_links()
            return RunLogger(
                run.place,
                run.experiment,
                run.version,
                default_hp_metric=False,
                purge_step=batches_of(checkpoint),  # remove what came after it
            )
        rank_zero_warn(f"{path} lies in no run's folder, so the run resumes in a new one.")
    source = Run.of_checkpoint(start) if start is not None else None
    experiment = arguments.experiment or (source.experiment if source else "experiment")
    return NewRunLogger(Path(root or ".") / LOGS, experiment, default_hp_metric=False)


def loggers_and_folder(
    arguments: Arguments,
    settings: Mapping[str, Any],
    typed: Any,
    resumed: tuple[str, dict[str, Any]] | None,
    start: Path | None,
) -> tuple[Any, str | None]:
    """Return the loggers of a run, and its folder where the loggers do not know it.

    Args:
        arguments: The command line, read in advance.
        settings: The Trainer's settings, with the loggers built.
        typed: The configuration of the loggers.
        resumed: The checkpoint to resume from: its path and content.
        start: The checkpoint whose weights a new run starts from.
    """
    chosen, root = settings.get("logger"), settings.get("default_root_dir")
    if chosen in (None, True):
        return run_logger(arguments, root, resumed, start), None
    if not chosen:
        return chosen, None
    loggers = chosen if isinstance(chosen, list) else [chosen]
    if resumed is not None and (run := Run.of_checkpoint(Path(resumed[0]))) is not None:
        configs = typed if isinstance(typed, list) else [typed]
        run.check_links()
        loggers = resumed_loggers(loggers, configs, run, batches_of(resumed[1]))
    names_it = isinstance(loggers[0], TensorBoardLogger | CSVLogger)
    if names_it or settings.get("fast_dev_run"):
        return loggers, None
    return loggers, run_logger(arguments, root, resumed, start).log_dir


def kept_in(folder: str | None, trainer: Trainer) -> Trainer:
    """Return a Trainer that stores a run in a folder; None leaves it to the loggers."""
    assert isinstance(trainer, GenerativeTrainer)
    trainer.folder = folder
    return trainer
