"""Experiments as a user runs them: trained from their config, sampled to CSV, judged by the CSV."""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent

Numbers = dict[str, float]
Rows = list[list[str]]


def compare(
    judges: dict[str, Callable[[Rows], Numbers]], num_samples: int, references: dict[str, Numbers]
) -> None:
    """Train each experiment with each seed and print a Markdown table of its judge's figures.

    Args:
        judges: For each experiment, a function from the rows of its samples to figures.
        num_samples: Samples of the last checkpoint.
        references: For some experiments, the same figures for real data in place of samples.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--experiments", nargs="+", default=list(judges), choices=list(judges))
    parser.add_argument(
        "--set", nargs="+", default=[], help="KEY=VALUE arguments of fit and sample"
    )
    arguments = parser.parse_args()
    tables = []
    for experiment in arguments.experiments:
        results: dict[str, Numbers] = {}
        for seed in arguments.seeds:
            with tempfile.TemporaryDirectory() as folder:
                settings = [f"--{setting}" for setting in arguments.set]
                started = time.perf_counter()
                rows = _train_and_sample(experiment, seed, num_samples, settings, Path(folder))
                seconds = time.perf_counter() - started
            results[f"seed {seed}"] = {**judges[experiment](rows), "seconds": seconds}
        columns = list(results[f"seed {arguments.seeds[0]}"])
        results["mean"] = {c: float(np.mean([r[c] for r in results.values()])) for c in columns}
        if experiment in references:
            results["real data"] = references[experiment]
        tables.append(_table(experiment, columns, results))
    print("\n\n".join(tables))


def _train_and_sample(
    experiment: str, seed: int, num_samples: int, settings: list[str], folder: Path
) -> Rows:
    _command(
        "fit",
        f"--config=configs/{experiment}.yaml",
        f"--seed_everything={seed}",
        f"--trainer.default_root_dir={folder}",
        "--trainer.accelerator=cpu",
        *settings,
    )
    (checkpoint,) = folder.rglob("last.ckpt")
    output = folder / "samples.csv"
    _command(
        "sample",
        f"--ckpt_path={checkpoint}",
        f"--num_samples={num_samples}",
        f"--output={output}",
        f"--seed={seed}",
        *settings,
    )
    with output.open(newline="") as file:
        return list(csv.reader(file))[1:]


def _command(*args: str) -> None:
    subprocess.run([sys.executable, "-m", "gan_lightning", *args], check=True, cwd=ROOT)


def _table(experiment: str, columns: list[str], results: dict[str, Numbers]) -> str:
    lines = [f"| {experiment} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, numbers in results.items():
        cells = [f"{numbers[column]:.3f}" if column in numbers else "" for column in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
