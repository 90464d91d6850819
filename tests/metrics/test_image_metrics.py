"""Distances of sets of images."""

import math

import pytest
import torch

from gan_lightning.metrics import ImageMetrics
from gan_lightning.metrics.images import NUM_DIRECTIONS


def sliced_wasserstein(real, generated):
    metric = ImageMetrics()
    metric.update(real, real=True)
    metric.update(generated, real=False)
    (value,) = metric.compute().values()
    return value.item()


@pytest.fixture
def real():
    return torch.randint(40, 160, (60, 1, 6, 6), dtype=torch.uint8)


def test_equal_sets_have_no_distance_in_whatever_order(real):
    assert sliced_wasserstein(real, real) == 0
    assert sliced_wasserstein(real, real.flip(0)) == pytest.approx(0, abs=1e-5)
    assert sliced_wasserstein(real, real.repeat(2, 1, 1, 1)) == pytest.approx(0, abs=1e-5)


def test_the_distance_grows_with_a_shift_of_brightness(real):
    distances = [sliced_wasserstein(real, real + shift) for shift in (0, 1, 10, 90)]
    assert distances == sorted(distances)
    assert len(set(distances)) == 4


def test_the_distance_of_a_shift_is_proportional_to_it(real):
    once, thrice = (sliced_wasserstein(real, real + shift) for shift in (20, 60))
    assert thrice == pytest.approx(3 * once, rel=1e-3)


def test_along_one_direction_a_shift_of_one_deviation_is_a_distance_of_one():
    """Images of one pixel have two directions only, which measure the same."""
    real = torch.tensor([0.0, 2.0]).reshape(2, 1, 1, 1)  # mean 1, standard deviation 1
    assert sliced_wasserstein(real, real + 1) == pytest.approx(1)
    assert sliced_wasserstein(real, torch.ones(2, 1, 1, 1)) == pytest.approx(1)


def test_the_distance_has_no_unit(real):
    generated = torch.randint(0, 100, (50, 1, 6, 6), dtype=torch.uint8)
    in_bytes = sliced_wasserstein(real, generated)
    as_floats = sliced_wasserstein(real / 255, generated / 255)
    assert as_floats == pytest.approx(in_bytes, rel=1e-4)


def test_bytes_do_not_overflow():
    black, white = torch.zeros(4, 1, 2, 2).byte(), torch.full((4, 1, 2, 2), 255).byte()
    directions = torch.randn(4, NUM_DIRECTIONS, generator=torch.Generator().manual_seed(0))
    expected = 255 * (directions / directions.norm(dim=0)).sum(0).abs().mean()
    # Black images have no deviation: the distance keeps its own unit.
    assert sliced_wasserstein(black, white) == pytest.approx(expected.item(), rel=1e-4)
    assert math.isfinite(sliced_wasserstein(white, black))


def test_a_missing_class_is_seen():
    left, right = torch.zeros(2, 30, 1, 4, 4)
    left[..., :2], right[..., 2:] = 200, 200
    both = torch.cat([left, right]) + 5 * torch.randn(60, 1, 4, 4)
    fair = torch.cat([left, right]) + 5 * torch.randn(60, 1, 4, 4)
    missing = torch.cat([left, left]) + 5 * torch.randn(60, 1, 4, 4)
    assert sliced_wasserstein(both, fair) < sliced_wasserstein(both, missing) / 5
