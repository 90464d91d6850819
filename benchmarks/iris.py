"""Trains the Iris experiments from the command line and judges their samples by other means.

    python benchmarks/iris.py [--seeds 0 1 2] [--experiments gan_iris …] [--set KEY=VALUE …]

Each experiment is trained by its config for each seed, 2 000 samples of its last checkpoint are
written as CSV, and that file alone is compared with scikit-learn's rows: nothing of the package's
own metrics is used. Prints one Markdown table an experiment, with the mean over seeds below.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from gan_lightning.data import Iris

ROOT = Path(__file__).parent.parent
NUM_SAMPLES = 2000


def command(*args):
    subprocess.run([sys.executable, "-m", "gan_lightning", *map(str, args)], check=True, cwd=ROOT)


def train_and_sample(experiment, seed, settings, folder):
    """Return the samples' rows, their species or None, and the seconds that training took."""
    start = time.perf_counter()
    command(
        "fit",
        f"--config=configs/{experiment}.yaml",
        f"--seed_everything={seed}",
        f"--trainer.default_root_dir={folder}",
        "--trainer.accelerator=cpu",
        *settings,
    )
    seconds = time.perf_counter() - start
    output = folder / "samples.csv"
    (checkpoint,) = folder.rglob("last.ckpt")
    command(
        "sample",
        f"--ckpt_path={checkpoint}",
        f"--num_samples={NUM_SAMPLES}",
        f"--output={output}",
        f"--seed={seed}",
        *(setting for setting in settings if "decimals" in setting),
    )
    with output.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    values = np.array([[float(value) for value in row[:4]] for row in rows])
    return values, [row[4] for row in rows] if len(rows[0]) > 4 else None, seconds


def mean_ks(samples, rows):
    return np.mean([ks_2samp(samples[:, i], rows[:, i]).statistic for i in range(4)])


def correlation_difference(samples, rows):
    return np.abs(np.corrcoef(samples.T) - np.corrcoef(rows.T)).max()


def distance_ratio(samples, train, held_out):
    """Mean distance of samples to the nearest training row over that of held-out rows."""
    scale = train.std(0)
    nearest = [cdist(rows / scale, train / scale).min(1).mean() for rows in (samples, held_out)]
    return nearest[0] / nearest[1]


def forest_accuracy(rows, species, held_out, held_out_species):
    forest = RandomForestClassifier(200, random_state=0).fit(rows, species)
    return forest.score(held_out, held_out_species)


def held_out_split():
    """Return the training and held-out rows that ``configs/r3gan_iris.yaml`` uses."""
    data = Iris(val_fraction=0.3)
    data.setup("fit")
    return [
        (data.unscale(part.x).numpy(), np.array(load_iris().target_names)[part.labels])
        for part in (data.train, data.val)
    ]


def judge_setosa(samples, _species):
    setosa = load_iris().data[:50]
    return {"mean KS": mean_ks(samples, setosa)}


def judge_species(samples, species):
    (train, _), (held_out, held_out_species) = held_out_split()
    names = load_iris().target_names
    shares = [species.count(name) / len(species) for name in names]
    return {
        "KS, training rows": mean_ks(samples, train),
        "KS, held out": mean_ks(samples, held_out),
        "KS, all rows": mean_ks(samples, load_iris().data),
        "correlations, training rows": correlation_difference(samples, train),
        "correlations, held out": correlation_difference(samples, held_out),
        "correlations, all rows": correlation_difference(samples, load_iris().data),
        "forest on held out": forest_accuracy(samples, species, held_out, held_out_species),
        "distance ratio": distance_ratio(samples, train, held_out),
        "rarest species": min(shares),
    }


def floor_species():
    """Return the same numbers for real rows in place of samples."""
    (train, train_species), (held_out, held_out_species) = held_out_split()
    return {
        "KS, held out": mean_ks(train, held_out),
        "KS, all rows": mean_ks(train, load_iris().data),
        "correlations, held out": correlation_difference(train, held_out),
        "correlations, all rows": correlation_difference(train, load_iris().data),
        "forest on held out": forest_accuracy(train, train_species, held_out, held_out_species),
    }


JUDGES = {"gan_iris": judge_setosa, "r3gan_iris": judge_species}


def table(experiment, results):
    columns = list(next(iter(results.values())))
    lines = [f"| {experiment} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, numbers in results.items():
        cells = [f"{numbers[column]:.3f}" if column in numbers else "" for column in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--experiments", nargs="+", default=list(JUDGES), choices=list(JUDGES))
    parser.add_argument("--set", nargs="+", default=[], help="further arguments of fit")
    arguments = parser.parse_args()
    tables = []
    for experiment in arguments.experiments:
        results = {}
        for seed in arguments.seeds:
            with tempfile.TemporaryDirectory() as folder:
                settings = [f"--{setting}" for setting in arguments.set]
                *samples, seconds = train_and_sample(experiment, seed, settings, Path(folder))
                results[f"seed {seed}"] = {**JUDGES[experiment](*samples), "seconds": seconds}
        columns = results[f"seed {arguments.seeds[0]}"]
        results["mean"] = {c: np.mean([r[c] for r in results.values()]) for c in columns}
        if experiment == "r3gan_iris":
            results["training rows themselves"] = floor_species()
        tables.append(table(experiment, results))
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
