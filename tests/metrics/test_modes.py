"""Histograms of modes against closed forms and the multinomial distribution."""

import math

import pytest
import torch

from gan_lightning.metrics.modes import reverse_kl, reverse_kl_floor


def equal(num_modes):
    return torch.full((num_modes,), 1 / num_modes, dtype=torch.float64)


def test_the_right_shares_have_no_divergence():
    weights = torch.tensor([0.5, 0.25, 0.125, 0.125])
    assert reverse_kl(torch.tensor([4, 2, 1, 1]), weights).item() == pytest.approx(0)


@pytest.mark.parametrize("num_modes", [1, 2, 8, 1000])
def test_all_samples_in_one_of_equal_modes_have_the_logarithm_of_their_number(num_modes):
    counts = torch.zeros(num_modes, dtype=torch.int64)
    counts[-1] = 500
    assert reverse_kl(counts, equal(num_modes)).item() == pytest.approx(math.log(num_modes))


def test_half_of_the_modes_missing_costs_log_two():
    counts = torch.tensor([7, 0, 7, 0, 7, 0])
    assert reverse_kl(counts, equal(6)).item() == pytest.approx(math.log(2))


def test_it_is_the_truth_that_stands_on_the_right():
    counts, weights = torch.tensor([3, 1]), torch.tensor([0.5, 0.5])
    expected = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert reverse_kl(counts, weights).item() == pytest.approx(expected)
    # a missing mode would make the other direction infinite
    assert reverse_kl(torch.tensor([4, 0]), weights).isfinite()


@pytest.mark.parametrize("weights", [equal(8), torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)])
@pytest.mark.parametrize("num_samples", [5, 60])
def test_the_floor_is_the_mean_over_perfect_samplers(weights, num_samples):
    generator = torch.Generator().manual_seed(0)
    modes = torch.multinomial(weights, 4000 * num_samples, True, generator=generator)
    found = torch.stack(
        [
            reverse_kl(draw.bincount(minlength=len(weights)), weights)
            for draw in modes.split(num_samples)
        ]
    )
    error = found.std() / math.sqrt(len(found))
    floor = reverse_kl_floor(num_samples, weights)
    assert floor.item() == pytest.approx(found.mean().item(), abs=4 * error.item())


@pytest.mark.parametrize(("num_modes", "num_samples"), [(8, 2500), (1000, 26_000), (2, 10_000)])
def test_the_floor_comes_close_to_its_leading_order(num_modes, num_samples):
    leading = (num_modes - 1) / (2 * num_samples)
    assert reverse_kl_floor(num_samples, equal(num_modes)).item() == pytest.approx(
        leading, rel=0.02
    )


def test_one_sample_finds_one_mode_however_perfect_its_sampler():
    assert reverse_kl_floor(1, equal(8)).item() == pytest.approx(math.log(8))


def test_a_single_mode_has_no_floor():
    assert reverse_kl_floor(100, equal(1)).item() == 0
