"""Whether a precision changes results: short experiments over seeds, compared with float32.

    OMP_NUM_THREADS=1 python benchmarks/precisions.py [--seeds 0 1 2] [--experiments gan_iris …]

Each experiment is trained from its config for a few epochs, once for each precision and seed. A
cell holds the mean and the standard deviation over the seeds of the distance of samples to held-out
points, the mean Kolmogorov-Smirnov statistic of their columns. A star marks a mean that differs
from that of float32 by more than twice the standard error of the difference.
"""

import argparse
import math
import statistics
import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from doomed_runs import without_pictures
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.cli import main as command_line

PRECISIONS = ("32-true", "64-true", "bf16-mixed", "bf16-true")
EPOCHS = {"gan_iris": 200, "r3gan_iris": 150, "flow_iris": 150, "vae_iris": 150}
METRIC = "val/ks"


def judged(experiment: str, precision: str, seed: int, epochs: int) -> float:
    """Return the metric of one run."""
    with tempfile.TemporaryDirectory() as root:
        quiet = f"--trainer.default_root_dir={root}", "--trainer.enable_progress_bar=false"
        settings = (
            f"--seed_everything={seed}",
            f"--trainer.precision={precision}",
            f"--trainer.max_epochs={epochs}",
            f"--trainer.check_val_every_n_epoch={epochs}",
            "--trainer.accelerator=cpu",
        )
        with redirect_stdout(StringIO()):
            command_line(["fit", f"--config={experiment}", *settings, *quiet])
        (run,) = Path(root).glob("lightning_logs/*/version_0")
        events = EventAccumulator(str(run)).Reload()
        return float(events.Scalars(METRIC)[-1].value)


def row(experiment: str, found: dict[str, list[float]]) -> str:
    """Return a row of the table from the values of each precision, float32 first."""
    cells = []
    reference = next(iter(found.values()))
    for values in found.values():
        spread = statistics.stdev(values)
        error = math.sqrt((spread**2 + statistics.stdev(reference) ** 2) / len(values))
        far = abs(statistics.mean(values) - statistics.mean(reference)) > 2 * error
        cells.append(f"{statistics.mean(values):.3f} ± {spread:.3f}{' *' if far else ''}")
    return f"| `{experiment}` | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--experiments", nargs="+", default=list(EPOCHS), choices=list(EPOCHS))
    options = parser.parse_args()
    sys.argv = ["gan_lightning"]
    without_pictures()
    print(f"| {METRIC} | {' | '.join(PRECISIONS)} |\n|---{'|---' * len(PRECISIONS)}|")
    for experiment in options.experiments:
        found = {
            precision: [
                judged(experiment, precision, seed, EPOCHS[experiment]) for seed in options.seeds
            ]
            for precision in PRECISIONS
        }
        print(row(experiment, found), flush=True)


if __name__ == "__main__":
    main()
