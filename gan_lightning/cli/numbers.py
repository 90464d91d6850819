"""The numbers of ``validate`` and ``test``, as a table and as a file."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from rich.console import Console
from rich.table import Table

from gan_lightning.callbacks import Comparison, SampleMetrics
from gan_lightning.callbacks.run_folder import data_of
from gan_lightning.cli.report import callback_of
from gan_lightning.data import Stage
from gan_lightning.files import replacing


def found_numbers(trainer: Trainer, stage: Stage) -> Comparison:
    """Return everything that ``validate`` or ``test`` has logged."""
    found = callback_of(trainer, SampleMetrics).latest
    if found is None:
        found = Comparison(stage, f"none; on {data_of(trainer).described(stage)}", {}, {}, {})
    logged = {
        name.removeprefix(f"{stage}/"): float(value)
        for name, value in trainer.callback_metrics.items()
        if name.startswith(f"{stage}/")  # others are among the values
    }
    own = {name: value for name, value in logged.items() if name not in found.values}
    # First, since all other numbers of a model that memorises are good.
    first = {name: value for name, value in found.values.items() if name == "memorised"}
    return found._replace(values={**first, **own, **found.values})


def print_comparison(found: Comparison) -> None:
    """Print a row for each quantity, and the protocol below."""
    with_floor = bool(found.floor)
    table = Table(title=None, header_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column(f"{found.stage}/")
    table.add_column("samples", justify="right")
    if with_floor:
        table.add_column("real", justify="right")
    for name in found.baselines:
        table.add_column(name, justify="right")
    table.add_column("perfect", justify="right")
    for name, value in found.values.items():
        goal = found.goals.get(name.partition("/")[0])
        cells = [name, _number(value)]
        if with_floor:
            cells.append(_number(found.floor.get(name)))
        cells += [_number(numbers.get(name)) for numbers in found.baselines.values()]
        table.add_row(*cells, _number(goal))
    console = Console(soft_wrap=True, markup=False)
    console.print(table)
    console.print(f"samples: {found.protocol}", highlight=False)
    if with_floor:
        console.print("real: as many training points in their place", highlight=False)
    if found.baselines:
        seconds = [f"{name} {numbers['seconds']:.1f}" for name, numbers in found.baselines.items()]
        console.print(f"others, with their CPU seconds: {', '.join(seconds)}", highlight=False)


def write_comparison(found: Comparison, checkpoint: Path, folder: Path) -> Path:
    """Write ``metrics.json`` into a folder, completely or not at all, and return its path.

    Raises:
        InputError: If the folder cannot be written to.
    """
    content = {
        "checkpoint": checkpoint.name,
        "stage": found.stage,
        "protocol": found.protocol,
        "values": found.values,
        "floor": found.floor,
        "goals": found.goals,
        "baselines": found.baselines,
    }
    path = folder / "metrics.json"
    with replacing(path) as file:
        file.write_text(json.dumps(_strict(content), indent=2) + "\n", encoding="utf-8")
    return path


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if not math.isfinite(value) or value == int(value):
        return f"{value:g}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"


def _strict(value: Any) -> Any:
    """Return the value with null for numbers that JSON lacks."""
    if isinstance(value, Mapping):
        return {key: _strict(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
