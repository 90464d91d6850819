r"""Measure what shipped experiments do besides their steps, as shares of the CPU time of ``fit``.

    OMP_NUM_THREADS=1 python benchmarks/besides.py [--experiments gan_iris …]
        [SETTINGS OF FIT …, such as --data.init_args.root=data or --trainer.max_epochs=2]

The hooks of all callbacks that do not train are timed, and so is validation; a hook within another
counts once, as itself. The rest of a run is reading its data, its steps, and the loop around them.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from lightning.pytorch import Callback, Trainer
from speedrun import Recipe

EXPERIMENTS = ("gan_iris", "r3gan_ring", "csv", "gan_mlp_mnist", "dcgan_mnist", "speedrun_mnist")

TRAINS = (
    *("GeneratorEMA", "ChannelsLast", "Compiled", "CUDAGraphs", "GradientClipping"),
    "SamplerFit",
)
"""Callbacks that are part of training."""

DRAWS = ("SamplePictures", "LatentPictures")
"""Callbacks that draw."""

COLUMNS = ("validation", "pictures", "histograms", "checkpoints", "other")


class Stopwatches:
    """CPU seconds by name, each second for the innermost of the calls in progress."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.running: list[str] = []
        self.since = time.process_time()

    def _switch(self) -> None:
        now = time.process_time()
        if self.running:
            self.seconds[self.running[-1]] += now - self.since
        self.since = now

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Return a function that counts its own seconds."""

        @wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            self._switch()
            self.running.append(name)
            try:
                return function(*args, **kwargs)
            finally:
                self._switch()
                self.running.pop()

        return counted


def column_of(callback: Callback) -> str | None:
    """Return the column that a callback's seconds belong to; None for one that trains."""
    name = type(callback).__name__
    if name in TRAINS:
        return None
    known = {"SampleMetrics": "validation", "WeightHistograms": "histograms"}
    known |= {"Checkpoints": "checkpoints", **dict.fromkeys(DRAWS, "pictures")}
    return known.get(name, "other")


def watch(trainer: Trainer) -> Stopwatches:
    """Time the hooks of a trainer's callbacks, and its validation."""
    watches = Stopwatches()
    for callback in trainer.callbacks:
        column = column_of(callback)
        for hook in vars(Callback):
            overridden = getattr(type(callback), hook) is not getattr(Callback, hook)
            if column and hook.startswith("on_") and overridden:
                setattr(callback, hook, watches.timed(getattr(callback, hook), column))
    validation = trainer.fit_loop.epoch_loop.val_loop
    validation.run = watches.timed(validation.run, "validation")
    return watches


def shares(experiment: str, settings: list[str]) -> tuple[int, float, dict[str, float]]:
    """Run an experiment, and return its batches, CPU seconds, and each column's share of them."""
    with tempfile.TemporaryDirectory() as folder:
        words = [f"--config=configs/{experiment}.yaml", f"--trainer.default_root_dir={folder}"]
        run = Recipe(["fit", *words, "--trainer.accelerator=cpu", *settings])
        watches = watch(run.trainer)
        began = time.process_time()
        run.trainer.fit(run.model, datamodule=run.datamodule)
        seconds = time.process_time() - began
    found = {column: watches.seconds[column] / seconds for column in COLUMNS}
    return run.trainer.fit_loop.total_batch_idx + 1, seconds, found


def main() -> None:
    """Print a table with a row for each experiment."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--experiments", nargs="+", default=EXPERIMENTS)
    arguments, settings = parser.parse_known_args()
    print(f"| experiment | batches | CPU s | {' | '.join(COLUMNS)} | all of these |")
    print("|---" * (4 + len(COLUMNS)) + "|")
    for experiment in arguments.experiments:
        on_mnist = "mnist" in experiment
        own = [
            word for word in settings if on_mnist or not word.startswith("--data.init_args.root")
        ]
        batches, seconds, found = shares(experiment, own)
        cells = " | ".join(f"{found[column]:.1%}" for column in COLUMNS)
        together = f"{sum(found.values()):.1%}"
        row = f"| `{experiment}` | {batches} | {seconds:.0f} | {cells} | {together} |"
        print(row, flush=True)


if __name__ == "__main__":
    main()
