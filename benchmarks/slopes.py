r"""How time and memory grow with the batch, the size and channels of images, and table rows.

    OMP_NUM_THREADS=1 python benchmarks/slopes.py [--repeats 8] [--quick]

Each row varies one number and keeps the others. Time is CPU seconds, the median of the repeats;
memory is the peak of the process beyond what it held before. Both are measured in a process of
their own. The slope is fitted to the logarithms by least squares: 1 is linear, in pixels for the
size of images. Below 1, a constant part counts; above it, something grows faster than the data.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from statistics import median
from typing import NamedTuple

import numpy as np
import torch

from gan_lightning.losses import NonSaturatingLoss
from gan_lightning.metrics import CompleteTableMetrics
from gan_lightning.networks import DCGANDiscriminator, DCGANGenerator
from gan_lightning.samplers import GaussianMixture


class Measured(NamedTuple):
    """What one size of a case needs."""

    size: float
    seconds: float
    mebibytes: float


def step_of_a_game(batch: int = 32, size: int = 28, channels: int = 1) -> Callable[[], object]:
    """Return a function that takes a step with each player of a DCGAN (Radford et al., 2015)."""
    shape = (channels, size, size)
    generator = DCGANGenerator(shape, base_channels=16)
    discriminator = DCGANDiscriminator(shape, base_channels=16)
    players = [torch.optim.Adam(net.parameters()) for net in (discriminator, generator)]
    loss, real = NonSaturatingLoss(), torch.rand(batch, *shape) * 2 - 1

    def step() -> None:
        for k, player in enumerate(players):
            player.zero_grad()
            fake = generator(torch.randn(batch, generator.latent_dim))
            if k == 0:
                judged = discriminator(real), discriminator(fake.detach())
                loss.discriminator(*judged).backward()
            else:
                loss.generator(discriminator(fake)).backward()
            player.step()

    return step


def metrics_of_rows(rows: int) -> Callable[[], object]:
    """Return a function that compares as many rows of a table with as many others."""
    training, real, samples = torch.randn(3, rows, 4).double()
    names, labels = ["a", "b", "c", "d"], torch.zeros(rows, dtype=torch.int64)

    def compare() -> None:
        metrics = CompleteTableMetrics(names, range(4), training, labels)
        metrics.update(real, labels, real=True)
        metrics.update(samples, labels, real=False)
        metrics.compute()

    return compare


def mixture_of_latents(rows: int) -> Callable[[], object]:
    """Return a function that fits a mixture of Gaussians to this many latents."""
    latents = torch.randn(rows, 8)
    return lambda: GaussianMixture(8, num_components=4).fit(latents)


CASES: dict[str, tuple[Callable[[int], Callable[[], object]], tuple[int, ...], int]] = {
    "images in a batch": (lambda n: step_of_a_game(batch=n), (16, 32, 64, 128), 1),
    "size of images": (lambda n: step_of_a_game(size=n), (28, 56, 112, 128), 2),
    "channels of images": (lambda n: step_of_a_game(channels=n), (1, 2, 4, 8), 1),
    "rows judged by all metrics": (metrics_of_rows, (250, 500, 1000, 2000), 1),
    "latents of a mixture": (mixture_of_latents, (1000, 2000, 4000, 8000), 1),
}
"""What makes the work, its sizes, and the power of the size with which the data grow."""


def measure(case: str, size: int, repeats: int, answer: Connection) -> None:
    """Do the work of a size again and again, and send seconds and mebibytes."""
    torch.manual_seed(0)
    make, _, _ = CASES[case]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work = make(size)
    seconds = []
    for _ in range(repeats + 1):  # the first one warms up
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.send((median(seconds[1:]), (most - before) / 1024))


def measured(case: str, size: int, repeats: int) -> Measured:
    """Measure one size in a process of its own."""
    here, there = multiprocessing.Pipe(duplex=False)
    start = multiprocessing.get_context("spawn").Process
    process = start(target=partial(measure, case, size, repeats, there))
    process.start()
    there.close()
    seconds, mebibytes = here.recv()
    process.join()
    return Measured(float(size) ** CASES[case][2], seconds, mebibytes)


def slope(sizes: list[float], values: list[float]) -> float:
    """Return the exponent with which values grow with sizes."""
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-6)), 1)[0])


def main() -> None:
    """Print a table with a row for each case."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="the two smallest sizes alone")
    arguments = parser.parse_args()
    print("| what grows | sizes | seconds | slope | MiB | slope |")
    print("|---" * 6 + "|")
    for case, (_, sizes, _) in CASES.items():
        chosen = sizes[:2] if arguments.quick else sizes
        found = [measured(case, size, arguments.repeats) for size in chosen]
        grown = [one.size for one in found]
        seconds, memory = [one.seconds for one in found], [one.mebibytes for one in found]
        cells = [
            ", ".join(f"{size}" for size in chosen),
            ", ".join(f"{value:.3f}" for value in seconds),
            f"{slope(grown, seconds):.2f}",
            ", ".join(f"{value:.0f}" for value in memory),
            f"{slope(grown, memory):.2f}",
        ]
        print(f"| {case} | " + " | ".join(cells) + " |", flush=True)
    print(f"\n{torch.get_num_threads()} threads, torch {torch.__version__}")


if __name__ == "__main__":
    main()
