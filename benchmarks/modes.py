"""Count the modes that games find on the ring and on the grids, with the protocol of PacGAN.

    python benchmarks/modes.py [--seeds 0 1 2] [--data ring grid25 grid100] [--games GAN R3GAN …]
        [--seconds 60] [--kept modes.json] [--figure modes.png]

2 500 samples, of high quality within 3 standard deviations of a mode (Lin et al., 2018). Beyond
that protocol, the table has the width of modes, 1 if it is the true one, and the reverse KL
divergence with its floor, the average for as many real points. R3GAN is trained from its config to
the end; any other game has an MLP per player, with three hidden layers of 128 and two latents, the
optimizer of its paper, and ``--seconds`` of CPU time. What the results file already holds is not
run again.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning import seed_everything
from lightning.pytorch import Callback, Trainer
from modes_figure import figure_of
from torch.optim import Adam

from gan_lightning import (
    GAN,
    WGAN,
    WGANGP,
    FlowMatching,
    GaussianGrid,
    GaussianRing,
    GenerativeModel,
    GeneratorEMA,
    HingeLoss,
    LeastSquaresLoss,
    MLPDiscriminator,
    MLPGenerator,
    MLPVelocity,
    Packing,
)
from gan_lightning.cli.command_line import CommandLine
from gan_lightning.data.points import GaussianMixture

ROOT = Path(__file__).parent.parent
NUM_SAMPLES = 2500

DATA: dict[str, Callable[[], GaussianMixture]] = {
    "ring": GaussianRing,
    "grid25": GaussianGrid,
    "grid100": partial(GaussianGrid, side=10),
}

WIDTHS = [128, 128, 128]
judge = partial(MLPDiscriminator, hidden_dims=WIDTHS)
players: dict[str, Any] = {
    "generator": partial(MLPGenerator, latent_dim=2, hidden_dims=WIDTHS, output=torch.nn.Identity),
    "discriminator": judge,
}
usual = partial(Adam, lr=2e-4, betas=(0.5, 0.999))  # Radford et al., 2015
slow = partial(Adam, lr=1e-4, betas=(0.0, 0.9))  # Gulrajani et al., 2017
both = {"g_optimizer": usual, "d_optimizer": usual}

GAMES: dict[str, Callable[[], GenerativeModel]] = {
    "GAN": lambda: GAN((2,), **players, **both),
    "least squares": lambda: GAN((2,), loss=LeastSquaresLoss(), **players, **both),
    "hinge": lambda: GAN((2,), loss=HingeLoss(), **players, **both),
    "WGAN": lambda: WGAN((2,), **players),
    "WGAN-GP": lambda: WGANGP((2,), **players, g_optimizer=slow, d_optimizer=slow),
    "packed GAN": lambda: GAN(
        (2,), **players | {"discriminator": partial(Packing, discriminator=judge)}, **both
    ),
    "flow matching": lambda: FlowMatching(
        (2,),
        velocity=partial(MLPVelocity, hidden_dims=WIDTHS, activation=torch.nn.ReLU),
        num_steps=100,
        optimizer=partial(Adam, lr=1e-3),
    ),
}
BY_CONFIG = "R3GAN"

QUIET = ["logger=false", "limit_val_batches=0", "accelerator=cpu"]
QUIET += ["enable_progress_bar=false", "enable_model_summary=false"]

COLUMNS = {
    "modes": "modes",
    "high_quality": "high quality",
    "width": "width (1)",
    "reverse_kl": "reverse KL ↓",
    "reverse_kl_floor": "its floor",
    "seconds": "CPU seconds",
}

Numbers = dict[str, float]


class Budget(Callback):
    """Ends training after a number of seconds of CPU time."""

    def __init__(self, seconds: float) -> None:
        self.end = time.process_time() + seconds

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        if time.process_time() > self.end:
            trainer.should_stop = True


class Experiment(CommandLine):
    """Builds what ``fit`` needs and waits."""

    def _run_subcommand(self, subcommand: str) -> None:
        pass


def main() -> None:
    """Run what has not been run yet, and print the table."""
    parser = argparse.ArgumentParser()
    games = [*GAMES, BY_CONFIG]
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=list(DATA))
    parser.add_argument("--games", nargs="+", default=games, choices=games)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kept", type=Path, default=ROOT / "lightning_logs" / "modes.json")
    parser.add_argument("--figure", type=Path, help="where to draw the results")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = judged(arguments)
    print(table(results))
    if arguments.figure is not None:
        figure_of(results).savefig(arguments.figure, dpi=110)


def judged(arguments: argparse.Namespace) -> dict[str, dict[str, list[Numbers]]]:
    """Return the metrics of each game's samples, for each data set, one entry per seed."""
    path: Path = arguments.kept
    kept = json.loads(path.read_text()) if path.is_file() else {}
    results: dict[str, dict[str, list[Numbers]]] = {}
    for data in arguments.data:
        rows = results.setdefault(data, {"real points": [scores(DATA[data]())]})
        for game in arguments.games:
            if game == BY_CONFIG and not config_of(data).is_file():
                print(f"{data}: no {BY_CONFIG}, since there is no {config_of(data).name} yet")
                continue
            for seed in arguments.seeds:
                budget = "its config" if game == BY_CONFIG else f"{arguments.seconds:g} s"
                name = f"{data}, {game}, {budget}, seed {seed}"
                if name not in kept:
                    kept[name] = run(data, game, seed, arguments.seconds)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(json.dumps(kept, indent=2) + "\n")
                rows.setdefault(game, []).append(kept[name])
    return results


