"""Judge the samples of the Iris experiments without the package's own metrics.

    python benchmarks/iris.py [--seeds 0 1 2] [--experiments r3gan_iris …] [--set KEY=VALUE …]

2 000 samples of the last checkpoint, as written to CSV, are compared with scikit-learn's rows by
SciPy and scikit-learn. ``gan_iris`` is compared with the 50 Setosa rows that it was trained on;
``r3gan_iris`` and ``flow_iris`` with the 105 training rows, the 45 held-out rows of their split,
and all 150. "real data" is the training rows in place of samples: no sampler can be expected to do
better.
"""

import numpy as np
from experiments import Numbers, Rows, compare
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from gan_lightning.data import Iris

IRIS = load_iris()
Measurements = NDArray[np.float64]


def judge_setosa(rows: Rows) -> Numbers:
    """Return the mean KS statistic against the 50 Setosa rows."""
    return {"KS": mean_ks(measurements(rows), IRIS.data[:50])}


def judge_species(rows: Rows) -> Numbers:
    """Return distances to real rows, a classifier's accuracy, memorisation, rarest species."""
    samples, species = measurements(rows), [row[4] for row in rows]
    (train, _), (held_out, held_out_species) = split()
    return {
        **distances(samples, train, held_out),
        "forest, held out": forest_accuracy(samples, species, held_out, held_out_species),
        "distance ratio": distance_ratio(samples, train, held_out),
        "rarest species": min(species.count(name) for name in IRIS.target_names) / len(species),
    }


def real_species() -> Numbers:
    """Return the same figures for the training rows in place of samples."""
    (train, train_species), (held_out, held_out_species) = split()
    accuracy = forest_accuracy(train, train_species, held_out, held_out_species)
    return {**distances(train, train, held_out), "forest, held out": accuracy}


def split() -> list[tuple[Measurements, list[str]]]:
    """Return the training and held-out rows that ``configs/r3gan_iris.yaml`` uses."""
    data = Iris(val_fraction=0.3)
    data.setup("fit")
    return [
        (data.unscale(part.x).numpy(), [IRIS.target_names[label] for label in part.labels])
        for part in (data.train, data.val)
    ]


def measurements(rows: Rows) -> Measurements:
    """Return the four lengths of each row, in centimetres."""
    return np.array([[float(value) for value in row[:4]] for row in rows])


def distances(samples: Measurements, train: Measurements, held_out: Measurements) -> Numbers:
    """Return mean KS statistics and largest differences of correlations."""
    numbers = {}
    for name, real in [("train", train), ("held out", held_out), ("all", IRIS.data)]:
        numbers[f"KS, {name}"] = mean_ks(samples, real)
        numbers[f"corr., {name}"] = np.abs(np.corrcoef(samples.T) - np.corrcoef(real.T)).max()
    return numbers


def mean_ks(samples: Measurements, real: Measurements) -> float:
    """Return the two-sample KS statistic, averaged over the four measurements."""
    return float(np.mean([ks_2samp(samples[:, i], real[:, i]).statistic for i in range(4)]))


def forest_accuracy(
    rows: Measurements, species: list[str], held_out: Measurements, held_out_species: list[str]
) -> float:
    """Return the accuracy on held-out rows of a random forest trained on ``rows``."""
    forest = RandomForestClassifier(200, random_state=0).fit(rows, species)
    return float(forest.score(held_out, held_out_species))


def distance_ratio(samples: Measurements, train: Measurements, held_out: Measurements) -> float:
    """Return the mean distance of samples to the nearest training row over that of held-out rows.

    Far below 1, the samples are copies. Distances are in training standard deviations.
    """
    scale = train.std(0)
    near = [cdist(rows / scale, train / scale).min(1).mean() for rows in (samples, held_out)]
    return float(near[0] / near[1])


if __name__ == "__main__":
    species = dict.fromkeys(["r3gan_iris", "flow_iris"], judge_species)
    references = dict.fromkeys(species, real_species())
    compare({"gan_iris": judge_setosa, **species}, 2000, references)
