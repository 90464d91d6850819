"""Your own tables: columns are inferred, and samples have the same."""

import numpy as np
import pandas as pd
import pytest
import torch

from gan_lightning.data import CSV, FrameTable
from gan_lightning.data.columns import Categorical, Constant, Continuous, Discrete, Moment
from gan_lightning.data.memory import DataMemory
from gan_lightning.data.table_units import TableUnits
from gan_lightning.errors import InputError

NUM_ROWS = 60
SECRET = "XYZZY"


def lines(cell, header="a,b", num_rows=NUM_ROWS):
    """A CSV whose rows are made by their index."""
    return "\n".join([header, *(cell(i) for i in range(num_rows))]) + "\n"


def noise(i):
    return np.random.default_rng(i).random()


def read(tmp_path, content, **kwargs):
    path = tmp_path / "my.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    module = CSV(str(path), **kwargs)
    module.setup("fit")
    return module


def frame(num_rows=300):
    """A column of each kind, three of which have gaps."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "weight": random.normal(70, 9, num_rows).round(1),
            "income": (random.lognormal(8, 1, num_rows) / 10).round() * 10,
            "share": random.random(num_rows),
            "age": random.integers(18, 90, num_rows),
            "children": random.integers(0, 5, num_rows),
            "town": random.choice(["Bonn", "Köln", "Trier"], num_rows),
            "kind": pd.Categorical(random.choice(["x", "y"], num_rows)),
            "member": random.random(num_rows) < 0.3,
            "born": pd.Timestamp("1950-01-01")
            + pd.to_timedelta(random.integers(0, 9999, num_rows), "D"),
            "source": "survey",
            "group": random.choice(["u", "v"], num_rows),
        }
    )
    for name in ("income", "town", "share"):
        table.loc[random.random(num_rows) < 0.1, name] = None
    return table


KINDS = {
    "weight": (Continuous, 1),
    "income": (Continuous, -1),
    "share": (Continuous, None),
    "age": (Continuous, 0),
    "children": (Discrete, 0),
    "town": (Categorical, None),
    "kind": (Categorical, None),
    "member": (Categorical, None),
    "born": (Moment, 0),
    "source": (Constant, None),
    "group": (Categorical, None),
}


def set_up(table, **kwargs):
    module = FrameTable(table, **kwargs)
    module.setup("fit")
    return module


@pytest.mark.parametrize("name", KINDS)
def test_a_columns_kind_and_decimals_are_found(name):
    columns = {column.name: column for column in FrameTable(frame()).columns}
    kind, decimals = KINDS[name]
    assert type(columns[name]) is kind
    assert getattr(columns[name], "decimals", None) == decimals
    assert columns[name].missing == (name in ("income", "town", "share"))


@pytest.mark.parametrize("random_places", [False, True])
def test_rows_come_back_from_the_models_scale(random_places):
    module = set_up(frame())
    back = module.unscale(module.units.scale(module.train.x, random_places))
    torch.testing.assert_close(back, module.train.x, rtol=1e-5, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("batches_per_epoch", [None, 1, 30])
def test_batches_are_the_same_whether_cells_are_found_once_or_each_time(batches_per_epoch):
    module = set_up(frame(), batch_size=64, batches_per_epoch=batches_per_epoch)
    loader = module.train_dataloader()
    torch.manual_seed(0)
    x = next(iter(loader))[0]
    torch.manual_seed(0)
    rows = module.train.x[loader._share(loader._order(), 0)]
    assert x.shape == (64, module.units.width)
    assert torch.equal(x, module.units.scale(rows, random_places=True))


def test_held_out_rows_come_back_except_for_values_unseen_in_training_between_frequent_ones():
    module = set_up(frame())
    back = module.unscale(module.scale(module.val.x))
    close = torch.isclose(back, module.val.x, rtol=1e-5, atol=1e-6, equal_nan=True)
    assert close.double().mean() > 0.995


def test_a_frame_comes_back_with_its_names_order_types_and_values():
    table = frame()
    module = set_up(table, val_fraction=0.0)
    back = module.units.frame(module.rows)
    pd.testing.assert_frame_equal(back, table, check_dtype=True)


def test_files_of_samples_hold_the_columns_as_the_source_wrote_them(tmp_path):
    module = set_up(frame(), val_fraction=0.0)
    for ending in ("csv", "parquet"):
        module.write(module.rows, tmp_path / f"rows.{ending}")
    source = frame()
    frame_of_parquet = pd.read_parquet(tmp_path / "rows.parquet")
    assert list(frame_of_parquet.columns) == list(source.columns)
    assert frame_of_parquet["age"].dtype == "int64"
    again = CSV(str(tmp_path / "rows.csv"), val_fraction=0.0)
    torch.testing.assert_close(again.rows[:, :6], module.rows[:, :6], equal_nan=True)
    header, first, *_ = (tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()
    assert header == ",".join(source.columns)
    assert first.split(",")[0] == f"{source['weight'][0]:.1f}"
    parquet = CSV(str(tmp_path / "rows.parquet"), val_fraction=0.0)
    torch.testing.assert_close(parquet.rows, module.rows, equal_nan=True)


def test_measured_columns_are_normal_to_the_model_whatever_they_are():
    table = pd.DataFrame({"spike": np.r_[np.zeros(600), np.exp(np.arange(400) / 40)], "c": 1})
    table["c"] = np.arange(1000) % 2
    module = set_up(table, val_fraction=0.0)
    x = module._at_random_places(module.train.x)[:, 0].double()
    levels = torch.special.ndtr(x).sort().values  # uniform, if x is normal
    expected = (torch.arange(1000) + 0.5) / 1000
    assert (levels - expected).abs().max() < 0.05


def test_missing_cells_have_a_level_of_their_own_and_random_numbers():
    module = set_up(frame(), val_fraction=0.0)
    income = [column.name for column in module.columns].index("income")
    gone = module.rows[:, income].isnan()
    start = module.units.starts[income]
    x = module._at_random_places(module.train.x)
    assert torch.equal(x[:, start + 2] == 1, gone[: len(x)])
    assert x[gone, start].std() > 0.5


def test_units_are_the_same_after_a_checkpoint():
    module = set_up(frame())
    state = torch.tensor(0), module.state_dict()
    units = DataMemory.from_state(state[1]).units
    assert isinstance(units, TableUnits)
    assert units.fit(module.data_shape)
    assert torch.equal(units.scale(module.val.x), module.units.scale(module.val.x))


def test_a_table_that_has_grown_keeps_the_checkpoints_scale():
    module = set_up(frame())
    other = FrameTable(pd.concat([frame(), frame()[:9]]))
    other.remember(DataMemory.from_state(module.state_dict()))
    other.setup("fit")
    assert torch.equal(other.units.scores.values, module.units.scores.values)


def test_a_column_with_other_categories_does_not_fit_a_checkpoint():
    module, table = set_up(frame()), frame()
    table["town"] = table["town"].replace("Bonn", "Ulm")
    other = FrameTable(table)
    other.remember(DataMemory.from_state(module.state_dict()))
    with pytest.raises(InputError, match="'town' is not the data's"):
        other.setup("fit")


def test_the_target_is_the_last_column_with_few_values_and_can_be_named():
    assert FrameTable(frame()).label_names == ["u", "v"]
    by_town = FrameTable(frame(), target="town")
    assert by_town.label_names == ["Bonn", "Köln", "Trier", "(missing)"]
    assert by_town.labels.bincount().tolist() == [
        *frame()["town"].value_counts().sort_index(),
        frame()["town"].isna().sum(),
    ]
    assert FrameTable(frame(), target="weight").num_classes == 1


def test_types_overrule_what_is_found_and_columns_can_be_dropped():
    table = frame().assign(key=np.arange(300))
    module = FrameTable(
        table,
        types={"key": "continuous", "children": "integer", "age": "categorical"},
        drop=["source"],
    )
    columns = {column.name: type(column) for column in module.columns}
    assert "source" not in columns
    assert columns["key"] is columns["children"] is Continuous
    assert columns["age"] is Categorical


@pytest.mark.parametrize(
    "argument", [{"target": "agee"}, {"drop": ["agee"]}, {"types": {"agee": "integer"}}]
)
def test_a_misspelt_column_is_named_with_the_nearest_one(argument):
    with pytest.raises(InputError, match=r"no column 'agee'\. Did you mean 'age'"):
        FrameTable(frame(), **argument)


def test_a_type_that_there_is_not_is_refused_with_the_others():
    with pytest.raises(InputError, match=r"integer.* for 'age', found 'int'\. Did you mean"):
        FrameTable(frame(), types={"age": "int"})


def test_something_else_than_a_frame_is_refused():
    with pytest.raises(InputError, match="must be a DataFrame of pandas, found str"):
        FrameTable("my.csv")


def test_names_that_are_no_texts_become_texts_and_a_line_says_so():
    with pytest.warns(UserWarning, match=r"Names of columns become texts: 0, 1\."):
        table = FrameTable(pd.DataFrame({0: np.arange(90) % 7, 1: np.arange(90) % 2}))
    assert [column.name for column in table.columns] == ["0", "1"]


@pytest.mark.parametrize("num_batches", [1, 7, 50])
def test_an_epoch_has_the_requested_number_of_batches_and_each_row_equally_often(num_batches):
    module = set_up(frame(), batch_size=32, batches_per_epoch=num_batches)
    loader = module.train_dataloader()
    order = torch.cat([loader._share(loader._order(), i) for i in range(len(loader))])
    assert len(order) == 32 * num_batches
    counts = order.bincount(minlength=len(module.train.x))
    assert counts.max() - counts.min() <= 1


READ = {
    "semicolons": lines(lambda i: f"{noise(i)};{i % 2}", "a;b"),
    "tabs": lines(lambda i: f"{noise(i)}\t{i % 2}", "a\tb"),
    "bars": lines(lambda i: f"{noise(i)}|{i % 2}", "a|b"),
    "quoted separators": lines(lambda i: f'"{i % 3}, x";{noise(i)}', "a;b"),
    "a byte-order mark": lines(lambda i: f"{noise(i)},{i % 2}").encode("utf-8-sig"),
    "UTF-16": lines(lambda i: f"{noise(i)},{'äö'[i % 2]}").encode("utf-16"),
    "CRLF": lines(lambda i: f"{noise(i)},{i % 2}\r", "a,b\r"),
    "separators at the ends of lines": lines(lambda i: f"{noise(i)},{i % 2},"),
    "a constant column": lines(lambda i: f"{noise(i)},5"),
    "an empty column": lines(lambda i: f"{noise(i)},"),
    "2000 categories": lines(lambda i: f"c{i % 2000},{noise(i)}", num_rows=5000),
    "a column twice": lines(lambda i: f"{noise(i):.3f},{noise(i):.3f}"),
    "300 columns for 80 rows": lines(
        lambda i: ",".join(f"{v:.3f}" for v in np.random.default_rng(i).random(300)),
        ",".join(f"x{i}" for i in range(300)),
        80,
    ),
}


@pytest.mark.filterwarnings("ignore:True in every row:UserWarning")
@pytest.mark.parametrize("content", READ.values(), ids=READ.keys())
def test_a_table_is_read_and_written_as_it_is(tmp_path, content):
    module = read(tmp_path, content)
    back = module.unscale(module.scale(module.train.x))
    torch.testing.assert_close(back, module.train.x, rtol=1e-5, atol=1e-6, equal_nan=True)
    module.write(back, tmp_path / "samples.csv")
    written = (tmp_path / "samples.csv").read_text(encoding="utf-8")
    assert len(written.splitlines()) == len(back) + 1


TOLD = {
    "'a' .decimal commas": lines(lambda i: f"{i},5;{i % 2}", "a;b"),
    "'a' .decimal commas.; ": lines(lambda i: f"{i % 9}.234,5;{i % 2}", "a;b"),
    "'a' .dashes as missing": lines(lambda i: f"{'?' if i % 7 else noise(i)},{i % 2}"),
    "'a' .it counts the rows": lines(lambda i: f"{i + 100},{noise(i)}"),
    "'a' .it differs in every row": lines(lambda i: f"k{i},{noise(i)}"),
    "'a' .it holds 40 different": lines(lambda i: f"some words {i % 40},{noise(i)}"),
    "'a' .its numbers are too long": lines(lambda i: f"{10**17 + i * i},{noise(i)}"),
    "fewer cells than names: 5, first line 2;": lines(
        lambda i: f"{noise(i)}{',1' if i % 12 else ''}"
    ),
    "Commas group the digits of 'a'": lines(lambda i: f'"{i + 1},262",{i % 2}'),
    "Commas group the digits of 'a', 'b'": lines(lambda i: f'"{i + 1},262","{i * 7 % 90 + 1},100"'),
    r"Read as categories: 'a' \(50 numbers and 10 texts\)": lines(
        lambda i: f"{i % 6 or 'none'},{i % 2}"
    ),
    r"Read as categories: 'a' \(59 numbers and 1 text\)": lines(
        lambda i: f"{'rotary' if i == 7 else i % 3},{i % 2}"
    ),
    "is not UTF-8": lines(lambda i: f"{noise(i)},{'äö'[i % 2]}").encode("latin1"),
}


@pytest.mark.parametrize(("words", "content"), TOLD.items(), ids=range(len(TOLD)))
def test_what_is_converted_or_left_out_is_reported(tmp_path, words, content):
    with pytest.warns(UserWarning, match=words):
        read(tmp_path, content)


def test_a_number_that_is_asked_for_is_no_category_and_dashes_are_no_texts(tmp_path):
    content = lines(lambda i: f"{'rotary' if i == 7 else '?' if i < 3 else i % 3},{i % 2}")
    with pytest.raises(InputError, match="'a' holds 56 numbers and 1 text:"):
        read(tmp_path, content, types={"a": "continuous"})
    with pytest.warns(UserWarning, match="59 numbers|56 numbers and 1 text") as told:
        table = read(tmp_path, content)
    assert "56 numbers and 1 text" in str(told[-1].message)
    assert table.columns[0].categories == ("0", "1", "2", "rotary")
    assert table.columns[0].missing


REFUSED = {
    "is empty: expected a line of column names": "",
    "is empty": "\n\n\n",
    "10 rows or more below its column names, found 0": "a,b\n",
    "10 rows or more below its column names, found 1": "a,b\n1,2\n",
    "each holds one value": lines(lambda i: "5,x"),
    "two columns 'a'": lines(lambda i: f"{noise(i)},{i}", "a,a"),
    "found 2 numbers: add a line of names": lines(lambda i: f"{noise(i)},{i}", "1,2"),
    "'a' holds 59 numbers and 1 text:": lines(
        lambda i: f"{SECRET if i == 7 else noise(i)},{i % 2}"
    ),
    "'a' holds infinity in row 8": lines(lambda i: f"{'inf' if i == 7 else noise(i)},{i % 2}"),
    "line 11 holds 3 cells, and those above 2": lines(
        lambda i: f"{noise(i)},{i % 2}{',' + SECRET if i == 9 else ''}"
    ),
    "line 2 holds 3 cells, and those above 2": lines(lambda i: f"{noise(i)},{i % 2},7"),
    "its lines do not agree": lines(lambda i: f"{chr(34) if i == 5 else ''}{SECRET},{i % 2}"),
    "found an Excel or zip file": b"PK\x03\x04" + SECRET.encode() * 9,
    "found a PDF": b"%PDF-1.4" + SECRET.encode() * 9,
    "found a gzip file": b"\x1f\x8b" + SECRET.encode() * 9,
    "found no text": bytes(range(256)) + SECRET.encode(),
}


@pytest.mark.filterwarnings("ignore:Left out")
@pytest.mark.parametrize(("words", "content"), REFUSED.items(), ids=range(len(REFUSED)))
def test_a_table_that_cannot_be_used_is_refused_in_a_sentence_without_its_cells(
    tmp_path, words, content
):
    with pytest.raises(InputError) as refusal:
        read(tmp_path, content)
    assert words in str(refusal.value)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_missing_file_is_refused_with_what_is_there_instead(tmp_path, name):
    with pytest.raises(InputError, match="path: expected a file with a table"):
        CSV(str(tmp_path / name))


def test_leading_zeros_make_a_code_and_stay(tmp_path):
    module = read(tmp_path, lines(lambda i: f"0{i % 7}067,{noise(i)}"))
    assert module.columns[0].categories[0] == "00067"


def test_a_leading_zero_far_down_in_a_file_makes_a_code(tmp_path):
    cell = lambda i: f"{noise(i)},{'02139' if i == 29_999 else 99_999 - i % 90_000}"  # noqa: E731
    module = read(tmp_path, lines(cell, num_rows=30_000), types={"b": "categorical"})
    assert "02139" in module.columns[1].categories


@pytest.mark.filterwarnings("ignore:Commas group")
@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('"{},262"', 5262.0),
        ('"{},262,100"', 5262100.0),
        ('"{},262.5"', 5262.5),
        ('"${},262.50"', 5262.5),
        ('"{},26"', 5.26),
    ],
)
@pytest.mark.filterwarnings("ignore:Read as numbers")
def test_commas_between_groups_of_digits_are_no_decimal_commas(tmp_path, cell, value):
    text = lines(lambda i: f"{cell.format(i)},{i % 2}" if i else f"120,{i}")
    if "$" in cell:
        text = text.replace("\n120", "\n$120")
    assert read(tmp_path, text).rows[5, 0] == value


@pytest.mark.parametrize(
    ("cell", "pattern"),
    [
        (lambda i: f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}", "%Y-%m-%d"),
        (lambda i: f"{i % 28 + 1:02d}.{i % 12 + 1:02d}.2024", "%d.%m.%Y"),
        (lambda i: f"2024-03-{i % 28 + 1:02d} {i % 24:02d}:{i:02d}:07", "%Y-%m-%d %H:%M:%S"),
        (lambda i: f"{i % 24:02d}:{i:02d}", "%H:%M"),
        (lambda i: "" if i % 5 == 0 else f"2024/02/{i % 28 + 1:02d}", "%Y/%m/%d"),
    ],
)
def test_dates_and_times_are_written_in_their_own_form(tmp_path, cell, pattern):
    module = read(tmp_path, lines(lambda i: f"{cell(i)},{noise(i)}"), val_fraction=0.0)
    (column, _) = module.columns
    assert column.pattern == pattern
    assert column.cells(module.rows[:, 0]) == [cell(i) for i in range(NUM_ROWS)]


@pytest.mark.parametrize(("num_rows", "kind"), [(143, Continuous), (144, Discrete)])
def test_numbers_are_encoded_one_by_one_where_rows_are_many_for_each(num_rows, kind):
    frame = pd.DataFrame({"months": np.arange(num_rows) % 12, "size": np.arange(num_rows) / 7})
    assert type(FrameTable(frame).columns[0]) is kind
