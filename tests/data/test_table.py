"""Tables: how rows are split, scaled and written."""

import csv

import pytest
import torch

from gan_lightning.data import Table
from gan_lightning.data.columns import Categorical, Continuous
from gan_lightning.errors import InputError

COLUMNS = [Continuous("index", decimals=0), Categorical("kind", ("one", "two, or more"))]


def table(num_rows=100, labels=None, **kwargs):
    """Rows that carry their index, so that they can be told apart."""
    index = torch.arange(num_rows)
    rows = torch.stack([index, index % 2], 1).double()
    labels = index % 2 if labels is None else labels
    options = {
        "batch_size": 8,
        "val_fraction": 0.3,
        "test_fraction": 0.2,
        "split_seed": 0,
        **kwargs,
    }
    module = Table(COLUMNS, rows, labels, **options)
    module.setup("fit")
    return module


def indices(module, split):
    return [int(i) for i in module.unscale(getattr(module, split).x)[:, 0]]


def test_the_splits_are_disjoint_and_together_are_all_rows():
    module = table()
    rows = [i for split in ("train", "val", "test") for i in indices(module, split)]
    assert sorted(rows) == list(range(100))


@pytest.mark.parametrize(("val", "test"), [(0.3, 0.2), (0.1, 0.0), (0.25, 0.5)])
def test_the_splits_have_their_shares_of_every_label(val, test):
    labels = torch.tensor([0] * 60 + [1] * 40)
    module = table(labels=labels, val_fraction=val, test_fraction=test)
    for split, share in [("train", 1 - val - test), ("val", val), ("test", test or val)]:
        counts = getattr(module, split).labels.bincount(minlength=2)
        assert counts.tolist() == [round(60 * share), round(40 * share)]


def test_rows_keep_their_labels():
    module = table()
    for split in ("train", "val", "test"):
        assert [i % 2 for i in indices(module, split)] == getattr(module, split).labels.tolist()


def test_without_test_rows_the_validation_rows_are_used():
    module = table(test_fraction=0.0)
    assert indices(module, "test") == indices(module, "val")
    assert not set(indices(module, "val")) & set(indices(module, "train"))


def test_without_validation_rows_the_training_rows_are_used():
    module = table(val_fraction=0.0, test_fraction=0.0)
    assert indices(module, "train") == list(range(100))
    assert indices(module, "val") == indices(module, "test") == indices(module, "train")


def test_with_test_rows_alone_validation_does_not_see_them():
    module = table(val_fraction=0.0, test_fraction=0.5)
    assert indices(module, "val") == indices(module, "train")
    assert not set(indices(module, "test")) & set(indices(module, "train"))


def test_the_split_is_a_function_of_its_seed_alone():
    torch.manual_seed(1)
    first = table(split_seed=4)
    torch.manual_seed(2)
    same, other = table(split_seed=4), table(split_seed=5)
    assert indices(first, "val") == indices(same, "val")
    assert indices(first, "val") != indices(other, "val")


def test_splitting_leaves_the_runs_random_numbers_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    table()
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(("val", "test"), [(-0.1, 0.0), (0.0, -0.1), (1.0, 0.0), (0.5, 0.5)])
def test_shares_that_leave_nothing_for_training_are_refused_with_both(val, test):
    with pytest.raises(InputError, match=f"found {val} and {test}"):
        table(val_fraction=val, test_fraction=test)


def test_the_shape_counts_encoded_values_and_the_classes_are_the_labels():
    module = table(labels=torch.arange(100) % 5)
    assert module.data_shape == (3,)  # one number and two categories
    assert module.num_classes == 5


def test_training_rows_span_minus_one_to_one():
    x = table().train.x
    assert x.min(0).values.tolist() == [-1, -1, -1]
    assert x.max(0).values.tolist() == [1, 1, 1]


def test_written_rows_have_a_header_and_categories_by_name(tmp_path):
    module = table()
    path = tmp_path / "rows.csv"
    module.write(torch.tensor([[3.0, 1.0], [20.0, 0.0]], dtype=torch.float64), path)
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["index", "kind"], ["3", "two, or more"], ["20", "one"]]


