"""Scaling of rows and its inverse."""

import pytest
import torch

from gan_lightning.data.columns import Categorical, Continuous
from gan_lightning.data.row_units import RowUnits

COLUMNS = [
    Continuous("length (cm)", decimals=1),
    Categorical("colour", ("red", "green", "blue")),
    Continuous("weight (g)"),
]
ROWS = torch.tensor(
    [[1.0, 0, 0.25], [2.5, 2, -4.0], [2.0, 1, 1 / 3], [5.0, 2, 12.0]], dtype=torch.float64
)


@pytest.fixture
def scaler():
    return RowUnits.of_rows(COLUMNS, ROWS)


def test_the_width_of_a_column_is_its_number_of_encoded_values():
    assert [column.width for column in COLUMNS] == [1, 3, 1]


def test_scaled_rows_are_float32_of_the_columns_widths(scaler):
    x = scaler.scale(ROWS)
    assert x.shape == (4, 5)
    assert x.dtype == torch.float32


def test_the_extremes_of_a_measured_column_become_minus_one_and_one(scaler):
    measured = scaler.scale(ROWS)[:, [0, 4]]
    assert measured.min(0).values.tolist() == [-1, -1]
    assert measured.max(0).values.tolist() == [1, 1]


def test_a_measured_value_is_scaled_linearly(scaler):
    length = scaler.scale(ROWS)[:, 0]  # from [1, 5]
    assert length.tolist() == pytest.approx([-1, -0.25, -0.5, 1])


def test_a_category_is_one_hot_with_minus_one_in_place_of_zero(scaler):
    expected = [[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [-1, -1, 1]]
    assert scaler.scale(ROWS)[:, 1:4].tolist() == expected


def test_unscaling_undoes_scaling(scaler):
    rows = scaler.unscale(scaler.scale(ROWS))
    assert rows.dtype == torch.float64
    assert torch.equal(rows[:, :2], ROWS[:, :2])  # decimals and categories come back exactly
    torch.testing.assert_close(rows[:, 2], ROWS[:, 2], rtol=0, atol=16 * 2**-24)


def test_rows_beyond_the_extremes_are_scaled_beyond_one_and_come_back(scaler):
    beyond = torch.tensor([[9.0, 1, -12.0]], dtype=torch.float64)
    x = scaler.scale(beyond)
    assert x[0, 0] > 1
    assert x[0, 4] < -1
    torch.testing.assert_close(scaler.unscale(x), beyond, rtol=1e-6, atol=0)


@pytest.mark.parametrize(("decimals", "expected"), [(0, 3.0), (1, 3.1), (2, 3.14), (None, 3.14159)])
def test_values_are_rounded_to_the_sources_places(decimals, expected):
    rows = torch.tensor([[0.0], [10.0]], dtype=torch.float64)
    scaler = RowUnits.of_rows([Continuous("pi", decimals)], rows)
    x = torch.tensor([[2 * 0.314159 - 1]], dtype=torch.float64)
    assert scaler.unscale(x).item() == pytest.approx(expected, abs=1e-12)


def test_a_generated_category_is_the_largest_of_its_numbers(scaler):
    x = torch.tensor([[0.0, -0.9, -0.3, -0.4, 0.0], [0.0, 0.1, 0.2, 0.3, 0.0]])
    assert scaler.unscale(x)[:, 1].tolist() == [1, 2]


def test_a_constant_column_is_scaled_without_division_by_zero_and_comes_back():
    rows = torch.tensor([[7.5, 1.0], [7.5, 2.0]], dtype=torch.float64)
    scaler = RowUnits.of_rows([Continuous("constant"), Continuous("other")], rows)
    x = scaler.scale(rows)
    assert x.isfinite().all()
    assert x.abs().max() <= 1
    assert torch.equal(scaler.unscale(x), rows)


def test_unscaled_samples_carry_no_gradient(scaler):
    x = torch.zeros(2, 5, requires_grad=True)
    assert not scaler.unscale(x).requires_grad


def test_scaling_leaves_the_rows_as_they_were(scaler):
    before = ROWS.clone()
    scaler.unscale(scaler.scale(ROWS))
    assert torch.equal(ROWS, before)
