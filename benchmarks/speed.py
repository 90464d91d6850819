r"""Time shipped experiments against plain PyTorch scripts with the same networks, in pairs.

    OMP_NUM_THREADS=1 python benchmarks/speed.py [--experiments gan_iris …] [--pairs 24]
        [SETTINGS OF FIT …, such as --data.init_args.root=data or --trainer.precision=bf16-mixed]

A run has everything as shipped: curves, validation, pictures, histograms, checkpoints, a progress
bar. After every block of its batches, the plain script runs as many of its own in the same process,
so that both meet the same load on the machine. The script is what tutorials show: torchvision's
loader (PyTorch's for rows), a sigmoid and binary cross-entropy, Adam with its defaults, in float32
unless ``--trainer.precision`` is typed, which then holds for both. Seconds are CPU seconds, or
wall-clock seconds on a GPU.

``ratio`` is the run's time over the script's, all blocks included, ``a usual block`` the median of
the blocks' ratios, and ``besides steps`` the share of the run's time beyond its median block:
validation, pictures, histograms and checkpoints.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from copy import deepcopy
from statistics import median
from typing import NamedTuple

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from speedrun import Recipe
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor

from gan_lightning.models import GAN

BLOCKS = {"gan_iris": 400, "gan_mlp_mnist": 100, "dcgan_mnist": 20}
"""Batches in a block of each experiment: some seconds on a slow core."""


class PlainScript:
    """The loop of a tutorial: Goodfellow et al., 2014, with the non-saturating loss.

    Args:
        model: The model whose networks are copied.
        loader: Yields batches whose first entry holds the points.
        device: Where it trains.
        dtype: The autocast dtype; None turns autocast off.
    """

    def __init__(
        self,
        model: GAN,
        loader: DataLoader,
        device: torch.device,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.device = device
        self.dtype = dtype
        self.generator = deepcopy(model.generator).to(device)
        self.discriminator = deepcopy(model.discriminator).to(device)
        adam = {"lr": 2e-4, "betas": (0.5, 0.999)}
        self.g_optimizer = torch.optim.Adam(self.generator.parameters(), **adam)
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), **adam)
        self.loss = nn.BCELoss()
        self.loader = loader
        self.batches = self.endless()

    def endless(self) -> Iterator[Tensor]:
        """Yield the points of one epoch after another."""
        while True:
            for points, *_ in self.loader:
                yield points.to(self.device)

    def autocast(self) -> torch.autocast:
        """Return the context of forward passes."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None)

    def judge(self, points: Tensor) -> Tensor:
        """Return probabilities of being real."""
        with self.autocast():
            logits = self.discriminator(points)
        return logits.float().sigmoid()

    def clock(self) -> float:
        """Return CPU seconds, or wall-clock seconds once a GPU has finished its work."""
        if self.device.type == "cpu":
            return time.process_time()
        torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def fakes(self, num_samples: int) -> Tensor:
        """Return generated points."""
        with self.autocast():
            return self.generator(
                torch.randn(num_samples, self.generator.latent_dim, device=self.device)
            )

    def run(self, batches: int) -> None:
        """Train for a number of batches."""
        for _ in range(batches):
            real = next(self.batches)
            ones, zeros = (f(len(real), device=self.device) for f in (torch.ones, torch.zeros))

            self.d_optimizer.zero_grad()
            fake = self.fakes(len(real))
            d_loss = self.loss(self.judge(real), ones) + self.loss(self.judge(fake.detach()), zeros)
            d_loss.backward()
            self.d_optimizer.step()

            self.g_optimizer.zero_grad()
            fake = self.fakes(len(real))
            self.loss(self.judge(fake), ones).backward()
            self.g_optimizer.step()


