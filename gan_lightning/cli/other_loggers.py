"""Loggers that a config names: a resumed run continues in them too."""

import csv
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import (
    CSVLogger,
    Logger,
    MLFlowLogger,
    TensorBoardLogger,
    WandbLogger,
)
from lightning.pytorch.loggers.csv_logs import ExperimentWriter

from gan_lightning.cli.runs import Run
from gan_lightning.files import replacing

LOGGER_IDS = "loggers.json"
"""File in a run's folder: the run's identifier in each of its loggers."""

ARGUMENT = {
    CSVLogger: "version",
    TensorBoardLogger: "version",
    MLFlowLogger: "run_id",
    WandbLogger: "id",
}
"""The loggers' names for this identifier."""


class ResumedCSVLogger(CSVLogger):
    """Keeps the rows of a resumed run up to its checkpoint; Lightning's logger deletes them.

    Args:
        num_batches: Batches that the run has seen.
        **settings: As Lightning's.
    """

    def __init__(self, num_batches: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._num_batches = num_batches

    @property
    def experiment(self) -> Any:
        if self._experiment is None:
            path = Path(self.log_dir) / ExperimentWriter.NAME_METRICS_FILE
            columns, rows = _read(path)
            aside = path.rename(path.with_suffix(".kept")) if rows else None
            with warnings.catch_warnings():  # it would delete them
                warnings.filterwarnings("ignore", message="Experiment logs directory")
                writer: Any = super().experiment
            if aside is not None:
                with replacing(path) as file, file.open("w", newline="") as content:
                    table = csv.DictWriter(content, columns)
                    table.writeheader()
                    table.writerows(row for row in rows if int(row["step"]) < self._num_batches)
                aside.unlink()
                writer.metrics_keys = columns
        return super().experiment


def resumed_loggers(
    loggers: Sequence[Logger], typed: Sequence[Mapping[str, Any]], run: Run, num_batches: int
) -> list[Logger]:
    """Return loggers that continue those of a run.

    Args:
        loggers: The new loggers.
        typed: The configuration of each.
        run: The run.
        num_batches: Batches that the run has seen.
    """
    path = run.folder / LOGGER_IDS
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found: list[Logger] = []
    for logger, settings in zip(loggers, typed, strict=True):
        arguments = dict(settings.get("init_args") or {})
        kind = next((kind for kind in ARGUMENT if isinstance(logger, kind)), None)
        name = known.get(type(logger).__name__)
        if isinstance(logger, CSVLogger | TensorBoardLogger):  # their folder is that of the run
            here = Path(logger.root_dir).absolute() == run.folder.parent.absolute()
            name = run.version if here else None
        if kind is None or name is None:
            found.append(logger)
            continue
        arguments[ARGUMENT[kind]] = name
        if type(logger) is CSVLogger:
            found.append(ResumedCSVLogger(num_batches, **arguments))
            continue
        if kind is TensorBoardLogger:
            arguments["purge_step"] = num_batches
        elif kind is WandbLogger:
            arguments["resume"] = "allow"
        found.append(type(logger)(**arguments))
    return found


def without_loggers(config: Path) -> Path | str:
    """Return a run's config for a command that does not train, as a file or as JSON.

    Loggers may be classes that a checkpoint must not name, and only training needs them.
    """
    try:
        content = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError):
        return config  # errors are reported when it is parsed
    trainer = content.get("trainer") if isinstance(content, dict) else None
    if not isinstance(trainer, dict) or not isinstance(trainer.get("logger"), dict | list):
        return config
    return json.dumps({**content, "trainer": {**trainer, "logger": False}})


def save_logger_ids(trainer: Trainer, folder: Path) -> None:
    """Store the run's identifier in each logger."""
    names = {type(logger).__name__: str(logger.version) for logger in trainer.loggers}
    with replacing(folder / LOGGER_IDS) as file:
        file.write_text(json.dumps(names) + "\n", encoding="utf-8")


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and rows of a table, none if there is no file."""
    if not path.is_file():
        return [], []
    with path.open(newline="") as file:
        table = csv.DictReader(file)
        rows = list(table)
    return list(table.fieldnames or []), rows
