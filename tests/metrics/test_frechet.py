"""The Fréchet distance against closed forms and two other implementations."""

import math

import numpy as np
import pytest
import torch
from torchmetrics.image.fid import _compute_fid

from gan_lightning.errors import InputError
from gan_lightning.metrics import frechet_distance, frechet_distance_per_class


def with_moments(num_rows, mean, covariance):
    """Rows whose sample mean and sample covariance are exactly these."""
    mean, covariance = (torch.as_tensor(x, dtype=torch.float64) for x in (mean, covariance))
    rows = torch.randn(num_rows, len(mean), dtype=torch.float64)
    rows = rows - rows.mean(0)
    white = rows @ torch.linalg.inv(torch.linalg.cholesky(rows.T.cov())).T
    return white @ torch.linalg.cholesky(covariance).T + mean


def features(num_rows, num_dimensions, seed):
    """Non-negative, skewed and correlated, as a classifier's are; the last one is always off."""
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.randn(num_rows, num_dimensions, generator=generator, dtype=torch.float64)
    mixing = torch.linspace(-1, 2, num_dimensions**2, dtype=torch.float64).cos()
    rows = (mixed @ mixing.reshape(num_dimensions, -1) + 0.1 * seed * mixed).relu()
    rows[:, -1] = 0
    return rows


def test_equal_sets_have_distance_zero_in_any_order():
    rows = features(300, 20, seed=1)
    assert frechet_distance(rows, rows.flip(0)).item() == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("num_rows", [2, 30, 500])
def test_the_distance_of_a_shift_is_its_square(num_rows):
    rows = features(num_rows, 40, seed=1)
    shift = torch.linspace(-1, 1, 40, dtype=torch.float64)
    expected = shift.square().sum().item()
    assert frechet_distance(rows, rows + shift).item() == pytest.approx(expected)


def test_the_distance_of_round_gaussians_is_that_of_means_and_standard_deviations():
    real = with_moments(50, [0.0, 0.0, 0.0], 4 * torch.eye(3))
    generated = with_moments(70, [1.0, 2.0, 2.0], 9 * torch.eye(3))
    # |μ|² = 1 + 4 + 4, and (3 − 2)² in each of three directions
    assert frechet_distance(real, generated).item() == pytest.approx(9 + 3)


def test_the_distance_of_covariances_that_do_not_commute_is_that_worked_out_by_hand():
    first, second = torch.tensor([[2.0, 1.0], [1.0, 2.0]]), torch.diag(torch.tensor([1.0, 3.0]))
    # For two dimensions tr M^½ = √(tr M + 2 √det M). Here tr C₁C₂ = 2·1 + 2·3, det C₁C₂ = 3·3.
    expected = 4 + 4 - 2 * math.sqrt(8 + 2 * 3)
    distance = frechet_distance(with_moments(9, [0, 0], first), with_moments(8, [0, 0], second))
    assert distance.item() == pytest.approx(expected)


def test_one_dimension_needs_no_matrix():
    real, generated = torch.tensor([[-1.0], [1.0]]), torch.tensor([[-3.0], [5.0]])
    # means 0 and 1; variances 2 and 32, whose roots differ by √32 − √2 = 3 √2
    assert frechet_distance(real, generated).item() == pytest.approx(1 + 18)


def test_large_samples_of_two_gaussians_come_close_to_their_distance():
    real = torch.randn(40_000, 4, dtype=torch.float64)
    generated = 1 + 2 * torch.randn(40_000, 4, dtype=torch.float64)
    assert frechet_distance(real, generated).item() == pytest.approx(4 * (1 + 1), rel=0.02)


@pytest.mark.parametrize(("num_rows", "num_dimensions"), [(2000, 32), (400, 64), (30, 64)])
def test_it_is_that_of_torchmetrics_on_the_same_features(num_rows, num_dimensions):
    real, generated = (features(num_rows, num_dimensions, seed) for seed in (1, 2))
    moments = [moment for rows in (real, generated) for moment in (rows.mean(0), rows.T.cov())]
    expected = _compute_fid(*moments).item()
    assert frechet_distance(real, generated).item() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("num_rows", "num_dimensions"), [(2000, 32), (30, 64)])
def test_it_is_that_of_torch_fidelity_on_the_same_features(num_rows, num_dimensions):
    fidelity = pytest.importorskip("torch_fidelity.metric_fid", reason="needs torch-fidelity")
    real, generated = (features(num_rows, num_dimensions, seed) for seed in (1, 2))
    statistics = [
        {"mu": rows.numpy().mean(0), "sigma": np.cov(rows.numpy(), rowvar=False)}
        for rows in (real, generated)
    ]
    expected = fidelity.fid_statistics_to_metric(*statistics, verbose=False)
    assert frechet_distance(real, generated).item() == pytest.approx(
        expected["frechet_inception_distance"], rel=1e-3
    )


def test_it_does_not_depend_on_which_set_is_real_nor_on_the_order_of_rows():
    real, generated = features(200, 20, seed=1), features(150, 20, seed=2)
    expected = frechet_distance(real, generated)
    shuffled = generated[torch.randperm(150)]
    torch.testing.assert_close(frechet_distance(shuffled, real.flip(0)), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_any_type_is_compared_in_float64(dtype):
    real, generated = features(100, 8, seed=1).to(dtype), features(100, 8, seed=2).to(dtype)
    distance = frechet_distance(real, generated)
    assert distance.dtype == torch.float64
    assert torch.equal(distance, frechet_distance(real.double(), generated.double()))


def test_far_from_the_origin_digits_are_kept():
    real, generated = features(300, 10, seed=1), features(300, 10, seed=2)
    far = frechet_distance(real + 1e4, generated + 1e4)
    torch.testing.assert_close(far, frechet_distance(real, generated), rtol=1e-6, atol=0)


def test_images_count_as_rows_of_pixels():
    real, generated = torch.rand(40, 1, 3, 3), torch.rand(40, 1, 3, 3)
    flat = frechet_distance(real.flatten(1), generated.flatten(1))
    assert torch.equal(frechet_distance(real, generated), flat)


@pytest.mark.parametrize("broken", [torch.nan, torch.inf, -torch.inf])
def test_features_that_are_not_finite_have_no_distance(broken):
    generated = torch.randn(10, 3)
    generated[4, 1] = broken
    assert frechet_distance(torch.randn(10, 3), generated).isnan()


def test_a_single_row_is_refused_by_name():
    with pytest.raises(InputError, match=r"The generated set .* at least 2 rows, not \(1, 3\)"):
        frechet_distance(torch.randn(5, 3), torch.randn(1, 3))


def test_other_dimensions_are_refused_by_name():
    with pytest.raises(InputError, match="The generated set needs 3 dimensions like the real set"):
        frechet_distance(torch.randn(5, 3), torch.randn(5, 4))


def test_each_class_is_compared_with_itself():
    real, generated = features(90, 6, seed=1), features(60, 6, seed=2)
    real_labels, labels = torch.arange(90) % 3, torch.arange(60) % 2  # nobody asked for class 2
    distances = frechet_distance_per_class(real, real_labels, generated, labels, num_classes=3)
    for index in (0, 1):
        expected = frechet_distance(real[index::3], generated[index::2])
        torch.testing.assert_close(distances[index], expected)
    assert distances[2].isnan()
