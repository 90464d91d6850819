"""Stratified draws: each has the distribution of the weights, and all together keep its shares."""

import pytest
import torch

from gan_lightning.export.handed_noise import HandedNoise
from gan_lightning.samplers import stratified

WEIGHTS = torch.tensor([3.0, 0.0, 5.0, 2.0, 0.0])


@pytest.mark.parametrize("num_samples", [1, 7, 10, 1000])
def test_an_index_is_drawn_as_often_as_it_should_be_give_or_take_two(num_samples):
    for _ in range(20):
        counts = stratified(WEIGHTS, num_samples).bincount(minlength=5)
        assert counts.sum() == num_samples
        assert ((counts - num_samples * WEIGHTS / 10).abs() < 2).all()
        assert (counts[WEIGHTS == 0] == 0).all()


def test_each_draw_alone_has_the_distribution_of_the_weights():
    drawn = torch.stack([stratified(WEIGHTS, 3) for _ in range(4000)])
    for position in drawn.T:  # five standard deviations of a share of 4 000
        shares = position.bincount(minlength=5) / 4000
        assert (shares - WEIGHTS / 10).abs().max() < 5 * (0.25 / 4000) ** 0.5


@pytest.mark.parametrize("dtype", [torch.int64, torch.bfloat16, torch.float64])
def test_weights_may_be_counts_or_numbers_of_any_precision(dtype):
    drawn = stratified(WEIGHTS.to(dtype), 100)
    assert drawn.dtype == torch.int64
    assert drawn.bincount(minlength=5)[2] in range(49, 52)


def test_none_can_be_drawn():
    assert stratified(WEIGHTS, 0).shape == (0,)


@pytest.mark.parametrize("level", [0.0, 0.5, 1 - 2.0**-24])
def test_the_ends_of_the_range_are_indices_with_a_weight(level, monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda n, dtype, device: torch.full((n,), level))
    for num_samples in (1, 10_000):
        assert WEIGHTS[stratified(WEIGHTS, num_samples)].min() > 0


def test_a_mode_draws_each_sample_from_its_own_noise():
    noise = torch.special.ndtri(torch.tensor([[0.1], [0.31], [0.99]]))
    with HandedNoise(noise, 3) as handed:
        assert stratified(WEIGHTS, 3).tolist() == [0, 2, 3]
    assert handed.noise_dim == 1


def test_a_run_in_bfloat16_draws_only_indices_that_exist():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)  # as Lightning does in bf16-true
    try:
        drawn = torch.cat([stratified(WEIGHTS, 16) for _ in range(200)])
    finally:
        torch.set_default_dtype(before)
    assert drawn.max() < 5
    assert (drawn.bincount(minlength=5)[[1, 4]] == 0).all()