class Pairs(Callback):
    """Trains the plain script for as many batches as the run just has, and compares their times.

    Args:
        script: The script.
        block: Batches of the run, then of the script, in turn.
        pairs: Timed blocks of each; one more before them warms both up.
    """

    def __init__(self, script: PlainScript, block: int, pairs: int) -> None:
        self.script = script
        self.block = block
        self.pairs = pairs
        self.ours: list[float] = []
        self.theirs: list[float] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.since = self.script.clock()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: object) -> None:
        if (trainer.fit_loop.total_batch_idx + 1) % self.block:
            return
        self.ours.append(self.script.clock() - self.since)
        began = self.script.clock()
        with torch.random.fork_rng():
            self.script.run(self.block)
        self.theirs.append(self.script.clock() - began)
        trainer.should_stop = len(self.ours) > self.pairs
        self.since = self.script.clock()


class Speed(NamedTuple):
    """What the pairs of one experiment amount to."""

    ours: float
    theirs: float
    ratio: float
    usual: float
    besides: float

    @classmethod
    def of(cls, pairs: Pairs) -> "Speed":
        """Sum up all pairs but the first, which warms up."""
        ours, theirs = pairs.ours[1:], pairs.theirs[1:]
        batches = len(ours) * pairs.block
        return cls(
            1000 * sum(ours) / batches,
            1000 * sum(theirs) / batches,
            sum(ours) / sum(theirs),
            median(a / b for a, b in zip(ours, theirs, strict=True)),
            max(0.0, 1 - median(ours) * len(ours) / sum(ours)),
        )


def plain_loader(run: Recipe) -> DataLoader:
    """Return the loader of a tutorial for the data of a run."""
    data = run.datamodule
    if len(data.data_shape) == 1:
        data.prepare_data()
        data.setup("fit")
        points: TensorDataset | MNIST = TensorDataset(data.train_dataloader().x.float())
    else:
        transform = Compose([ToTensor(), Normalize(0.5, 0.5)])
        points = MNIST(data.root, download=True, transform=transform)
    return DataLoader(points, batch_size=data.batch_size, shuffle=True)


def script(run: Recipe, settings: list[str]) -> PlainScript:
    """Return the plain script of a run, on its device and in the precision that was typed."""
    half = any(setting.startswith("--trainer.precision=bf16") for setting in settings)
    dtype = torch.bfloat16 if half else None
    return PlainScript(run.model, plain_loader(run), run.trainer.strategy.root_device, dtype)


def measured(experiment: str, pairs: int, block: int, settings: list[str]) -> Speed:
    """Run one experiment beside its script."""
    with tempfile.TemporaryDirectory() as folder:
        words = [f"--config=configs/{experiment}.yaml", f"--trainer.default_root_dir={folder}"]
        run = Recipe(["fit", *words, "--trainer.accelerator=cpu", *settings])
        clock = Pairs(script(run, settings), block, pairs)
        run.trainer.callbacks.append(clock)
        run.trainer.fit(run.model, datamodule=run.datamodule)
    return Speed.of(clock)


def main() -> None:
    """Print a table with a row for each experiment."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--experiments", nargs="+", default=list(BLOCKS), choices=list(BLOCKS))
    parser.add_argument("--pairs", type=int, default=24, help="blocks of each that are timed")
    parser.add_argument("--block", type=int, help="batches in a block")
    arguments, settings = parser.parse_known_args()
    rows = ["| experiment | ms a batch | the script's | ratio | a usual block | besides steps |"]
    rows.append("|---" * 6 + "|")
    for experiment in arguments.experiments:
        images = [] if experiment == "gan_iris" else settings
        block = arguments.block or BLOCKS[experiment]
        speed = measured(experiment, arguments.pairs, block, images)
        rows.append(
            f"| `{experiment}` | {speed.ours:.2f} | {speed.theirs:.2f} | {speed.ratio:.2f} | "
            f"{speed.usual:.2f} | {speed.besides:.0%} |"
        )
    print("\n".join(rows))
    print(f"\n{torch.get_num_threads()} threads, torch {torch.__version__}")


if __name__ == "__main__":
    main()
