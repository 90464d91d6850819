"""A frame in, a frame out."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.synthesizer import TableSynthesizer

PAGE = (Path(__file__).parent.parent / "docs" / "tables.md").read_text(encoding="utf-8")

# A small table gets copulas, and says so.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The table has:UserWarning"),
    pytest.mark.filterwarnings("ignore:True in every row:UserWarning"),
]


def frame(num_rows=300):
    random = np.random.default_rng(0)
    kind = random.integers(0, 2, num_rows)
    table = pd.DataFrame(
        {
            "kind": np.array(["a", "b"])[kind],
            "size": (10 * kind + random.normal(0, 1, num_rows)).round(1),
            "member": kind == 1,
        }
    )
    table.loc[::10, "size"] = None
    return table


@pytest.fixture(scope="module")
def fitted():
    return TableSynthesizer().fit(frame())


def test_samples_are_a_frame_like_the_source(fitted):
    samples = fitted.sample(700, seed=0)
    assert samples.dtypes.tolist() == frame().dtypes.tolist()
    assert list(samples.columns) == list(frame().columns)
    assert len(samples) == 700
    assert samples["size"].isna().mean() == pytest.approx(0.1, abs=0.06)
    assert (samples["member"] == (samples["kind"] == "b")).all()


def test_a_seed_makes_samples_repeatable_and_leaves_random_numbers_alone(fitted):
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    first, same, other = (fitted.sample(20, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(2), expected)
    pd.testing.assert_frame_equal(first, same)
    assert not first.equals(other)


def test_cells_can_be_given_and_gaps_are_filled(fitted):
    assert (fitted.sample(50, given="kind=a")["kind"] == "a").all()
    complete = fitted.impute(frame())
    assert complete.notna().all(axis=None)
    known = frame()["size"].notna()
    assert (complete["size"][known].astype(float) == frame()["size"][known]).all()


def test_no_samples_are_drawn_before_a_fit():
    with pytest.raises(InputError, match="has not been fitted"):
        TableSynthesizer().sample(3)


@pytest.mark.parametrize("number", [2.5, "3", 0])
def test_a_number_of_samples_that_is_none_is_refused(fitted, number):
    with pytest.raises(InputError, match=f"num_samples must be a positive integer, found {number}"):
        fitted.sample(number)


def test_a_larger_frame_gets_networks():
    large = TableSynthesizer(epochs=1)
    large.fit(pd.concat([frame()] * 5, ignore_index=True))
    assert not large.model.small
    assert large.model.has_average
    sizes = large.sample(500, seed=0).groupby("kind")["size"].mean()
    assert sizes["b"] - sizes["a"] == pytest.approx(10, abs=2)


def test_the_example_of_the_docs_runs(tmp_path, monkeypatch, write_table, capsys):
    write_table(tmp_path / "my.csv", num_rows=200)
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL)
    assert len(example.strip().splitlines()) == 5
    exec(example, {})
    assert "500 rows x 4 columns" in capsys.readouterr().out


@pytest.mark.parametrize("as_type", ["int64", "bool"])
@pytest.mark.parametrize("num_rows", [600, 1500])  # copulas, and networks
def test_one_hot_columns_are_never_hot_twice(num_rows, as_type):
    random = np.random.default_rng(0)
    kind = random.choice(4, num_rows, p=[0.4, 0.3, 0.2, 0.1])
    table = pd.DataFrame({"size": random.normal(kind, 1.0).round(2)})
    for k in range(4):
        table[f"kind_{k}"] = (kind == k).astype(as_type)
    table["sold"] = np.where(random.random(num_rows) < 0.5, "yes", "no")
    sampled = TableSynthesizer().fit(table).sample(1000)
    hot = sampled[[f"kind_{k}" for k in range(4)]].astype(int)
    assert (hot.sum(axis=1) <= 1).all()
    assert hot.min().min() == 0
    known = table[hot.columns].astype(int)
    assert (hot.mean() - known.mean()).abs().max() < 0.07
