r"""Print the health monitor's diagnoses of runs that are made to fail, and of recorded runs.

    python benchmarks/health.py                                  # causes of disease, some minutes
    python benchmarks/health.py lightning_logs/gan_ring/version_0 …

The first table has a row for each cause: the diagnosis expected, and the diagnosis made. The second
applies today's rules to the curves of existing runs, after each validation, as the monitor would
have. It has a column for how far a run went, since one that was cut short says nothing about its
end. Curves of older runs lack ``val/spread`` and ``val/novelty``, without which two of the diseases
cannot be found.
"""

import argparse
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import yaml
from causes_of_disease import CAUSES, fall_ill
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.callbacks.diagnosis import Curves
from gan_lightning.callbacks.health_rules import WATCHED, diagnoses

MODES = {"MNIST": 10, "Digits": 10, "Clustered": 10, "StackedMNIST": 1000, "StandardNormal": 1}
"""Modes or classes of the data, which the curves do not hold; a ring's config states them."""

Row = tuple[str, ...]


def judged_causes() -> Iterator[Row]:
    """Yield a row for each cause."""
    for name, cause in CAUSES.items():
        with tempfile.TemporaryDirectory() as folder:
            found = fall_ill(cause, Path(folder)).found
        kinds = [diagnosis.kind for diagnosis in found]
        expected = [cause.kind] if cause.kind else []
        yield name, _named(expected), _named(kinds), "yes" if kinds == expected else "NO"


def judged_run(folder: Path) -> Row:
    """Return the row of a recorded run; its last cell holds the diagnoses, with their batches."""
    board = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    tags = board.Tags()["scalars"]
    steps = {tag: [(event.step, event.value) for event in board.Scalars(tag)] for tag in tags}
    curves = {tag: curve for tag, curve in steps.items() if WATCHED.fullmatch(tag)}
    validations = {step for tag, curve in steps.items() if tag[:4] == "val/" for step, _ in curve}
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    data = config["data"]
    modes = (data.get("init_args") or {}).get("num_modes")
    goals = {"modes": float(modes or MODES.get(data["class_path"].rpartition(".")[2], 1))}
    end = max((curve[-1][0] for curve in curves.values()), default=0)
    found: dict[str, int] = {}
    for step in sorted({*validations, end}):
        for diagnosis in diagnoses(_until(curves, step), goals):
            found.setdefault(diagnosis.kind, step + 1)
    named = [f"{kind} (batch {batch})" for kind, batch in found.items()]
    return folder.parent.name, str(end + 1), str(len(validations)), _named(named)


def print_table(*rows: Row) -> None:
    """Print rows as a Markdown table; the first is its header."""
    for row in (rows[0], ("---",) * len(rows[0]), *rows[1:]):
        print(f"| {' | '.join(row)} |", flush=True)


def _until(curves: Curves, step: int) -> Curves:
    return {name: [point for point in curve if point[0] <= step] for name, curve in curves.items()}


def _named(kinds: list[str]) -> str:
    return ", ".join(kinds) or "silent"


def main() -> None:
    """Print one of the two tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="*", type=Path, help="folders of runs")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    if arguments.runs:
        head = ("run", "batches", "validations", "named")
        print_table(head, *map(judged_run, arguments.runs))
    else:
        print_table(("cause", "should be named", "named", "right"), *judged_causes())


if __name__ == "__main__":
    main()