def test_values_without_decimals_are_written_so_that_none_is_lost(tmp_path):
    values = [1 / 3, 1e-300, -2.5e17]
    rows = torch.tensor(values, dtype=torch.float64)[:, None]
    module = Table([Continuous("v")], rows, torch.zeros(3).long(), 1, 0.0, 0.0, 0)
    module.setup("fit")
    module.write(rows, tmp_path / "v.csv")
    lines = (tmp_path / "v.csv").read_text(encoding="utf-8").splitlines()
    assert [float(line) for line in lines[1:]] == values


def test_figures_draw_measured_columns_only():
    module = table()
    histograms = module.figures(module.unscale(module.val.x))["histograms"]
    labels = [axis.get_xlabel() for axis in histograms.axes if axis.get_xlabel()]
    assert labels == ["index"]


@pytest.mark.parametrize("stage", ["val", "test"])
def test_metrics_compare_measured_columns_and_categories_by_name(stage):
    module = table()
    rows = module.unscale(module.val.x)
    of_one_kind = rows.clone()
    of_one_kind[:, 1] = 1
    metric = module.metrics(stage)
    metric.update(rows, real=True)
    metric.update(of_one_kind, real=False)
    found = metric.compute()
    assert found["ks/index"] == 0
    assert found["tv/kind"] == 0.5


def test_validation_is_a_part_of_the_complete_comparison():
    module = table()
    results = []
    for stage in ("val", "test"):
        metric = module.metrics(stage)
        metric.update(module.unscale(module.val.x), real=True)
        metric.update(module.unscale(module.test.x), real=False)
        results.append(metric.compute())
    assert results[0].items() < results[1].items()


def test_training_rows_are_known_for_copies_in_the_datas_own_units():
    module = table()
    metric = module.metrics("test")
    metric.update(module.unscale(module.test.x), real=True)
    metric.update(module.unscale(module.train.x), real=False)
    found = metric.compute()
    assert found["dcr"] == 0
    assert found["memorised"] == 1


def test_a_table_of_categories_alone_is_compared_by_them_and_drawn_as_bars():
    rows = (torch.arange(20) % 2)[:, None].double()
    table = Table([Categorical("c", ("u", "v"))], rows, torch.zeros(20).long(), 4, 0.3, 0.0, 0)
    table.setup("fit")
    metric = table.metrics("val")
    for real in (True, False):
        metric.update(table.unscale(table.val.x), real=real)
    assert metric.compute() == {"tv": 0, "tv/c": 0}
    assert table.monitor == "val/tv"
    assert set(table.figures(table.unscale(table.val.x))) == {"categories"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", [(0, 0), (7, 0), (7, 1), (99, 1)])
def test_a_cell_without_a_number_is_refused_by_its_column_and_row(value, place):
    rows = torch.stack([torch.arange(100), torch.arange(100) % 2], 1).double()
    rows[place] = value
    name = COLUMNS[place[1]].name
    with pytest.raises(InputError, match=f"'{name}' holds NaN or infinity in row {place[0] + 1}:"):
        Table(COLUMNS, rows, torch.zeros(100).long(), 8, 0.0, 0.0, 0)


def test_of_several_bad_cells_the_first_is_named_and_the_others_are_counted():
    rows = torch.zeros(100, 2).double()
    rows[[3, 50, 51], 0] = float("nan")
    with pytest.raises(InputError, match=r"'index' .* in row 4 \(and 2 further rows\)"):
        Table(COLUMNS, rows, torch.zeros(100).long(), 8, 0.0, 0.0, 0)


@pytest.mark.parametrize("index", [-1.0, 2.0, 0.5])
def test_an_unknown_category_is_refused(index):
    rows = torch.zeros(100, 2).double()
    rows[4, 1] = index
    with pytest.raises(InputError, match="'kind' holds no index of its 2 categories in row 5"):
        Table(COLUMNS, rows, torch.zeros(100).long(), 8, 0.0, 0.0, 0)
