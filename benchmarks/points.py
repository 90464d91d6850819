"""Judge the samples of the 2-D experiments against the density they should have.

    python benchmarks/points.py [--seeds 0 1 2] [--experiments r3gan_ring …] [--set KEY=VALUE …]

It takes 2 500 samples of the last checkpoint, as written to CSV. On the ring a sample is of high
quality within 3 standard deviations (0.03) of the nearest of the 8 means, and a mode is found if it
holds a tenth of its fair share of such samples. "spread" is the standard deviation of the
high-quality samples around their means, in units of the true one. "real data" is as many points of
the true density.
"""

import numpy as np
from experiments import Numbers, Rows, compare
from scipy.stats import kstest, norm

ANGLES = 2 * np.pi * np.arange(8) / 8
MEANS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)
STD = 0.01
NUM_SAMPLES = 2500


def judge_ring(rows: Rows) -> Numbers:
    """Return modes found, share of high-quality samples, and their spread."""
    offsets = np.array(rows, float)[:, None] - MEANS
    distances = np.linalg.norm(offsets, axis=2)
    nearest, good = distances.argmin(1), distances.min(1) <= 3 * STD
    counts = np.bincount(nearest[good], minlength=8)
    spread = offsets[np.arange(len(rows)), nearest][good].std() if good.any() else np.nan
    return {
        "modes": float((counts >= 0.1 * len(rows) / 8).sum()),
        "high quality": float(good.mean()),
        "spread": float(spread / STD),
    }


def judge_normal(rows: Rows) -> Numbers:
    """Return the mean KS statistic of both coordinates against N(0, 1)."""
    points = np.array(rows, float)
    return {"KS": float(np.mean([kstest(points[:, i], norm.cdf).statistic for i in range(2)]))}


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(NUM_SAMPLES, 2))
    ring = MEANS[generator.integers(8, size=NUM_SAMPLES)] + STD * noise
    rings = dict.fromkeys(["gan_ring", "r3gan_ring", "flow_ring"], judge_ring)
    normals = dict.fromkeys(["gan_points", "gan_points_tails"], judge_normal)
    references = {
        **dict.fromkeys(normals, judge_normal(noise.tolist())),
        **dict.fromkeys(rings, judge_ring(ring.tolist())),
    }
    compare(normals | rings, NUM_SAMPLES, references)