def config_of(data: str) -> Path:
    """Return the config of R3GAN for a data set."""
    return ROOT / "configs" / f"r3gan_{data}.yaml"


def run(data: str, game: str, seed: int, seconds: float) -> Numbers:
    """Train a game on a data set, and return the metrics of 2 500 of its samples."""
    if game == BY_CONFIG:
        flags = [f"--config={config_of(data)}", f"--seed_everything={seed}"]
        fit = Experiment(["fit", *flags, *(f"--trainer.{flag}" for flag in QUIET)])
        trainer, model, points = fit.trainer, fit.model, fit.datamodule
        # The average alone changes the samples; nothing is drawn or written.
        callbacks = (each for each in trainer.callbacks if isinstance(each, GeneratorEMA))
        trainer.callbacks = list(callbacks)
    else:
        seed_everything(seed, verbose=False)
        model, points = GAMES[game](), DATA[data]()
        trainer = Trainer(
            max_epochs=-1,
            callbacks=[Budget(seconds)],
            accelerator="cpu",
            logger=False,
            limit_val_batches=0,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    started = time.process_time()
    trainer.fit(model, datamodule=points)
    seconds = time.process_time() - started
    return {**scores(points, points.unscale(model.sample(NUM_SAMPLES))), "seconds": seconds}


def scores(points: GaussianMixture, samples: torch.Tensor | None = None) -> Numbers:
    """Return the point metrics of samples, or of as many real points."""
    points.setup("test")
    if samples is None:
        generator = torch.Generator().manual_seed(points.data_seed + 1)
        samples = points.unscale(points.draw(NUM_SAMPLES, generator).x)
    metric = points.metrics("test")
    metric.update(points.unscale(points.test.x), real=True)
    metric.update(samples, real=False)
    return {name: value.item() for name, value in metric.compute().items()}


def table(results: dict[str, dict[str, list[Numbers]]]) -> str:
    """Return Markdown with a row for each game on each data set: means, and the fewest modes."""
    lines = [
        f"| data | game | seeds | {' | '.join(COLUMNS.values())} |",
        "|---" * (len(COLUMNS) + 3) + "|",
    ]
    for data, rows in results.items():
        for game, runs in rows.items():
            cells = [cell(name, [run[name] for run in runs if name in run]) for name in COLUMNS]
            seeds = "" if game == "real points" else str(len(runs))
            lines.append(f"| {data} | {game} | {seeds} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(name: str, values: list[float]) -> str:
    """Return the mean of a column's values."""
    if not values:
        return ""
    mean = statistics.mean(values)
    if name == "modes":
        fewest = f" (≥ {min(values):.0f})" if len(values) > 1 else ""
        return f"{mean:.1f}{fewest}"
    return f"{mean:.0f}" if name == "seconds" else f"{mean:.3f}"


if __name__ == "__main__":
    main()
