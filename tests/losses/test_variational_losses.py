"""Divergences, likelihoods and bounds against what is known about them."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from gan_lightning.errors import InputError
from gan_lightning.losses import (
    AutoregressiveBernoulli,
    Bernoulli,
    BinaryCrossEntropy,
    Gaussian,
    SquaredError,
    gaussian_kl,
    gaussian_log_density,
    importance_bound,
)

MEAN = torch.tensor([[0.0, 0.0], [1.5, -0.5], [-2.0, 0.3]])
LOG_VARIANCE = torch.tensor([[0.0, 0.0], [-1.0, 0.7], [0.2, -3.0]])


def test_the_divergence_is_that_of_pytorchs_distributions():
    posterior = Normal(MEAN, (LOG_VARIANCE / 2).exp())
    expected = kl_divergence(posterior, Normal(torch.zeros(2), torch.ones(2))).sum(1)
    torch.testing.assert_close(gaussian_kl(MEAN, LOG_VARIANCE), expected)


def test_the_divergence_of_the_prior_from_itself_is_zero():
    assert gaussian_kl(MEAN[:1], LOG_VARIANCE[:1]).item() == 0


def test_the_divergence_is_the_mean_log_ratio_of_draws():
    z = MEAN + (LOG_VARIANCE / 2).exp() * torch.randn(200_000, 3, 2)
    prior = gaussian_log_density(z, torch.zeros(2), torch.zeros(2))
    ratios = gaussian_log_density(z, MEAN, LOG_VARIANCE) - prior
    error = ratios.std(0) / math.sqrt(len(z))
    assert ((ratios.mean(0) - gaussian_kl(MEAN, LOG_VARIANCE)).abs() <= 5 * error).all()


def test_half_precision_does_not_reach_the_sums():
    mean = torch.full((1, 4096), 0.1, dtype=torch.bfloat16)
    divergence = gaussian_kl(mean, torch.zeros_like(mean))
    assert divergence.dtype == torch.float32
    assert divergence.item() == pytest.approx(4096 * float(mean[0, 0]) ** 2 / 2, rel=1e-5)
    outputs = torch.zeros(1, 4096, dtype=torch.bfloat16)
    log_prob = Bernoulli().log_prob(torch.ones_like(outputs), outputs)
    assert log_prob.dtype == torch.float32
    assert log_prob.item() == pytest.approx(-4096 * math.log(2), rel=1e-6)


def test_probabilities_of_all_binary_points_sum_to_one():
    points = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)
    log_prob = Bernoulli().log_prob(points, torch.tensor([[0.3, -2.0, 5.0]]).expand(8, 3))
    assert log_prob.exp().sum().item() == pytest.approx(1, rel=1e-5)


def test_a_gaussian_likelihood_is_that_of_pytorchs_distributions():
    x, outputs = torch.randn(5, 1, 2, 2), torch.randn(5, 1, 2, 2)
    expected = Normal(outputs, 0.3).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(Gaussian(0.3).log_prob(x, outputs), expected)


@pytest.mark.parametrize("data_shape", [(2,), (1, 4, 4)])
@pytest.mark.parametrize("make", [Bernoulli, Gaussian, AutoregressiveBernoulli])
def test_several_latents_of_a_point_are_judged_one_by_one(make, data_shape):
    likelihood = make(data_shape) if make is AutoregressiveBernoulli else make()
    for weight in likelihood.parameters():
        nn.init.normal_(weight)
    x, outputs = torch.rand(3, *data_shape).round(), torch.randn(6, 3, *data_shape)
    log_prob = likelihood.log_prob(x, outputs)
    assert log_prob.shape == (6, 3)
    for row, output in zip(log_prob, outputs, strict=True):
        torch.testing.assert_close(row, likelihood.log_prob(x, output))


def test_the_learned_scale_ends_at_the_root_mean_square_of_the_residuals():
    residuals = 0.37 * torch.randn(500, 3)
    likelihood = Gaussian()
    optimizer = torch.optim.LBFGS(
        likelihood.parameters(), max_iter=100, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = -likelihood.log_prob(residuals, torch.zeros(500, 3)).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    learned = likelihood.log_scale.exp().item()
    assert learned == pytest.approx(residuals.square().mean().sqrt().item(), rel=1e-4)


@pytest.mark.parametrize(
    ("cls", "output", "mean", "deviation"),
    [
        (Gaussian, 2.0, 2.0, 0.5),  # the initial scale below
        (Bernoulli, math.log(3), 3 / 4, math.sqrt(3 / 4 * 1 / 4)),  # sigmoid(log 3) = 3/4
    ],
)
def test_noisy_samples_are_draws_and_others_are_means(cls, output, mean, deviation):
    options = {"initial_scale": 0.5} if cls is Gaussian else {}
    outputs = torch.full((20_000,), output)
    samples = cls(**options, noisy=True).sample(outputs)
    assert samples.mean().item() == pytest.approx(mean, abs=0.02)
    assert samples.std().item() == pytest.approx(deviation, rel=0.03)
    quiet = cls(**options, noisy=False)
    assert torch.equal(quiet.sample(outputs), quiet.mean(outputs))


def test_draws_of_coins_are_zero_or_one():
    draws = Bernoulli(noisy=True).sample(torch.randn(3, 1, 4, 4))
    assert draws.shape == (3, 1, 4, 4)
    assert set(draws.unique().tolist()) == {0, 1}


def test_rows_are_drawn_by_default_and_images_of_coins_are_probabilities():
    outputs = torch.randn(5, 3)
    assert not torch.equal(Gaussian().sample(outputs), outputs)
    assert torch.equal(Bernoulli().sample(outputs), outputs.sigmoid())


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_an_impossible_scale_is_refused(scale):
    with pytest.raises(InputError, match="initial_scale must be positive"):
        Gaussian(scale)


def test_means_lie_in_the_range_of_the_data():
    outputs = torch.tensor([-100.0, 0.0, 100.0])
    assert Bernoulli().mean(outputs).tolist() == [0, 0.5, 1]
    assert BinaryCrossEntropy().points(outputs).tolist() == [0, 0.5, 1]
    assert torch.equal(Gaussian().mean(outputs), outputs)
    assert torch.equal(SquaredError().points(outputs), outputs)


def test_reconstruction_losses_are_pytorchs_means_of_each_point():
    x, outputs = torch.rand(4, 1, 3, 3), torch.randn(4, 1, 3, 3)
    cross_entropy = nn.functional.binary_cross_entropy(outputs.sigmoid(), x)
    torch.testing.assert_close(BinaryCrossEntropy()(x, outputs).mean(), cross_entropy)
    squared = nn.functional.mse_loss(outputs, x)
    torch.testing.assert_close(SquaredError()(x, outputs).mean(), squared)
    assert SquaredError()(x, outputs).shape == BinaryCrossEntropy()(x, outputs).shape == (4,)


def test_the_importance_bound_is_the_logarithm_of_the_mean_weight():
    weights = torch.rand(50, 4) * 1e-30  # as numbers they would be lost in the mean of exponents
    expected = weights.double().mean(0).log().float()
    torch.testing.assert_close(importance_bound(weights.log()), expected)


def test_the_importance_bound_of_one_sample_is_its_log_weight():
    log_weights = torch.randn(1, 5)
    torch.testing.assert_close(importance_bound(log_weights), log_weights[0])
