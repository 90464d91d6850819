"""Samples of tables beside the training rows nearest to them."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from gan_lightning import R3GAN, Clustered, FrameTable, Iris, SamplePictures
from gan_lightning.data.columns import Categorical, Constant, Continuous
from gan_lightning.data.row_neighbours import nearest_training_rows
from gan_lightning.figures import row_pairs

COLUMNS = [
    Continuous("a", decimals=1),
    Continuous("b", decimals=None, missing=True),
    Constant("always", "x"),
    Categorical("c", ("no", "yes")),
]
TRAINING = torch.tensor(
    [[0.0, 1.0, 0, 0], [2.0, 1.0, 0, 1], [0.0, 3.0, 0, 0], [2.0, 3.0, 0, 1]], dtype=torch.float64
)  # each number has a standard deviation of 1


@pytest.mark.parametrize(
    ("sample", "nearest", "distance"),
    [
        ([2.0, 3.0, 0, 1], ["2.0", "3", "yes"], 0),  # a copy
        ([0.3, 1.4, 0, 0], ["0.0", "1", "no"], 0.5),
        ([-0.0, 1.0, 0, 0], ["0.0", "1", "no"], 0),
        ([2.0, 1.0, 0, 0], ["2.0", "1", "yes"], 1),  # another category is nearer than two units
        ([0.0, math.nan, 0, 0], ["0.0", "1", "no"], math.sqrt(1 + 1)),  # missing: at the mean, 2
    ],
)
def test_the_nearest_row_is_found_with_its_distance(sample, nearest, distance):
    samples = torch.tensor([sample], dtype=torch.float64)
    found = nearest_training_rows(COLUMNS, TRAINING, samples)
    assert found.names == ["a", "b", "c"]
    assert found.nearest == [nearest]
    assert found.distances == pytest.approx([distance])


def test_a_missing_cell_is_a_dash_and_a_constant_column_is_left_out():
    samples = torch.tensor([[-0.0, math.nan, 0, 1]], dtype=torch.float64)
    assert nearest_training_rows(COLUMNS, TRAINING, samples).samples == [["0.0", "–", "yes"]]


@pytest.mark.parametrize("num_columns", [1, 8, 30])
@pytest.mark.parametrize("letters", [1, 200])
def test_a_picture_of_rows_stays_readable(num_columns, letters):
    cells = [["w" * letters] * num_columns] * 8
    pixels = row_pairs(["n" * letters] * num_columns, cells, cells, ["0.00"] * 8, "Title")
    height, width, _ = pixels.shape
    assert height < 700
    assert width < 2400
    margin = pixels[:, -4:]
    assert (margin == 255).all()  # nothing is cut


def test_equal_cells_are_shaded_and_others_are_not():
    same, other = (row_pairs(["a"], [["1"]], [[below]], ["0.00"], "Title") for below in ("1", "2"))
    assert colours(same) - colours(other) >= {(251, 227, 208)}


def colours(pixels):
    return set(map(tuple, pixels.reshape(-1, 3)))


@pytest.mark.pictures
def test_a_run_on_a_table_ends_with_its_neighbours(quiet_trainer, tmp_path):
    data = Iris(batch_size=105)
    model = R3GAN(data.data_shape)
    pictures = SamplePictures(num_samples=10)
    quiet_trainer(pictures, max_epochs=1, limit_val_batches=0, logger=True).fit(model, data)
    assert list(tmp_path.rglob("pictures/neighbours/*.png"))


def test_clusters_of_a_table_have_neighbours_too():
    data = Clustered(Iris(), num_clusters=3)
    data.setup("fit")
    assert isinstance(data.neighbours(data.unscale(data.train.x[:3])), np.ndarray)


def test_the_report_of_a_table_marks_what_a_sample_copies():
    frame = pd.DataFrame({"a": np.arange(60) / 7, "kind <b>": ["one & two", "other"] * 30})
    data = FrameTable(frame)
    data.setup("fit")
    copies = data.training_rows()[:20].clone()
    page = data.report(copies, {"samples": {"ks": 0.0}})
    assert "<h2>Nearest training rows</h2>" in page
    assert page.count("<mark>one &amp; two</mark>") + page.count("<mark>other</mark>") == 20
    assert page.count("<td>0.00</td>") == 10
