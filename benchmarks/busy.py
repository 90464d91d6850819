r"""Measure for what share of the time a GPU works while an experiment trains on it.

    python benchmarks/busy.py [--after 300] [--seconds 8] --config configs/dcgan_mnist.yaml
        [SETTINGS OF FIT …]

After some batches, ``nvidia-smi`` reads the card's utilisation (the share of the time in which any
kernel is being executed) until the seconds have passed, and training ends.
"""

import argparse
import subprocess
import tempfile
import time
from typing import IO

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from speedrun import Recipe

READ = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")
EVERY = 100
"""Milliseconds between two readings."""


class Watch(Callback):
    """Reads a card's utilisation for a while, and ends training.

    Args:
        after: Batches before the first reading.
        seconds: How long it is read.
        readings: The file for the readings, in per cent.
    """

    def __init__(self, after: int, seconds: float, readings: IO[str]) -> None:
        self.after, self.seconds, self.readings = after, seconds, readings
        self.batches, self.started = 0, 0.0
        self.reader: subprocess.Popen[bytes] | None = None

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: object) -> None:
        self.batches += 1
        now = time.perf_counter()
        if self.batches == self.after:
            torch.cuda.synchronize()
            self.started = time.perf_counter()
            self.reader = subprocess.Popen([*READ, f"--loop-ms={EVERY}"], stdout=self.readings)
        elif self.reader is not None and now - self.started > self.seconds:
            torch.cuda.synchronize()
            self.milliseconds = 1000 * (time.perf_counter() - self.started)
            self.reader.terminate()
            self.reader.wait()
            self.reader = None
            trainer.should_stop = True


def main() -> None:
    """Train, and print the mean of the readings."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--after", type=int, default=300, help="batches before the first reading")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long the card is watched")
    arguments, settings = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as readings:
        run = Recipe(["fit", f"--trainer.default_root_dir={folder}", *settings])
        watch = Watch(arguments.after, arguments.seconds, readings)
        run.trainer.callbacks.append(watch)
        run.trainer.fit(run.model, datamodule=run.datamodule)
        readings.seek(0)
        percentages = [int(line) for line in readings if line.strip().isdigit()]
    if not percentages:
        raise SystemExit("error: training ended before the card was read.")
    batches = watch.batches - watch.after
    print(
        f"card busy: {sum(percentages) / len(percentages):.0f} % in {len(percentages)} readings, "
        f"{watch.milliseconds / batches:.2f} ms a batch"
    )


if __name__ == "__main__":
    main()
