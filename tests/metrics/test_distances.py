"""Distances between samples against SciPy and NumPy."""

import numpy as np
import pytest
import torch
from scipy import stats

from gan_lightning.metrics import ks_statistic, total_variation, wasserstein_distance


def draws(kind, seed=0):
    """Two sets of 120 and 75 rows with three columns, float64."""
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(120, 3)), rng.normal(0.3, 1.4, size=(75, 3))
    if kind == "ties":  # few different values, as in measurements rounded to a place
        real, generated = real.round(0), generated.round(0)
    if kind == "far":
        generated = generated + 1000
    return torch.from_numpy(real), torch.from_numpy(generated)


every_kind = pytest.mark.parametrize("kind", ["continuous", "ties", "far"])
every_distance = pytest.mark.parametrize("distance", [ks_statistic, wasserstein_distance])


@every_kind
def test_ks_is_scipys_two_sample_statistic_of_each_column(kind):
    real, generated = draws(kind)
    expected = [stats.ks_2samp(real[:, i], generated[:, i]).statistic for i in range(3)]
    assert ks_statistic(real, generated).tolist() == pytest.approx(expected, abs=1e-6)


@every_kind
def test_wasserstein_is_scipys_distance_in_units_of_the_real_standard_deviation(kind):
    real, generated = draws(kind)
    expected = [
        stats.wasserstein_distance(real[:, i], generated[:, i]) / np.std(real[:, i].numpy())
        for i in range(3)
    ]
    assert wasserstein_distance(real, generated).tolist() == pytest.approx(expected, rel=1e-5)


def test_total_variation_is_that_of_numpys_histograms():
    rng = np.random.default_rng(0)
    real, generated = rng.integers(5, size=(120, 3)), rng.integers(1, 7, size=(75, 3))
    shares = [
        np.stack([np.bincount(column, minlength=7) / len(rows) for column in rows.T])
        for rows in (real, generated)
    ]
    expected = np.abs(shares[0] - shares[1]).sum(1) / 2
    found = total_variation(torch.from_numpy(real).double(), torch.from_numpy(generated).double())
    assert found.tolist() == pytest.approx(expected)


def test_the_total_variation_is_the_share_that_has_to_change_its_category():
    real = torch.tensor([[0.0], [0.0], [1.0], [2.0]])
    for generated, expected in [
        ([0, 0, 1, 2, 2, 1, 0, 0], 0),
        ([0, 1, 1, 2], 1 / 4),
        ([1, 1, 2, 2], 1 / 2),
        ([0], 1 / 2),
        ([3, 4], 1),
    ]:
        found = total_variation(real, torch.tensor(generated).double()[:, None])
        assert found.item() == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@every_distance
def test_a_distance_has_one_value_per_column(distance, dtype):
    real, generated = draws("continuous")
    assert distance(real.to(dtype), generated.to(dtype)).shape == (3,)


@every_distance
@pytest.mark.parametrize("kind", ["continuous", "ties"])
def test_equal_sets_have_distance_zero_in_any_order_and_repeated(distance, kind):
    real, _ = draws(kind)
    assert distance(real, real.flip(0)).tolist() == [0, 0, 0]
    assert distance(real, real.repeat(2, 1)).tolist() == [0, 0, 0]


def test_sets_that_do_not_overlap_have_a_ks_of_one():
    real, generated = draws("far")
    assert ks_statistic(real, generated).tolist() == [1, 1, 1]


@pytest.mark.parametrize("shift", [0.25, 3.0])
def test_the_wasserstein_distance_of_a_shift_is_the_shift(shift):
    real, _ = draws("continuous")
    expected = shift / real.std(0, correction=0)
    torch.testing.assert_close(
        wasserstein_distance(real, real + shift), expected, rtol=1e-5, atol=0
    )


def test_ks_and_wasserstein_of_two_points_are_those_worked_out_by_hand():
    real = torch.tensor([[-1.0], [1.0]])  # standard deviation 1
    generated = torch.tensor([[0.0], [1.0]])  # mass 1/2 moves by 1; the functions differ by 1/2
    assert ks_statistic(real, generated).item() == pytest.approx(0.5)
    assert wasserstein_distance(real, generated).item() == pytest.approx(0.5)


@every_distance
@every_kind
def test_the_order_of_rows_does_not_matter(distance, kind):
    real, generated = draws(kind)
    order = torch.randperm(len(generated), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(distance(real, generated[order]), distance(real, generated))


@every_distance
@pytest.mark.parametrize(("scale", "shift"), [(2.5, 0.0), (1e-3, 7.0), (-4.0, 1.0)])
def test_the_unit_of_a_column_does_not_matter(distance, scale, shift):
    real, generated = draws("continuous")
    torch.testing.assert_close(
        distance(scale * real + shift, scale * generated + shift),
        distance(real, generated),
        rtol=1e-4,
        atol=1e-9,
    )


@every_distance
def test_columns_do_not_influence_each_other(distance):
    real, generated = draws("continuous")
    together = distance(real, generated)
    for i in range(3):
        alone = distance(real[:, [i]], generated[:, [i]])
        torch.testing.assert_close(alone, together[[i]])


def test_ks_does_not_depend_on_which_set_is_the_real_one():
    real, generated = draws("continuous")
    assert torch.equal(ks_statistic(real, generated), ks_statistic(generated, real))


def test_a_constant_real_column_keeps_its_own_unit_in_the_wasserstein_distance():
    real, generated = torch.full((45, 1), 5.1).double(), torch.full((30, 1), 7.1).double()
    assert wasserstein_distance(real, generated).item() == pytest.approx(2)


def test_distances_leave_their_arguments_as_they_were():
    real, generated = draws("continuous")
    copies = real.clone(), generated.clone()
    for distance in (ks_statistic, wasserstein_distance, total_variation):
        distance(real, generated)
    assert torch.equal(real, copies[0])
    assert torch.equal(generated, copies[1])


@every_distance
def test_a_column_with_a_nan_has_no_distance(distance):
    broken = torch.randn(20, 2)
    broken[3, 1] = torch.nan
    for sets in [(torch.randn(20, 2), broken), (broken, torch.randn(20, 2))]:
        first, second = distance(*sets)
        assert first.isfinite()
        assert second.isnan()
