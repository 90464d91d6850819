r"""Train the current recipe for a budget of wall-clock seconds, and draw 10 000 samples.

    python benchmarks/speedrun.py --budget 180 --seed 0 --output samples.npz [--conditional]
        [SETTINGS OF FIT …, such as --data.init_args.root=data]

``--data.init_args.dataset=fashion_mnist`` trains on other images of that shape.

It uses the cores that it is given: ``OMP_NUM_THREADS=1 taskset -c 0`` for one. The clock runs from
the first batch to the last weight update: batches are timed, and the remaining time is divided into
more of them. The rules are in ``records/README.md``.
"""

import argparse
import time
from pathlib import Path

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import nn

from gan_lightning.callbacks import LatentPictures, SamplePictures
from gan_lightning.cli.command_line import CommandLine
from gan_lightning.errors import InputError
from gan_lightning.models import WarmStartedGAN
from gan_lightning.sampling import as_many_of_each_label, drawn

CONFIGS = Path(__file__).parent.parent / "configs"
TIMED_BATCHES = 8
"""Batches after which the plan is revised by their pace; the first two warm the machine up."""

FIT = 130
"""The fit of the mixture takes about as long as so many batches of the reconstruction."""

RECONSTRUCTION = 0.85
"""Share of the rest of the budget that the reconstruction has."""

LEAST = 0.5
"""Share of the budget that it has at least, where batches are slow."""

MARGIN = 0.95
"""Share of the remaining time that is planned, with a margin for a busy machine."""


class Budget(Callback):
    """Turns seconds into batches, by timing the first ones of each phase.

    Args:
        seconds: The budget, from the first batch to the last weight update.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends: list[float] = []
        self.game_began = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.started = time.perf_counter()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: object) -> None:
        assert isinstance(pl_module, WarmStartedGAN)
        self.ends.append(time.perf_counter())
        playing = pl_module.phase == "game"
        self.game_began += not playing
        done = len(self.ends) - self.game_began if playing else len(self.ends)
        if done % TIMED_BATCHES:
            return
        pace = (self.ends[-1] - self.ends[-TIMED_BATCHES + 1]) / (TIMED_BATCHES - 2)
        used = self.ends[-1] - self.started
        if playing:
            left = max(0, int((self.seconds - used) * MARGIN / pace))
            pl_module.game_batches = done + left
        else:
            rest = max(RECONSTRUCTION * (self.seconds - FIT * pace), LEAST * self.seconds)
            left = max(0, int((rest - used) / pace))
            pl_module.reconstruction_batches = done + left
        if done == TIMED_BATCHES:
            print(
                f"{pl_module.phase}: {pace:.4f} s a batch, {left} more after {used:.1f} s",
                flush=True,
            )


class Recipe(CommandLine):
    """A ``fit`` with everything in place, ready to be started.

    Args:
        args: The arguments of the command line; a wrong one ends the program in one sentence.
    """

    def __init__(self, args: list[str]) -> None:
        try:
            super().__init__(args)
        except InputError as error:
            raise SystemExit(f"error: {error}") from None

    def _run_subcommand(self, subcommand: str) -> None:
        pass


def recipe(config: Path, seed: int, settings: list[str]) -> Recipe:
    """Build a run that goes on until it is stopped."""
    quiet = ["logger=false", "limit_val_batches=0", "num_sanity_val_steps=0"]
    quiet += ["enable_model_summary=false", "enable_progress_bar=false", "max_epochs=-1"]
    endless = ["reconstruction_batches=1000000000", "game_batches=1000000000"]
    return Recipe(
        [
            *("fit", f"--config={config}", f"--seed_everything={seed}"),
            *(f"--trainer.{setting}" for setting in quiet),
            *(f"--model.{setting}" for setting in endless),
            *settings,
        ]
    )


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
    name = "conditional_speedrun_mnist" if arguments.conditional else "speedrun_mnist"
    seed = arguments.seed

    run = recipe(CONFIGS / f"{name}.yaml", seed, settings)
    trainer, budget = run.trainer, Budget(arguments.budget)
    pictures = (SamplePictures, LatentPictures)
    trainer.callbacks = [c for c in trainer.callbacks if not isinstance(c, pictures)] + [budget]
    trainer.fit(run.model, datamodule=run.datamodule)
    spent = time.perf_counter() - budget.started
    print(
        f"{spent:.1f} s of {arguments.budget:g}: {budget.game_began} batches of reconstruction, "
        f"{len(budget.ends) - budget.game_began} of the game, {trainer.precision}, "
        f"{torch.get_num_threads()} threads",
        flush=True,
    )

    torch.manual_seed(seed)
    labels = as_many_of_each_label(run.model, arguments.num_samples)
    samples = drawn(run.model, arguments.num_samples if labels is None else len(labels), labels)
    run.datamodule.write(map(run.datamodule.unscale, samples), arguments.output, labels)


if __name__ == "__main__":
    main()
