"""The benchmarks run, in short, and their judges know good samples from bad ones."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

ROOT = Path(__file__).parent.parent
IRIS = load_iris()


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


@pytest.mark.parametrize(
    ("script", "experiment", "column"),
    [("iris.py", "r3gan_iris", "distance ratio"), ("points.py", "gan_ring", "high quality")],
)
def test_a_benchmark_prints_a_table_with_a_row_for_each_seed(
    environment, script, experiment, column
):
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "benchmarks" / script,
            "--seeds=3",
            f"--experiments={experiment}",
            "--set",
            "trainer.max_epochs=2",
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    table = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert column in table[0]
    assert [line.split("|")[1].strip() for line in table[2:]] == ["seed 3", "mean", "real data"]


def rows_of(numbers, species):
    return [[*map(str, row), name] for row, name in zip(numbers, species, strict=True)]


def test_the_iris_judge_knows_copies_noise_and_lost_species():
    import iris

    (train, species), _ = iris.split()
    copies = iris.judge_species(rows_of(train, species))
    assert copies["KS, train"] == 0
    assert copies["distance ratio"] == 0
    assert copies["rarest species"] == pytest.approx(1 / 3)
    noise = np.random.default_rng(0).uniform(0.1, 8, size=train.shape)
    noisy = iris.judge_species(rows_of(noise, species))
    assert noisy["KS, all"] > 0.3
    assert noisy["distance ratio"] > 2
    assert noisy["forest, held out"] < 0.7
    lost = iris.judge_species(rows_of(train, ["setosa"] * len(train)))
    assert lost["rarest species"] == 0


def test_the_ring_judge_knows_a_collapsed_sampler():
    import points

    perfect = np.repeat(points.MEANS, 100, axis=0)
    assert points.judge_ring(perfect.tolist())["modes"] == 8
    collapsed = points.judge_ring(np.repeat(points.MEANS[:1], 800, axis=0).tolist())
    assert collapsed["modes"] == 1
    assert collapsed["high quality"] == 1
    assert points.judge_ring([[0.0, 0.0]] * 50)["high quality"] == 0
