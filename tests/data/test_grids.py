"""Numbers on grids wider than their decimals: found, kept by samples, and not seen by chance."""

import numpy as np
import pandas as pd
import pytest
import torch

from gan_lightning.data import FrameTable
from gan_lightning.data.columns import Continuous
from gan_lightning.data.grids import Months, spacing_of
from gan_lightning.errors import InputError

GRIDS = {
    "halves": (0.5, 1, np.arange(60) / 2),
    "quarters": (0.25, 2, 3 + np.arange(60) / 4),
    "ends in .99": (1.0, 2, np.arange(60) + 0.99),
    "multiples of 500": (5.0, -2, 500.0 * np.arange(60)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_the_spacing_of_values_is_found(name):
    expected, decimals, values = GRIDS[name]
    spacing = spacing_of(values, decimals)
    assert spacing == pytest.approx(expected if decimals >= 0 else 500)
    assert spacing_of(values[:20], decimals) is None  # so few may be on a grid by chance
    assert spacing_of(np.r_[values, values[-1] + 10.0**-decimals], decimals) is None


@pytest.mark.parametrize("name", GRIDS)
def test_samples_stay_on_the_grid(name):
    random = np.random.default_rng(0)
    values = random.choice(GRIDS[name][2], 800)
    table = FrameTable(pd.DataFrame({"grid": values, "other": random.normal(size=800)}))
    table.setup("fit")
    column = table.columns[0]
    drawn = table.unscale(torch.randn(500, 2))[:, 0]
    on_grid = ((drawn - column.minimum) / column.spacing).round() * column.spacing + column.minimum
    torch.testing.assert_close(drawn, on_grid)
    assert {*drawn.tolist()} <= {*values.tolist()}
    assert len(drawn.unique()) > 30


def test_times_of_a_clock_keep_its_interval():
    times = pd.date_range("2024-03-01", periods=600, freq="10min")
    table = FrameTable(pd.DataFrame({"time": times, "other": np.arange(600) % 7}))
    table.setup("fit")
    drawn = table.units.frame(table.unscale(torch.randn(200, sum(table.blocks))))["time"]
    assert (drawn.dt.minute % 10 == 0).all()
    assert drawn.nunique() > 100


@pytest.mark.parametrize(("spacing", "minimum"), [(0.0, 1.0), (-1.0, 1.0), (2.0, None)])
def test_a_grid_without_a_width_or_a_start_is_refused(spacing, minimum):
    with pytest.raises(InputError, match="spacing: expected a positive number"):
        Continuous("x", 0, minimum, spacing=spacing)


FREQUENCIES = {"MS": 1, "ME": -1, "QS": 1, "QE": -1, "YS": 1, "YE": -1}
"""First and last days of months, quarters and years, by pandas."""


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("as_texts", [False, True])
def test_days_at_the_ends_of_months_stay_there(frequency, as_texts):
    days = pd.Series(pd.date_range("1957-01-01", periods=60, freq=frequency))
    random = np.random.default_rng(0)
    known = days.dt.strftime("%Y-%m-%d") if as_texts else days
    frame = pd.DataFrame({"day": known.sample(800, replace=True, random_state=0).to_numpy()})
    frame["other"] = random.normal(size=800)
    frame.loc[::9, "day"] = None
    table = FrameTable(frame)
    table.setup("fit")
    assert table.columns[0].months[0] == FREQUENCIES[frequency]
    drawn = table.unscale(torch.randn(500, table.data_shape[0]))
    cells = table.columns[0].series(drawn[:, 0]).dropna()
    assert cells.nunique() > 20
    assert {*cells} <= {*known}
    torch.testing.assert_close(  # and known days are kept
        table.columns[0].rounded(table.rows[:, 0]), table.rows[:, 0], equal_nan=True
    )


@pytest.mark.parametrize(
    ("months", "day", "nearest"),
    [
        (Months(1, 1, 0), "2001-02-14", "2001-02-01"),
        (Months(1, 1, 0), "2001-02-16", "2001-03-01"),
        (Months(1, 3, 0), "2001-02-13", "2001-01-01"),
        (Months(1, 3, 0), "2001-02-17", "2001-04-01"),
        (Months(-1, 1, 0), "2001-03-10", "2001-02-28"),
        (Months(-1, 1, 0), "2001-03-20", "2001-03-31"),
        (Months(1, 12, 6), "1950-03-01", "1950-07-01"),
        (Months(1, 12, 6), "1949-12-01", "1949-07-01"),
    ],
)
def test_the_nearest_day_is_before_or_after(months, day, nearest):
    known = torch.tensor([float((pd.Timestamp(day) - pd.Timestamp(0)).days), torch.nan])
    found = months.nearest(known.double(), 86400.0)
    assert found[1].isnan()
    assert pd.Timestamp(0) + pd.Timedelta(days=int(found[0])) == pd.Timestamp(nearest)


def test_few_dates_do_not_prove_an_unusual_distance():
    days = pd.to_datetime([f"2001-{month:02d}-01" for month in (1, 3, 5, 7, 11)])
    seconds = (days - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    assert Months.of(seconds.to_numpy()).step == 1


@pytest.mark.parametrize(
    "days",
    [
        pd.date_range("2001-01-01", periods=60, freq="D"),
        pd.date_range("2001-01-15", periods=60, freq="30D"),
        pd.date_range("2001-01-01 09:00", periods=60, freq="MS"),
        pd.date_range("2001-01-01", periods=4, freq="MS"),
    ],
)
def test_other_moments_are_not_taken_for_ends_of_months(days):
    seconds = (days - pd.Timestamp("1970-01-01")) / pd.Timedelta(seconds=1)
    assert Months.of(seconds.to_numpy()) is None
