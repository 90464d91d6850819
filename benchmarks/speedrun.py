r"""Train the current recipe for so many seconds of the clock, and draw 10 000 samples.

    python benchmarks/speedrun.py --budget 180 --seed 0 --output samples.npz [--conditional]
        [SETTINGS OF FIT …, such as --data.init_args.root=data or --data=FashionMNIST]

It uses the cores that it is given: ``OMP_NUM_THREADS=1 taskset -c 0`` for one. The clock runs from
the first batch to the last weight. Inside the budget a few batches of each phase are timed, which
count as well, and what is left is shared out in batches. The rules stand in ``records/README.md``.
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import torch
from lightning.pytorch import Callback
from torch import nn

from gan_lightning.cli.command_line import CommandLine
from gan_lightning.sampling import as_many_of_each_label, drawn

CONFIGS = {
    False: "configs/speedrun_mnist.yaml",
    True: "configs/conditional_speedrun_mnist.yaml",
}
TIMED_BATCHES = 8
"""Of each phase; the first two warm the machine up."""

RECONSTRUCTION = 0.4
"""Share of the batches' time."""

MARGIN = 0.97
"""Share of the time left that is planned: a busy machine is no surprise."""


class Pace(NamedTuple):
    """Seconds of what a run is made of."""

    reconstruction: float
    sampler: float
    game: float


class Stopwatch(Callback):
    """Notes when each batch ends."""

    def on_train_batch_end(self, *_: object) -> None:
        self.ends.append(time.perf_counter())

    def on_train_start(self, *_: object) -> None:
        self.ends: list[float] = []


class Recipe(CommandLine):
    """A ``fit`` with everything in place that waits to be started."""

    def _run_subcommand(self, subcommand: str) -> None:
        pass


def recipe(config: str, seed: int, settings: list[str], batches: tuple[int, int]) -> Recipe:
    """Build a run of so many batches of reconstruction and of the game."""
    quiet = ["logger=false", "limit_val_batches=0", "num_sanity_val_steps=0"]
    quiet += ["enable_model_summary=false", "max_epochs=-1", "accelerator=auto"]
    return Recipe(
        [
            *("fit", f"--config={config}", f"--seed_everything={seed}"),
            *(f"--trainer.{setting}" for setting in quiet),
            f"--model.reconstruction_batches={batches[0]}",
            f"--model.game_batches={batches[1]}",
            *settings,
        ]
    )


def train(run: Recipe) -> list[float]:
    """Train, and return when each batch ended."""
    watch = Stopwatch()
    run.trainer.callbacks = [c for c in run.trainer.callbacks if "Pictures" not in type(c).__name__]
    run.trainer.callbacks.append(watch)
    run.trainer.fit(run.model, datamodule=run.datamodule)
    return watch.ends


def measured(config: str, seed: int, settings: list[str]) -> Pace:
    """Time a few batches of each phase, and the sampler's fit between them."""
    n = TIMED_BATCHES
    ends = train(recipe(config, seed, settings, (n, n)))
    game = (ends[-1] - ends[n + 1]) / (len(ends) - n - 2)
    return Pace((ends[n - 1] - ends[1]) / (n - 2), max(0.0, ends[n] - ends[n - 1] - game), game)


def fastest_precision() -> str:
    """Return the precision in which convolutions are fastest here."""
    if torch.cuda.is_available():
        return "bf16-mixed"
    x, layer = torch.randn(64, 32, 14, 14), nn.Conv2d(32, 64, 4, 2, 1)
    seconds = {}
    for precision, half in (("32-true", False), ("bf16-mixed", True)):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            layer(x)
            started = time.perf_counter()
            layer(x).float().sum().backward()
            seconds[precision] = time.perf_counter() - started
    return min(seconds, key=lambda precision: seconds[precision])


def main() -> None:
    """Spend the budget and write the samples."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--budget", type=float, required=True, help="seconds of the clock")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("samples.npz"))
    parser.add_argument("--num_samples", type=int, default=10_000)
    parser.add_argument("--conditional", action="store_true")
    arguments, settings = parser.parse_known_args()
    settings = [f"--trainer.precision={fastest_precision()}", *settings]
    config, seed = CONFIGS[arguments.conditional], arguments.seed

    started = time.perf_counter()
    pace = measured(config, seed, settings)
    left = (arguments.budget - (time.perf_counter() - started)) * MARGIN - pace.sampler
    reconstruction = max(1, int(RECONSTRUCTION * left / pace.reconstruction))
    game = max(1, int((1 - RECONSTRUCTION) * left / pace.game))
    print(
        f"reconstruction {pace.reconstruction:.4f} s a batch, game {pace.game:.4f} s, "
        f"sampler {pace.sampler:.1f} s: {reconstruction} and {game} batches, "
        f"{settings[0].partition('=')[2]}, {torch.get_num_threads()} threads",
        flush=True,
    )
    run = recipe(config, seed, settings, (reconstruction, game))
    train(run)
    print(f"trained for {time.perf_counter() - started:.1f} s of {arguments.budget:g}", flush=True)

    torch.manual_seed(seed)
    labels = as_many_of_each_label(run.model, arguments.num_samples)
    samples = drawn(run.model, arguments.num_samples if labels is None else len(labels), labels)
    run.datamodule.write(map(run.datamodule.unscale, samples), arguments.output, labels)


if __name__ == "__main__":
    main()
