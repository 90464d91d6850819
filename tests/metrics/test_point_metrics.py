"""Mode metrics against samplers whose quality is known."""

import math

import pytest
import torch

from gan_lightning.metrics import PointMetrics

STD = 0.02


def ring(num_modes=8):
    angles = 2 * math.pi * torch.arange(num_modes) / num_modes
    return torch.stack([angles.cos(), angles.sin()], 1).double()


def sampled(num_samples, modes, std=STD, seed=0):
    """Points of the modes in turn."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(num_samples, 2, generator=generator, dtype=torch.float64)
    return modes[torch.arange(num_samples) % len(modes)] + std * noise


def log_density(points):
    """The metric of a ring of eight modes with STD, so far apart that only the nearest matters."""
    distances = torch.cdist(points.double(), ring()).min(1).values
    return -distances.square() / (2 * STD**2) - math.log(2 * math.pi * STD**2) - math.log(8)


ENTROPY = math.log(2 * math.pi * math.e * STD**2) + math.log(8)


def results(generated, centres=None, std=STD):
    centres = ring() if centres is None else centres
    metric = PointMetrics(centres, std, log_density, ENTROPY)
    metric.update(sampled(4000, centres, std, seed=99), real=True)
    metric.update(generated, real=False)
    return {name: value.item() for name, value in metric.compute().items()}


def test_a_perfect_sampler_finds_every_mode_with_high_quality():
    found = results(sampled(8000, ring()))
    assert found["modes"] == 8
    # P(radius <= 3 std) of a round Gaussian in the plane; 5 standard errors
    share = 1 - math.exp(-4.5)
    assert found["high_quality"] == pytest.approx(
        share, abs=5 * math.sqrt(share * (1 - share) / 8000)
    )
    # sqrt((n + m) / (n m)) is 0.019 for 8000 and 4000 points: twice is rarely reached
    assert found["ks"] < 0.04
    assert found["wasserstein"] < 0.04


def test_a_collapsed_sampler_finds_one_mode_however_good_its_points_are():
    found = results(ring()[[3]].repeat(500, 1))
    assert found["modes"] == 1
    assert found["high_quality"] == 1
    assert found["wasserstein"] > 0.5


@pytest.mark.parametrize("kept", [1, 2, 5, 8])
def test_the_modes_found_are_the_modes_drawn_from(kept):
    assert results(sampled(4000, ring()[:kept]))["modes"] == kept


def test_points_between_the_modes_are_of_no_quality_and_find_nothing():
    found = results(torch.zeros(100, 2, dtype=torch.float64))
    assert found["modes"] == 0
    assert found["high_quality"] == 0


@pytest.mark.parametrize(("radius", "good"), [(2.99, 1), (3.01, 0)])
def test_high_quality_ends_at_three_standard_deviations(radius, good):
    outside = ring() + radius * STD * torch.tensor([0.6, 0.8]).double()
    assert results(outside)["high_quality"] == good


@pytest.mark.parametrize(("share", "modes"), [(0.11, 2), (0.09, 1)])
def test_a_mode_is_found_from_a_tenth_of_its_share(share, modes):
    centres = torch.tensor([[-1.0, 0.0], [1.0, 0.0]]).double()
    due = 1000  # of 2000 points in two modes
    few = round(share * due)
    generated = torch.cat([centres[[0]].repeat(2000 - few, 1), centres[[1]].repeat(few, 1)])
    assert results(generated, centres)["modes"] == modes


def test_high_quality_is_the_share_of_the_points_near_a_mode():
    near, far = ring(), 5 + ring()
    assert results(torch.cat([near, near, near, far]))["high_quality"] == pytest.approx(3 / 4)


def test_turning_the_ring_by_one_mode_changes_nothing():
    turn = ring()[1]  # (cos, sin) of the angle between two neighbours
    rotation = torch.stack([torch.stack([turn[0], turn[1]]), torch.stack([-turn[1], turn[0]])])
    points = sampled(800, ring()[:3])
    before, after = results(points), results(points @ rotation)
    assert after["modes"] == before["modes"] == 3
    assert after["high_quality"] == before["high_quality"]


def test_points_in_single_precision_are_compared_too():
    metric = PointMetrics(ring(), STD, log_density, ENTROPY)
    metric.update(sampled(800, ring()).float(), real=True)
    metric.update(sampled(800, ring(), seed=1).float(), real=False)
    assert metric.compute()["modes"] == 8


def test_a_perfect_sampler_comes_close_to_every_goal():
    metric = PointMetrics(ring(), STD, log_density, ENTROPY)
    found = results(sampled(8000, ring()))
    # likelihoods have variance 1; KS and Wasserstein distances are a few of 1/sqrt(4000)
    for name, goal in metric.goals.items():
        assert found[name] == pytest.approx(goal, abs=0.05), name
    assert set(found) == {*metric.goals, "reverse_kl_floor"}


def test_the_log_likelihood_is_the_mean_log_density_of_the_samples():
    points = ring() + torch.tensor([0.0, 2 * STD]).double()
    # at 2 standard deviations, -2 from the peak of one of eight modes
    expected = -2 - math.log(2 * math.pi * STD**2) - math.log(8)
    assert results(points)["log_likelihood"] == pytest.approx(expected)


def test_modes_too_narrow_are_too_likely_and_modes_too_wide_too_unlikely():
    # E of r²/(2 std²) is the square of the width, in units of the true one
    for width in (0.5, 2.0):
        found = results(sampled(8000, ring(), width * STD))
        expected = -ENTROPY + 1 - width**2
        assert found["log_likelihood"] == pytest.approx(expected, abs=5 * width**2 / 89)


@pytest.mark.parametrize("kept", [1, 2, 4, 8])
def test_the_divergence_of_missing_modes_is_the_logarithm_of_their_share(kept):
    found = results(sampled(4000, ring()[:kept]))
    assert found["reverse_kl"] == pytest.approx(math.log(8 / kept))


def test_samples_of_any_quality_count_for_their_nearest_mode():
    assert results(1.5 * sampled(4000, ring()))["reverse_kl"] == pytest.approx(0)


def test_the_floor_is_that_of_as_many_perfect_samples():
    found = results(sampled(1000, ring()))
    assert found["reverse_kl_floor"] == pytest.approx(7 / 2000, rel=0.02)
    drawn = torch.randint(8, (1000,), generator=torch.Generator().manual_seed(0))
    independent = results(ring()[drawn])["reverse_kl"]
    # 2 n KL has a chi² distribution with 7 degrees of freedom: above 24 once in 1000 times
    assert independent < 24 / 2000


def test_a_sampler_of_nan_is_of_no_quality():
    points = sampled(80, ring())
    points[:40] = torch.nan
    found = results(points)
    assert found["high_quality"] == pytest.approx(0.5, abs=0.05)
    assert math.isnan(found["ks"])
    assert math.isnan(found["log_likelihood"])


@pytest.mark.parametrize("width", [0.1, 0.5, 0.74, 1.0])
def test_the_width_of_modes_is_that_drawn_with(width):
    # Cut off at three true standard deviations, which only the true width feels.
    expected = 1 if width == 1 else width / math.sqrt(1 - 4.5 / math.expm1(4.5))
    found = results(sampled(8000, ring(), STD * width))["width"]
    assert found == pytest.approx(expected, rel=0.03)


def test_displaced_modes_are_not_wider():
    displaced = ring() + STD * torch.tensor([1.0, 0.5]).double()
    assert results(displaced.repeat(50, 1))["width"] == pytest.approx(0, abs=1e-6)
    there, here = (results(sampled(8000, at, STD / 3))["width"] for at in (displaced, ring()))
    assert there == pytest.approx(here, rel=0.02)


@pytest.mark.parametrize("points", [torch.zeros(20, 2), ring()[:1]], ids=["astray", "one point"])
def test_modes_without_two_samples_have_no_width(points):
    assert results(points.double())["width"] == 0
