"""Units travel with a checkpoint, and describe the data that it was trained on."""

import pytest
import torch

from gan_lightning.data import GaussianRing, Iris
from gan_lightning.data.columns import Categorical, Continuous
from gan_lightning.data.image_units import ImageUnits
from gan_lightning.data.memory import DataMemory
from gan_lightning.data.row_units import RowUnits
from gan_lightning.data.units import PointUnits
from gan_lightning.errors import InputError

COLUMNS = [Continuous("length", 1, 0.1), Categorical("kind", ("a", "b"))]
ROWS = torch.tensor([[1.0, 0], [3.0, 1]], dtype=torch.float64)
UNITS = {
    "points": PointUnits(),
    "rows": RowUnits.of_rows(COLUMNS, ROWS, ["x", "y"]),
    "images": ImageUnits("[0, 1]", ["cat", "dog"]),
}
POINTS = {
    "points": torch.randn(3, 2),
    "rows": torch.tensor([[0.0, 1.0, -1.0]]),
    "images": torch.rand(2, 1, 4, 4),
}


@pytest.mark.parametrize("kind", UNITS)
def test_units_restored_from_a_file_unscale_and_name_as_before(kind, tmp_path):
    memory = DataMemory(UNITS[kind], {"training": "2 with the hash x"}, None)
    torch.save({"Any": memory.state_dict()}, tmp_path / "x.ckpt")
    held = torch.load(tmp_path / "x.ckpt", weights_only=True)
    units = DataMemory.of_checkpoint(held).units
    assert type(units) is type(UNITS[kind])
    assert units.label_names == UNITS[kind].label_names
    assert torch.equal(units.unscale(POINTS[kind]), UNITS[kind].unscale(POINTS[kind]))


def test_a_row_halfway_is_the_mean_of_the_extremes():
    assert UNITS["rows"].unscale(POINTS["rows"]).tolist() == [[2.0, 0.0]]


def test_labels_are_found_by_number_and_by_name():
    units = UNITS["images"]
    assert [units.label(name, 2) for name in ("0", "1", "cat", "dog")] == [0, 1, 0, 1]
    with pytest.raises(InputError, match="from 0 to 1, or one of cat, dog; found 'horse'"):
        units.label("horse", 2)


@pytest.mark.parametrize("state", [3, {}, {"units": 1}, {"units": {"kind": "tea"}}])
def test_a_state_that_cannot_be_read_is_refused_in_a_sentence(state):
    with pytest.raises(InputError, match="What the checkpoint says about its data"):
        DataMemory.from_state(state)


def remembered(data):
    data.setup("fit")
    return data.state_dict()


def test_the_same_data_are_accepted_in_silence():
    state = remembered(Iris())
    again = Iris()
    again.setup("fit")
    again.load_state_dict(state)  # a warning would be an error


def test_other_points_are_reported():
    state = remembered(GaussianRing(num_samples=100, data_seed=0))
    other = GaussianRing(num_samples=100, data_seed=1)
    other.setup("fit")
    with pytest.warns(UserWarning, match="with the hash") as told:
        other.load_state_dict(state)
    sentences = " ".join(str(warning.message) for warning in told)
    for split, count in [("training", 100), ("validation", 10), ("test", 10)]:
        assert f"The checkpoint's {split} points were {count} with the hash" in sentences


def test_other_species_are_refused_by_name():
    state = remembered(Iris(["setosa", "virginica"]))
    other = Iris(["virginica", "setosa"])
    other.setup("fit")
    with pytest.raises(InputError, match="classes setosa, virginica; the data's are virginica"):
        other.load_state_dict(state)


def test_a_model_that_resumes_with_other_rows_sees_them_in_its_old_scale():
    state = remembered(Iris(["setosa"], val_fraction=0.0))
    other = Iris(["setosa"], val_fraction=0.5)
    other.remember(DataMemory.from_state(state))
    other.setup("fit")
    expected = state["units"]["minimum"]
    assert torch.equal(other.units.minimum, expected)
    assert not torch.equal(other.rows[:0].sum(0), expected)
