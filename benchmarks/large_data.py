"""What large data sets cost before the first batch: memory and time.

    OMP_NUM_THREADS=1 python benchmarks/large_data.py [--pictures 200000] [--rows 1000000]

Tiny pictures, 8 × 8, are written into one folder and read three times: decoded into memory,
decoded into the file that holds pictures too many for memory, and then from that file. A table of
two numbers, a category and a target is written as CSV. Each case reads its data in a process of its
own and is a row of the result: CPU seconds until the first batch is there, and how much the peak
memory of the process has grown by then.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from gan_lightning.data import CSV, DataModule, ImageFolder

Cost = tuple[float, float]
"""CPU seconds, and megabytes of memory."""


def write_pictures(folder: Path, count: int) -> None:
    """Write this many pictures of noise."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for i in range(count):
        pixels = random.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png", compress_level=0)


def write_table(path: Path, count: int) -> None:
    """Write a table of this many rows."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 4, count)
    columns = {
        "length": random.normal(kind, 1).round(3),
        "weight": random.gamma(2, 1, count).round(3),
        "kind": np.array(["a", "b", "c", "d"])[kind],
        "target": np.array(["no", "yes"])[random.integers(0, 2, count)],
    }
    pd.DataFrame(columns).to_csv(path, index=False)


def first_batch(make: Callable[[], DataModule]) -> Cost:
    """Return the cost of reaching the first batch, in a process of its own."""
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_measured, args=(make, send))
    process.start()
    seconds, largest, before = receive.recv()
    process.join()
    return seconds, (largest - before) / 1e6


def _measured(make: Callable[[], DataModule], send: Connection) -> None:
    torch.set_num_threads(1)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the parent's peak
    start = time.process_time()
    data = make()
    data.prepare_data()
    data.setup("fit")
    next(iter(data.train_dataloader()))
    seconds = time.process_time() - start
    send.send((seconds, _peak(), pages * os.sysconf("SC_PAGE_SIZE")))


def _peak() -> int:
    """Return the peak memory of this process since ``clear_refs``, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def measure(root: Path, num_pictures: int, num_rows: int) -> dict[str, Cost]:
    """Write the data, and return what each case costs."""
    pictures, table = root / "pictures", root / "table.csv"
    write_pictures(pictures, num_pictures)
    write_table(table, num_rows)
    folder = partial(ImageFolder, str(pictures), size=8)
    cached = partial(folder, cache_above=0.0)
    cases: dict[str, Callable[[], DataModule]] = {
        f"{num_pictures} pictures into memory": folder,
        f"{num_pictures} pictures into the file of decoded ones": cached,
        f"{num_pictures} pictures from that file": cached,
        f"a table of {num_rows} rows": partial(CSV, str(table), target="target"),
    }
    return {name: first_batch(make) for name, make in cases.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=200_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        found = measure(Path(root), options.pictures, options.rows)
    sys.stdout.write("| | CPU seconds to the first batch | memory, MB |\n|---|---|---|\n")
    for name, (seconds, megabytes) in found.items():
        sys.stdout.write(f"| {name} | {seconds:.1f} | {megabytes:.0f} |\n")


if __name__ == "__main__":
    main()
