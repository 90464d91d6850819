"""Cheap models of a table, and the page about one."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from gan_lightning.data import FrameTable


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    kind, x = random.integers(0, 3, 600), random.normal(0, 1, 600)
    frame = pd.DataFrame(
        {
            "x": x,
            "cost ($)": (2 * x + kind).round(2),
            "kind": np.array(["<a>", "b", "c"])[kind],
            "one": 1,
        }
    )
    frame.loc[frame.index % 7 == 0, "cost ($)"] = None
    data = FrameTable(frame, target="kind")
    data.setup("fit")
    return data


@pytest.mark.parametrize("name", ["independent", "copula", "cart"])
def test_a_baseline_draws_rows_like_those_of_the_table_and_the_same_each_time(table, name):
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    first, again = (table.baselines()[name](500) for _ in range(2))
    assert torch.equal(torch.rand(2), expected)
    torch.testing.assert_close(first, again, equal_nan=True, rtol=0, atol=0)
    assert first.shape == (500, 4)
    assert table.units.frame(first).shape == (500, 4)
    assert first[:, 1].isnan().double().mean() == pytest.approx(1 / 7, abs=0.05)


@pytest.mark.parametrize(
    ("name", "correlation"), [("independent", 0.0), ("copula", 0.8), ("cart", 0.9)]
)
def test_each_baseline_keeps_or_loses_dependence_as_it_should(table, name, correlation):
    rows = table.baselines()[name](2000)
    there = rows[~rows[:, 1].isnan()]
    found = torch.corrcoef(there[:, :2].T)[0, 1]
    assert found == pytest.approx(correlation, abs=0.15)


def test_cart_draws_only_values_of_the_training_rows(table):
    rows = table.baselines()["cart"](300)
    assert torch.isin(rows[:, 0], table.train.x[:, 0]).all()


def test_the_report_is_one_file_with_every_column_and_each_score_explained(table):
    scores = {"samples": {"boosted": 0.512345, "closer": 0.5}, "<cart>": {"boosted": 0.6}}
    page = table.report(table.val.x, scores)
    assert page.startswith("<!doctype html>")
    assert "0.512" in page
    assert "&lt;cart&gt;" in page
    assert "boosted trees" in page
    assert "It holds no rows" in page
    assert len(re.findall("<img", page)) == 2  # the columns, and their correlations
    assert not re.search(r"(src|href)=.?https?:", page)
