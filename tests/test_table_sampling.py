"""Rows with given cells, and tables whose gaps are filled."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from gan_lightning import GAN, MLPVelocity, TableModel
from gan_lightning.cli.impute import as_sample
from gan_lightning.data import FrameTable, Iris
from gan_lightning.errors import InputError
from gan_lightning.table_sampling import drawn_given, imputed


def frame(num_rows=400):
    """Two numbers and a date that rise together, shifted by a category; some are missing."""
    random = np.random.default_rng(0)
    kind, x = np.arange(num_rows) % 2, random.normal(0, 1, num_rows)
    table = pd.DataFrame(
        {
            "x": x.round(2),
            "y": (x + 0.2 * random.normal(0, 1, num_rows) + 9 * kind).round(2),
            "day": pd.Timestamp("2024-06-01") + pd.to_timedelta((20 * x).round(), "D"),
            "kind": np.where(kind, "v", "u"),
        }
    )
    table["day"] = table["day"].dt.strftime("%Y-%m-%d")
    table.loc[random.random(num_rows) < 0.1, "y"] = None
    return table


@pytest.fixture(scope="module", params=["copulas", "networks"])
def fitted(request):
    torch.manual_seed(0)
    data = FrameTable(frame(), val_fraction=0.0)
    data.setup("fit")
    model = TableModel(
        data.data_shape,
        num_classes=data.num_classes,
        blocks=data.blocks,
        num_points=data.num_points,
        velocity=partial(MLPVelocity, hidden_dims=[64, 64]),
        copula_up_to=1000 if request.param == "copulas" else 0,
    )
    if model.small:
        model.sampler.fit(data._at_random_places(data.train.x), data.train.labels)
        model.count_labels(data.train.labels)
        return data, model
    optimizer = torch.optim.Adam(model.parameters(), 4e-3)
    for _ in range(600):
        optimizer.zero_grad()
        model.losses(data._at_random_places(data.train.x), data.train.labels)["loss"].backward()
        optimizer.step()
    return data, model


def given(fitted, wanted, num_samples=300):
    data, model = fitted
    torch.manual_seed(1)
    rows = torch.cat(list(drawn_given(model, data.units, wanted, num_samples)))
    assert len(rows) == num_samples
    return data.units.frame(rows)


@pytest.mark.sampled(2)
def test_given_cells_stay_and_the_others_follow(fitted):
    by_kind = given(fitted, "kind=v")
    assert (by_kind["kind"] == "v").all()
    assert by_kind["y"].mean() == pytest.approx(9, abs=0.4)
    by_number = given(fitted, "y=9.5, x=0.5")
    assert (by_number["x"] == 0.5).all()
    assert (by_number["y"] == 9.5).all()
    assert (by_number["kind"] == "v").mean() > 0.9
    days = pd.to_datetime(by_number["day"]) - pd.Timestamp("2024-06-01")
    assert days.dt.days.mean() == pytest.approx(10, abs=6)


def test_a_cell_can_be_given_as_missing(fitted):
    assert given(fitted, "y=,kind=u")["y"].isna().all()


def test_dates_are_given_as_they_are_written(fitted):
    rows = given(fitted, "day=2024-06-21")
    assert (rows["day"] == "2024-06-21").all()
    assert rows["x"].mean() == pytest.approx(1, abs=0.4)


def test_inequalities_reject_rows_and_report_how_many(fitted):
    with pytest.warns(UserWarning, match=r"\d+\.\d% of the rows satisfied"):
        rows = given(fitted, "kind=u,x>=1")
    assert (rows["x"] >= 1).all()
    assert (rows["kind"] == "u").all()


WRONG = {
    "no column 'kindd'. Did you mean 'kind'": "kindd=u",
    "'kind' has 2 values, and 'w' is none of them": "kind=w",
    "'x' lies between": "x=100",
    "expected a number for 'x', found 'large'": "x=large",
    "expected %Y-%m-%d for 'day', found '21.6.'": "day=21.6.",
    "cells of 'x' are never missing": "x=",
    "expected NAME=VALUE or NAME>VALUE, found 'x'": "x",
    "'kind' holds no numbers": "kind>u",
    "none of them. Did you mean 'u'": "kind=U",
    "'x' is given twice": "x=0.5,x=0.7",
    "'x' is never 0.505": "x=0.505",
    "expected a number for 'x', found 'inf'": "x>=inf",
    "of 1000 rows, 0 satisfy the inequalities": "x>100",
}


@pytest.mark.parametrize(("words", "wanted"), WRONG.items(), ids=WRONG.values())
def test_what_cannot_be_given_is_refused_in_a_sentence(fitted, words, wanted):
    with pytest.raises(InputError) as refusal:
        given(fitted, wanted)
    assert words in str(refusal.value)


def test_a_model_of_other_data_draws_no_rows_with_given_cells():
    data = Iris()
    data.setup("fit")
    with pytest.raises(InputError, match="GAN draws no rows with given cells"):
        next(drawn_given(GAN(data.data_shape), data.units, "x=1", 3))


def test_gaps_are_filled_from_the_known_cells_and_all_else_stays(fitted):
    data, model = fitted
    table = pd.DataFrame(
        {
            "name": ["Ada", "Bob", None],
            "x": ["0.50", None, None],
            "y": [None, "9.5", None],
            "day": ["2024-06-11", "2024-06-11", None],
            "kind": ["v", None, None],
        }
    )
    many = pd.concat([table] * 100, ignore_index=True)
    complete = imputed(model, data.units, many)
    assert list(complete.columns) == list(table.columns)
    there = many.notna()
    assert ((complete == many) | ~there).all(axis=None)
    assert complete.drop(columns="name").notna().all(axis=None)
    first, second, _ = (complete[i::3] for i in range(3))
    assert first["y"].astype(float).mean() == pytest.approx(9.5, abs=0.4)
    assert (second["kind"] == "v").mean() > 0.9


def test_a_table_that_does_not_match_the_model_is_refused(fitted):
    data, model = fitted
    table = frame()[:3].astype(object)
    with pytest.raises(InputError, match="no column 'x'"):
        imputed(model, data.units, table.drop(columns="x"))
    table.loc[1, "kind"] = "XYZZY"
    with pytest.raises(InputError, match=r"row 2 of column 'kind' holds a value .* never seen"):
        imputed(model, data.units, table)


def test_a_dash_among_numbers_is_a_gap_and_numbers_with_units_get_one_form(fitted):
    data, model = fitted
    cells = {"x": ["$0.50", "?", "$1.25"], "y": ["9.5", "-", "9.0"]}
    table = pd.DataFrame({**cells, "day": ["2024-06-11"] * 3, "kind": ["v", "v", None]})
    with pytest.warns(UserWarning, match="impute: 'x' is written as numbers without units"):
        complete = imputed(model, data.units, table)
    assert complete["x"].tolist()[::2] == ["0.50", "1.25"]
    assert complete["y"].tolist()[::2] == ["9.5", "9.0"]
    assert complete.notna().all(axis=None)
    assert pd.to_numeric(complete["x"]).notna().all()


def test_a_frame_of_other_types_keeps_them(fitted):
    data, model = fitted
    table = frame()[:60].set_index(pd.Index(range(100, 160)))
    table["day"] = pd.to_datetime(table["day"])
    complete = imputed(model, data.units, table)
    assert complete.notna().all(axis=None)
    assert complete.dtypes[["x", "y", "kind"]].equals(table.dtypes[["x", "y", "kind"]])
    there = table.notna()
    assert (pd.to_datetime(complete["day"]) == table["day"]).all()
    assert ((complete == table) | ~there)[["x", "y", "kind"]].all(axis=None)


def test_a_row_of_categories_that_occur_nowhere_together_is_filled_too():
    table = frame(200).assign(other=np.where(np.arange(200) % 2, "m", "n"))
    data = FrameTable(
        table.drop(columns="day"),
        "kind",
        val_fraction=0.0,
        types=dict.fromkeys(("kind", "other"), "categorical"),
    )
    data.setup("fit")
    model = TableModel(
        data.data_shape, num_classes=data.num_classes, blocks=data.blocks, num_points=200
    )
    model.sampler.fit(data._at_random_places(data.train.x), data.train.labels)
    model.count_labels(data.train.labels)
    gap = pd.DataFrame({"x": [None], "y": [9.0], "kind": ["u"], "other": ["m"]})
    with pytest.warns(UserWarning, match="of 1 rows occur together with no label"):
        assert imputed(model, data.units, gap).notna().all(axis=None)


def test_impute_is_sample_of_a_table_with_gaps():
    assert as_sample(["impute", "--ckpt_path", "last", "--data", "in.csv"]) == [
        *["sample", "--ckpt_path", "last", "--impute", "in.csv"]
    ]
    assert as_sample(["fit", "--data", "Iris"]) == ["fit", "--data", "Iris"]
