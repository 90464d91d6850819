"""Distances between samples against SciPy and NumPy."""

import numpy as np
import pytest
import torch
from scipy import stats

from gan_lightning.metrics import correlation_error, ks_statistic, wasserstein_distance


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


@every_kind
def test_correlation_error_is_the_largest_difference_of_numpys_matrices(kind):
    real, generated = draws(kind)
    difference = np.corrcoef(real.T) - np.corrcoef(generated.T)
    assert correlation_error(real, generated).item() == pytest.approx(np.abs(difference).max())


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


@pytest.mark.parametrize(("scale", "shift"), [(2.5, 0.0), (1e-3, 7.0)])
def test_correlations_do_not_depend_on_units_or_order(scale, shift):
    real, generated = draws("continuous")
    expected = correlation_error(real, generated)
    rescaled = correlation_error(scale * real + shift, generated.flip(0))
    torch.testing.assert_close(rescaled, expected)


def test_equal_sets_have_no_correlation_error():
    real, _ = draws("continuous")
    assert correlation_error(real, real).item() == 0


def test_opposite_correlations_differ_by_two():
    line = torch.linspace(-1, 1, 9).double()
    up, down = torch.stack([line, line], 1), torch.stack([line, -line], 1)
    assert correlation_error(up, down).item() == pytest.approx(2)


def test_columns_shuffled_apart_lose_their_correlation():
    line = torch.randn(5000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(1))
    tied, apart = torch.stack([line, line], 1), torch.stack([line, line[order]], 1)
    # the marginals are equal, only the correlation tells: 1 against 0 up to 1/sqrt(5000)
    assert ks_statistic(tied, apart).max() == 0
    assert correlation_error(tied, apart).item() == pytest.approx(1, abs=0.05)


def test_a_single_column_has_no_correlation_to_get_wrong():
    real, generated = draws("continuous")
    assert correlation_error(real[:, [0]], generated[:, [0]]).item() == 0


def test_a_constant_column_correlates_with_nothing():
    line = torch.linspace(-1, 1, 8).double()
    tied = torch.stack([line, line], 1)  # correlation 1
    collapsed = torch.stack([line, torch.full_like(line, 0.5)], 1)  # correlation 0, not NaN
    assert correlation_error(tied, collapsed).item() == pytest.approx(1)


def test_distances_leave_their_arguments_as_they_were():
    real, generated = draws("continuous")
    copies = real.clone(), generated.clone()
    for distance in (ks_statistic, wasserstein_distance, correlation_error):
        distance(real, generated)
    assert torch.equal(real, copies[0])
    assert torch.equal(generated, copies[1])


@pytest.mark.parametrize("num_rows", [3, 7, 45, 2000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_two_constant_columns_correlate_with_nothing_whatever_their_value(num_rows, dtype):
    real = torch.randn(50, 2, dtype=dtype)
    expected = abs(torch.corrcoef(real.T)[0, 1].item())  # against a correlation of 0
    for tenth in range(1, 80):
        collapsed = torch.tensor([tenth / 10, tenth / 10 + 0.3], dtype=dtype).repeat(num_rows, 1)
        assert correlation_error(real, collapsed).item() == pytest.approx(expected, abs=1e-5)


def test_a_sampler_of_nan_has_no_ks_statistic():
    broken = torch.randn(20, 2)
    broken[3, 1] = torch.nan
    first, second = ks_statistic(torch.randn(20, 2), broken)
    assert first.isfinite()
    assert second.isnan()
