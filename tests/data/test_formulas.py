"""Columns that follow from others do so in every sample, and no other column is taken for one."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from gan_lightning.data import FrameTable
from gan_lightning.data.formulas import Formula, in_order
from gan_lightning.data.table_units import TableUnits
from gan_lightning.errors import InputError
from gan_lightning.synthesizer import TableSynthesizer

TOWNS = dict(zip("abcdefgh", "XXXYYZZZ", strict=True))

FOLLOWS = {
    "a copy": lambda t: t["a"],
    "another unit": lambda t: (t["a"] * 1.8 + 32).round(2),
    "a sum": lambda t: (t["a"] + t["b"]).round(1),
    "a difference": lambda t: (t["a"] - t["b"]).round(1),
    "a sum of many": lambda t: t["count"] + t["few"] + t["other"],
    "a mean": lambda t: t[["a", "b"]].mean(axis=1),
    "a product": lambda t: (t["count"] * t["price"]).round(2),
    "a ratio": lambda t: t["price"] / t["count"],
    "a sum of whole numbers": lambda t: t["few"] + t["other"],
    "a tenth of a sum": lambda t: pd.qcut(t["a"] + t["b"], 10, labels=False),
    "tens of a sum": lambda t: ((t["a"] + t["b"]) // 10).astype(int),
    "a band": lambda t: pd.cut(
        t["count"], [0, 18, 40, 99], labels=["young", "grown", "old"]
    ).astype(str),
    "the country of a town": lambda t: t["town"].map(TOWNS),
    "codes of texts": lambda t: t["town"].map(ord) - 96,
    "a truth": lambda t: t["few"] > 2,
    "what has gaps": lambda t: (t["gaps"] * 2).round(1),
    "whether there are gaps": lambda t: t["town2"].notna(),
}


def table(num_rows=600):
    """Columns of all kinds that are independent of each other."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": random.normal(50, 9, num_rows).round(1),
            "b": random.gamma(2, 9, num_rows).round(1),
            "count": random.integers(1, 60, num_rows),
            "price": random.gamma(3, 5, num_rows).round(2) + 1,
            "few": random.integers(0, 5, num_rows),
            "other": random.integers(0, 4, num_rows),
            "town": random.choice(list(TOWNS), num_rows),
            "gaps": random.normal(0, 9, num_rows).round(1),
            "town2": random.choice(list("uvw"), num_rows),
            "rare": random.random(num_rows) < 0.02,
        }
    )
    for name in ("gaps", "town2"):
        frame.loc[random.random(num_rows) < 0.2, name] = None
    return frame


@pytest.mark.sampled(3)
@pytest.mark.filterwarnings("ignore:The table has:UserWarning")
@pytest.mark.parametrize("name", FOLLOWS)
def test_what_follows_from_others_in_every_row_does_in_every_sample(name):
    frame = table().assign(follows=FOLLOWS[name])
    with pytest.warns(UserWarning, match="True in every row, and so in every sample"):
        synthesizer = TableSynthesizer().fit(frame)
    samples = synthesizer.sample(900, seed=0)
    expected = FOLLOWS[name](samples)
    if name == "a tenth of a sum":
        edges = (frame["a"] + frame["b"]).groupby(frame["follows"]).agg(["min", "max"])
        sums, tenths = (samples["a"] + samples["b"]).round(1), samples["follows"]
        inner = tenths.between(1, 8)
        assert (sums >= tenths.map(edges["min"]).shift(0) - 0.2)[inner].all()
        assert (sums <= tenths.map(edges["max"]) + 0.2)[inner].all()
        return
    if name == "tens of a sum":  # steps that no row has seen are unknown
        inner = expected <= frame["follows"].max()
        samples, expected = samples[inner], expected[inner]
    found = samples["follows"]
    if pd.api.types.is_numeric_dtype(found) and found.dtype != bool:
        np.testing.assert_allclose(found.astype(float), expected.astype(float), 1e-6, 0.006)
    else:
        assert (found == expected).all()


