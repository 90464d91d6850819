"""The callbacks of every run, besides those of its config."""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch import Callback
from lightning.pytorch.callbacks import ProgressBar

from gan_lightning.callbacks import (
    Dashboard,
    FiniteLosses,
    HealthMonitor,
    HyperparameterTable,
    LeftAverage,
    RandomState,
    RunProgress,
    SamplerFit,
    ScheduleEnd,
    TrainingCurves,
)
from gan_lightning.cli.start_report import StartReport


def own_callbacks(settings: Mapping[str, Any]) -> list[Callback]:
    """Return these callbacks, with a progress bar unless another one or none was chosen.

    Args:
        settings: The Trainer's settings.
    """
    always: list[Callback] = [
        StartReport(),
        RandomState(),
        FiniteLosses(),
        TrainingCurves(),
        HyperparameterTable(),
        LeftAverage(),
        Dashboard(),
        HealthMonitor(),
        SamplerFit(),
        ScheduleEnd(),
    ]
    typed = settings.get("callbacks") or []
    given = typed if isinstance(typed, list) else [typed]  # a flag may name a single callback
    has_bar = any(isinstance(callback, ProgressBar) for callback in given)
    if settings.get("enable_progress_bar") is not False and not has_bar:
        always.append(RunProgress())
    return always
