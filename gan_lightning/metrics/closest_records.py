"""Whether samples are new, or copies of what was trained on."""

import math
from collections import Counter

from sklearn.neighbors import NearestNeighbors

from gan_lightning.metrics.rows import Vectors, are_finite


def closest_record_ratio(samples: Vectors, train: Vectors) -> float:
    """Return how far samples are from training points, relative to these from one another.

    The mean distance of a sample to its closest training point over that of a training point to
    its closest other: 0 for copies, about 1 for new points of the same distribution. Training
    points as the reference need nothing held out, and have what duplicates the data have. NaN if
    they have no distance from one another, or if a value is not finite.

    Args:
        samples: Shape ``(num_samples, width)``.
        train: Shape ``(num_train, width)``.
    """
    if len(train) < 2 or not are_finite(samples, train):
        return math.nan
    neighbours = NearestNeighbors(n_neighbors=1).fit(train)
    reference = neighbours.kneighbors()[0].mean()  # without arguments: of each its closest other
    return float(neighbours.kneighbors(samples)[0].mean() / reference) if reference else math.nan


def copied_share(samples: Vectors, train: Vectors) -> float:
    """Return the share of samples that equal a training point, in [0, 1].

    Args:
        samples: Shape ``(num_samples, width)``.
        train: Shape ``(num_train, width)``.
    """
    known = set(map(tuple, train.tolist()))
    return sum(row in known for row in map(tuple, samples.tolist())) / len(samples)


def repeated_share(train: Vectors) -> float:
    """Return the share of points that equal another: what a perfect sampler would copy.

    Args:
        train: Shape ``(num_train, width)``.
    """
    counts = Counter(map(tuple, train.tolist()))
    return sum(count for count in counts.values() if count > 1) / len(train)