def test_independent_columns_follow_from_nothing():
    assert not any(column.formula for column in FrameTable(table()).columns)


@pytest.mark.parametrize("num_rows", [12, 30, 80])
def test_few_rows_of_many_columns_prove_nothing(num_rows):
    random = np.random.default_rng(0)
    numbers = pd.DataFrame(random.normal(size=(num_rows, 40))).add_prefix("x")
    classes = pd.DataFrame(random.integers(0, 2, (num_rows, 40))).add_prefix("c")
    columns = FrameTable(pd.concat([numbers, classes], axis=1)).columns
    assert not any(column.formula for column in columns)


@pytest.mark.parametrize(("num_rows", "followed"), [(100, False), (1000, True)])
def test_classes_of_few_rows_that_a_ratio_divides_do_not_follow_from_it(num_rows, followed):
    random = np.random.default_rng(0)
    a, b = random.uniform(1, 9, num_rows).round(1), random.uniform(1, 9, num_rows).round(1)
    table = pd.DataFrame(
        {
            "a": a,
            "b": b,
            "kind": pd.cut(a / b, [0, 0.7, 1.5, 9], labels=["s", "m", "l"]).astype(str),
        }
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        FrameTable(table)
    assert any("'kind' follows from" in str(each.message) for each in said) == followed


def test_a_class_that_only_lies_apart_on_a_scale_is_not_taken_for_a_band_of_it():
    random = np.random.default_rng(0)
    kind = random.integers(0, 2, 300)
    frame = pd.DataFrame({"size": random.normal(9 * kind, 1), "kind": np.where(kind, "u", "v")})
    assert not any(column.formula for column in FrameTable(frame).columns)


def test_one_exception_refutes_a_formula():
    frame = table()
    frame["total"] = (frame["a"] + frame["b"]).round(1)
    frame.loc[3, "total"] += 5
    assert not any(column.formula for column in FrameTable(frame).columns)


def test_a_user_may_have_such_a_column_learned_nevertheless():
    frame = table().assign(copy=table()["a"])
    columns = FrameTable(frame, types={"copy": "continuous", "a": "continuous"}).columns
    assert not any(column.formula for column in columns)


@pytest.fixture(scope="module")
def synthesizer():
    frame = table()[["a", "b", "town"]]
    frame = frame.assign(total=(frame["a"] + frame["b"]).round(1), land=frame["town"].map(TOWNS))
    message = r"'total' = a \+ b; 'land' follows from town"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The table has")
        with pytest.warns(UserWarning, match=message):
            return TableSynthesizer().fit(frame)


def test_what_follows_can_be_given(synthesizer):
    with pytest.warns(
        UserWarning, match="of the rows satisfied the formulas of columns that follow from others"
    ):
        rows = synthesizer.sample(50, given="land=Z,a>=50")
    assert (rows["land"] == "Z").all()
    assert rows["town"].isin(list("fgh")).all()
    with pytest.raises(InputError, match="'land' has 3 values, and 'Q' is none"):
        synthesizer.sample(5, given="land=Q")


def test_gaps_are_filled_by_what_follows_and_what_is_left_of_a_sum(synthesizer):
    gaps = pd.DataFrame(
        {
            "a": ["50.0", "50.0", None],
            "b": ["12.5", None, None],
            "town": ["a", None, None],
            "total": [None, "70.1", "80.0"],
            "land": [None, "Y", "X"],
        }
    )
    complete = synthesizer.impute(pd.concat([gaps] * 5, ignore_index=True))
    assert (complete["total"][::3].astype(float) == 62.5).all()
    assert (complete["land"][::3] == "X").all()
    assert (complete["b"][1::3].astype(float) == 20.1).all()
    assert complete["town"][1::3].isin(["d", "e"]).all()
    sums = complete["a"].astype(float) + complete["b"].astype(float)
    assert sums[2::3].tolist() == pytest.approx([80] * 5)
    assert complete["town"][2::3].isin(["a", "b", "c"]).all()


def test_formulas_come_back_with_the_units():
    frame = table()
    with pytest.warns(UserWarning, match="True in every row"):
        data = FrameTable(frame.assign(total=(frame["a"] + frame["b"]).round(1)))
    data.setup("fit")
    again = TableUnits.from_state(data.units.state_dict())
    assert again.formulas == data.units.formulas
    x = data.units.scale(data.train.x)
    assert torch.equal(again.unscale(x).nan_to_num(-1), data.units.unscale(x).nan_to_num(-1))


@pytest.mark.parametrize(
    "broken",
    [
        {"sources": (0,), "weights": (1.0,)},
        {"sources": (0, 1), "kind": "power", "weights": (1.0,)},
        {"sources": (0,), "kind": "ratio", "weights": (1.0,)},
        {"sources": (0,), "weights": (1.0, 0.0), "thresholds": (1.0,), "steps": (1.0,)},
    ],
)
def test_incomplete_formulas_are_refused(broken):
    with pytest.raises(InputError, match="is incomplete"):
        Formula(**broken)


def test_a_column_that_follows_from_itself_is_refused():
    circle = {0: Formula((1,), weights=(1.0, 0.0)), 1: Formula((0,), weights=(1.0, 0.0))}
    with pytest.raises(InputError, match="follows from itself"):
        in_order(circle)


def test_a_checkpoint_whose_formula_names_no_column_is_refused():
    frame = table()
    with pytest.warns(UserWarning, match="True in every row"):
        data = FrameTable(frame.assign(total=(frame["a"] + frame["b"]).round(1)))
    data.setup("fit")
    state = data.units.state_dict()
    state["columns"][-1]["formula"] = {**state["columns"][-1]["formula"], "sources": (0, 99)}
    with pytest.raises(TypeError, match="a column that does not exist"):
        TableUnits.from_state(state)


@pytest.mark.filterwarnings("ignore:The table has:UserWarning")
def test_rare_marks_do_not_add_up_to_another_by_chance():
    """Of 200 rows with 60 sparse marks, some marks are combinations of others."""
    random = np.random.default_rng(0)
    events = random.random((200, 60)) < np.where(random.random((200, 1)) < 0.25, 0.12, 0.0)
    frame = pd.DataFrame(events.astype(int), columns=[f"event_{k}" for k in range(60)])
    frame = frame.loc[:, frame.sum() > 0].assign(size=random.normal(size=200).round(2))
    samples = TableSynthesizer().fit(frame).sample(500)
    assert {*samples.drop(columns="size").to_numpy().ravel()} <= {0, 1}


@pytest.mark.parametrize("num_rows", [400, 1500])
def test_a_score_of_rare_marks_is_still_their_sum(num_rows):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.random((num_rows, 4)) < 0.1, columns=list("abcd")).astype(int)
    frame = frame.assign(score=frame.sum(axis=1), size=random.normal(size=num_rows))
    with pytest.warns(UserWarning, match="'score' = [abcd]"):
        FrameTable(frame)


@pytest.mark.parametrize(
    ("change", "formula"),
    [
        (lambda a: a, "'b' = a"),
        (lambda a: 2 * a, "'b' = 2 a"),
        (lambda a: 10 - a, "'b' = - a \\+ 10"),
    ],
)
def test_another_unit_of_a_column_with_a_rare_value_is_told_as_one(change, formula):
    random = np.random.default_rng(0)
    a = np.r_[4, random.integers(0, 4, 599)]
    frame = pd.DataFrame({"a": a, "b": change(a), "size": random.normal(size=600)})
    with pytest.warns(UserWarning, match=f"{formula}[.] "):
        FrameTable(frame)


def test_the_last_of_one_hot_columns_still_follows_from_the_others():
    kind = np.random.default_rng(0).integers(0, 4, 300)
    frame = pd.DataFrame({f"kind_{k}": (kind == k).astype(int) for k in range(4)})
    with pytest.warns(UserWarning, match="True in every row"):
        table = FrameTable(frame.assign(size=np.random.default_rng(1).normal(size=300)))
    assert sum(column.formula is not None for column in table.columns) == 1
