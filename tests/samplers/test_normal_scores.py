"""Quantiles of a kernel density: smooth where the values are, and no smoother than these."""

from functools import partial

import numpy as np
import pytest
import torch

from gan_lightning.samplers.normal_scores import (
    NUM_QUANTILES,
    REACH,
    latin_hypercube,
    smooth_quantiles,
)

LEVELS = torch.special.ndtr(torch.linspace(-REACH, REACH, NUM_QUANTILES, dtype=torch.float64))


def quantiles(values):
    return smooth_quantiles(torch.from_numpy(np.sort(values)))


def share(found, low, high):
    """Return how much of a density lies between two values."""
    levels = np.interp([low, high], found.numpy(), LEVELS.numpy())
    return levels[1] - levels[0]


@pytest.mark.parametrize("num_values", [2, 3, 30, 300])
def test_quantiles_rise_and_end_where_values_do(num_values):
    values = np.random.default_rng(0).normal(size=num_values)
    found = quantiles(values)
    assert found.diff().min() >= 0
    assert found[0] == pytest.approx(values.min(), abs=0.2)
    assert found[-1] == pytest.approx(values.max(), abs=0.2)


def test_a_normal_distribution_stays_one():
    found = quantiles(torch.special.ndtri((torch.arange(400.0) + 0.5) / 400).double().numpy())
    inner = slice(NUM_QUANTILES // 5, -NUM_QUANTILES // 5)
    scores = torch.special.ndtri(LEVELS)
    torch.testing.assert_close(found[inner], scores[inner], atol=0.1, rtol=0)


def test_a_spike_keeps_its_share():
    random = np.random.default_rng(0)
    found = quantiles(np.where(np.arange(300) < 180, 0, 5 + random.normal(size=300)))
    assert share(found, -0.05, 0.05) == pytest.approx(0.6, abs=0.05)  # quantiles are few


def test_a_gap_stays_one():
    random = np.random.default_rng(0)
    found = quantiles(np.arange(300) % 2 * 20 + random.normal(size=300))
    assert share(found, 5, 15) < 0.04


def test_a_column_of_one_value_has_no_other():
    assert quantiles(np.full(9, 3.0)).eq(3).all()


@pytest.mark.parametrize("num_values", [30, 300])
def test_kernels_leave_the_variance_as_it_is(num_values):
    values = np.random.default_rng(0).normal(size=num_values)
    levels = torch.linspace(0, 1, 2001, dtype=torch.float64)[1:-1]
    drawn = np.interp(levels.numpy(), LEVELS.numpy(), quantiles(values).numpy())
    assert drawn.std() == pytest.approx(values.std(), rel=0.05)  # reflection


def correlated(num_rows, seed=0):
    generator = torch.Generator().manual_seed(seed)
    common = torch.randn(2, num_rows, 1, dtype=torch.float64, generator=generator)
    own = torch.randn(2, num_rows, 3, dtype=torch.float64, generator=generator)
    return (0.9**0.5 * common + 0.1**0.5 * own).unbind()


def handed(*draws):
    """Return a function that returns one of the draws after the other."""
    return partial(next, iter(draws))


def test_each_part_of_a_distribution_is_drawn_once_for_each_label():
    labels = torch.tensor([0, 2, 2, 0, 2, 0, 2]).repeat(20)
    found = torch.special.ndtr(latin_hypercube(handed(*correlated(140)), labels))
    for label, count in [(0, 60), (2, 80)]:
        parts = (found[labels == label] * count).long().sort(0).values
        assert torch.equal(parts, torch.arange(count)[:, None].expand(count, 3))


def test_scores_of_a_latin_hypercube_keep_their_order_and_their_dependence():
    scores, places = correlated(500)
    found = latin_hypercube(handed(scores, places), torch.zeros(500, dtype=torch.int64))
    assert torch.equal(found.argsort(0), scores.argsort(0))
    assert torch.corrcoef(found.T)[0, 1] == pytest.approx(0.9, abs=0.03)


def test_rows_alone_with_their_label_are_drawn_independently():
    scores, places = correlated(500)
    found = latin_hypercube(handed(scores, places), torch.arange(500))
    torch.testing.assert_close(found, places)
