"""What texts of a table mean: units, days, times of other forms, and words for nothing."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from gan_lightning.data import CSV, FrameTable
from gan_lightning.data.columns import Categorical, Continuous, Moment
from gan_lightning.data.read_rows import rows_of
from gan_lightning.data.texts import numbers_of
from gan_lightning.errors import InputError

NUM_ROWS = 200
NUMBERS = np.arange(NUM_ROWS) * 7.25 + 1000

FORMS = {
    "currency": ("${:,.2f}", "$"),
    "currency and a space": ("€ {:.2f}", "€"),
    "currency behind": ("{:.2f} €", "€"),
    "unit": ("{:.2f} kg", "kg"),
    "unit with signs": ("{:.2f}°C", "°C"),
    "share": ("{:.2f}%", "%"),
    "decimal comma": ("{:.2f} kg", "kg"),
}


def texts(form):
    written = [FORMS[form][0].format(x) for x in NUMBERS]
    return [text.replace(".", ",") for text in written] if form == "decimal comma" else written


@pytest.mark.parametrize("form", FORMS)
def test_numbers_with_a_shared_unit_are_numbers_and_a_warning_says_so(form):
    frame = pd.DataFrame({"x": texts(form), "y": np.arange(NUM_ROWS) % 3})
    with pytest.warns(UserWarning, match=re.escape(f"without {FORMS[form][1]!r}")):
        table = FrameTable(frame)
    assert type(table.columns[0]) is Continuous
    assert table.rows[:, 0].tolist() == pytest.approx(NUMBERS.tolist())
    rows = rows_of(table.columns, pd.DataFrame({"x": [texts(form)[3], None], "y": ["1", "2"]}))
    assert rows[0, 0] == pytest.approx(NUMBERS[3])
    assert rows[1, 0].isnan()


@pytest.mark.parametrize(
    "cells",
    [
        [f"{i} kg" if i % 2 else f"{i} lb" for i in range(50)],
        [f"{i:03d}A" for i in range(50)],
        [f"{i % 20} kg" for i in range(50)],
        [f"A{i}" for i in range(50)],
        ["-"] * 50,
    ],
    ids=["two units", "codes", "few", "letters in front", "dashes"],
)
def test_other_texts_are_no_numbers(cells):
    assert numbers_of(pd.Series(cells)).isna().all()


@pytest.mark.parametrize(
    ("pattern", "dtype"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", "str"),
        ("%Y-%m-%dT%H:%MZ", "str"),
        ("%d %b %Y", "str"),
        ("%d-%b-%Y", "str"),
        ("%B %d, %Y", "str"),
        ("%Y%m%d", "str"),
        ("%Y%m%d", "int64"),
        ("%Y%m%d", "float64"),
    ],
)
def test_days_and_times_of_each_form_come_back_as_they_were(pattern, dtype):
    days = pd.Series(pd.date_range("2021-01-01", periods=NUM_ROWS, freq="37h")).dt.floor("D")
    written = days.dt.strftime(pattern).astype(dtype)
    table = FrameTable(pd.DataFrame({"day": written, "y": np.arange(NUM_ROWS) % 3}))
    assert isinstance(table.columns[0], Moment)
    table.setup("fit")
    assert table.units.frame(table.rows)["day"].tolist() == written.tolist()


def test_numbers_that_are_no_days_stay_numbers():
    frame = pd.DataFrame({"x": 20200101 + 7 * np.arange(NUM_ROWS), "y": np.arange(NUM_ROWS) % 3})
    assert type(FrameTable(frame).columns[0]) is Continuous


def csv_with(word, path):
    cells = [word if i % 4 == 0 else ("north", "south", "")[i % 3] for i in range(NUM_ROWS)]
    lines = [f"{cell},{i % 7}" for i, cell in enumerate(cells)]
    path.write_text("\n".join(["region,x", *lines]), encoding="utf-8")
    return cells


@pytest.mark.parametrize("word", ["NA", "None", "null", "N/A"])
def test_a_word_for_nothing_is_reported_and_may_be_taken_as_a_word(word, tmp_path):
    path = tmp_path / "table.csv"
    cells = csv_with(word, path)
    with pytest.warns(UserWarning, match=rf"Read as missing cells: 'region' \({word}\)"):
        told = CSV(str(path))
    assert told.columns[0].categories == ("north", "south")
    kept = CSV(str(path), types={"region": "categorical"})
    column = kept.columns[0]
    assert isinstance(column, Categorical)
    assert set(column.categories) == {word, "north", "south"}
    assert column.cells(kept.rows[:, 0]) == cells
    assert torch.equal(told.rows[:, 1], kept.rows[:, 1])


def test_days_that_can_be_read_in_two_ways_are_named():
    days = [f"{i % 12 + 1:02d}/{i % 7 + 1:02d}/2024" for i in range(NUM_ROWS)]
    frame = pd.DataFrame({"day": days, "y": np.arange(NUM_ROWS) % 3})
    with pytest.warns(UserWarning, match=r"two ways: 'day' \(the day comes before the month\)"):
        FrameTable(frame)
    frame.loc[0, "day"] = "12/31/2024"
    FrameTable(frame)  # no warning


def test_a_date_that_is_none_is_named_where_its_column_is_left_out():
    days = pd.Series(pd.date_range("2021-01-01", periods=NUM_ROWS)).dt.strftime("%Y-%m-%d")
    days[7] = "2021-02-30"
    frame = pd.DataFrame({"day": days, "y": np.arange(NUM_ROWS) % 3})
    with pytest.warns(UserWarning, match="199 cells are written as %Y-%m-%d, row 8 is not"):
        FrameTable(frame)
    with pytest.raises(InputError, match="199 cells are written as %Y-%m-%d, row 8 is not"):
        FrameTable(frame, types={"day": "datetime"})


def test_a_time_zone_comes_back():
    moments = pd.Series(
        pd.date_range("2024-03-30", periods=NUM_ROWS, freq="7h", tz="Europe/Berlin")
    )
    table = FrameTable(pd.DataFrame({"at": moments, "y": np.arange(NUM_ROWS) % 3}))
    table.setup("fit")
    back = table.units.frame(table.rows)["at"]
    assert back.dtype == moments.dtype
    assert (back == moments).all()


@pytest.mark.parametrize(
    ("cell", "words"),
    [([1, 2], "its cells are of the type list"), (1 + 2j, "it holds complex numbers")],
)
def test_cells_that_are_no_values_are_left_out(cell, words):
    frame = pd.DataFrame({"x": [cell] * NUM_ROWS, "y": np.arange(NUM_ROWS) % 3})
    with pytest.warns(UserWarning, match=f"'x' .{words}"):
        FrameTable(frame)
