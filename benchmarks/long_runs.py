"""What a run accumulates: memory, open files and its folder after n and 2n epochs.

    OMP_NUM_THREADS=1 python benchmarks/long_runs.py [--experiment gan_iris] [--epochs 200]
        [SETTINGS OF FIT …, such as --data.init_args.root=data]

One run, with everything as shipped and histograms of weights too. A row is ``flat`` where the
second n epochs add at most a tenth, ``slower`` where they add at most three quarters of what the
first n epochs added (growth limited by a cap or a logarithm), and ``grows`` otherwise. Curves hold
an entry for each logged value and grow with the batches: they are part of the event files.
"""

import argparse
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from gan_lightning.cli import main as command_line

Held = dict[str, float]
ROWS = {
    "resident memory, MB": 1e6,
    "largest memory, MB": 1e6,
    "open files": 1,
    "run folder, MB": 1e6,
    "files in the run folder": 1,
    "event files, MB": 1e6,
}


class Probe(Callback):
    """Measures what the process and the run's folder hold before, halfway through and after a run.

    Args:
        half: Epochs in half of the run.
    """

    measured: list[Held] = []  # noqa: RUF012 - the command line makes the instance

    def __init__(self, half: int) -> None:
        self.half = half

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.measured.append(held(Path(str(trainer.log_dir))))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if (trainer.current_epoch + 1) % self.half == 0:
            for logger in trainer.loggers:
                logger.save()
            self.measured.append(held(Path(str(trainer.log_dir))))


def held(folder: Path) -> Held:
    """Return what this process and a folder hold, in bytes and numbers."""
    files = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    values = (
        pages * os.sysconf("SC_PAGE_SIZE"),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        len(os.listdir("/proc/self/fd")),
        sum(files.values()),
        len(files),
        sum(size for path, size in files.items() if path.name.startswith("events")),
    )
    return dict(zip(ROWS, map(float, values), strict=True))


def verdict(before: float, first: float, second: float) -> str:
    """Return how something grows, measured before a run, halfway through and at its end."""
    if second - first <= 0.1 * first:
        return "flat"
    return "slower" if second - first <= 0.75 * (first - before) else "grows"


def table(measured: list[Held], epochs: int) -> str:
    """Return a Markdown table of three measurements."""
    before, first, second = measured
    lines = [f"| | before | {epochs} epochs | {2 * epochs} epochs | |", "|---|---|---|---|---|"]
    for row, unit in ROWS.items():
        values = before[row], first[row], second[row]
        numbers = " | ".join(f"{value / unit:.4g}" for value in values)
        lines.append(f"| {row} | {numbers} | {verdict(*values)} |")
    return "\n".join(lines)


def measure(experiment: str, epochs: int, settings: list[str], root: str) -> list[Held]:
    """Train an experiment for twice as many epochs and return the three measurements."""
    Probe.measured.clear()
    probe: Any = f"{{class_path: {Probe.__module__}.Probe, init_args: {{half: {epochs}}}}}"
    histograms = "{class_path: WeightHistograms, init_args: {every_n_batches: 1}}"
    sys.modules.setdefault("long_runs", sys.modules[__name__])
    command_line(
        [
            *("fit", f"--config={experiment}", f"--trainer.max_epochs={2 * epochs}"),
            *(f"--trainer.default_root_dir={root}", "--trainer.enable_progress_bar=false"),
            f"--trainer.callbacks+={probe.replace('__main__', 'long_runs')}",
            f"--trainer.callbacks+={histograms}",
            *settings,
        ]
    )
    return Probe.measured


def main() -> None:
    """Print the table of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", default="gan_iris")
    parser.add_argument("--epochs", type=int, default=200)
    options, settings = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as root:
        measured = measure(options.experiment, options.epochs, settings, root)
    sys.stdout.write(f"\n{table(measured, options.epochs)}\n")


if __name__ == "__main__":
    main()
