"""Samplers of latents draw what they were fitted to."""

from functools import partial

import pytest
import torch
from sklearn.mixture import GaussianMixture as FittedMixture

from gan_lightning.errors import InputError
from gan_lightning.samplers import (
    FittedSampler,
    ForEachLabel,
    GaussianCopula,
    GaussianMixture,
    LatentFlow,
    Prior,
    SecondStageVAE,
)
from gan_lightning.samplers.gaussian_mixture import _maximised, _responsibilities

CENTRES = torch.tensor([[-3.0, 10.0], [3.0, 10.0], [0.0, 14.0]])
WEIGHTS = torch.tensor([0.5, 0.3, 0.2])
STD = 0.3
FITTED = [GaussianMixture, LatentFlow, SecondStageVAE]


def small(cls, latent_dim=2):
    if cls in (LatentFlow, SecondStageVAE):
        return cls(latent_dim, hidden_dims=(32,), epochs=2, batch_size=64)
    return cls(latent_dim)


def mixture(num_points):
    """Latents of three round clusters, and the cluster of each."""
    chosen = torch.multinomial(WEIGHTS, num_points, replacement=True)
    return CENTRES[chosen] + STD * torch.randn(num_points, 2), chosen


def nearest(latents):
    return torch.cdist(latents, CENTRES).min(1)


def test_a_known_mixture_is_recovered():
    sampler = GaussianMixture(2, num_components=3)
    sampler.fit(mixture(4000)[0])
    distances, clusters = nearest(sampler.sample(4000))
    assert (distances > 4 * STD).float().mean() <= 0.005  # of true draws: 0.03 %
    found = torch.bincount(clusters, minlength=3) / 4000
    torch.testing.assert_close(found, WEIGHTS, atol=0.05, rtol=0)


@pytest.mark.parametrize("cls", [LatentFlow, SecondStageVAE])
def test_a_network_learns_a_bent_distribution(cls):
    a = torch.randn(2000)
    sampler = cls(2, hidden_dims=(64, 64), epochs=30, batch_size=64, lr=3e-3)
    sampler.fit(torch.stack([a, a.square() + 0.1 * torch.randn(2000)], 1))
    x, y = sampler.sample(5000).T
    assert x.mean().item() == pytest.approx(0, abs=0.15)
    assert x.std().item() == pytest.approx(1, abs=0.25)
    assert torch.corrcoef(torch.stack([x.square(), y]))[0, 1] > 0.8  # of true draws: 0.998
    assert torch.corrcoef(torch.stack([x, y]))[0, 1].abs() < 0.2  # no Gaussian would know more


def test_a_second_stage_has_a_scale_for_each_axis():
    a = torch.randn(2000)
    latents = torch.stack([a, a + 0.1 * torch.randn(2000), torch.randn(2000)], 1)
    sampler = SecondStageVAE(3, hidden_dims=(64, 64), epochs=40, batch_size=64, lr=3e-3)
    sampler.fit(latents)
    found = sampler.sample(5000)
    torch.testing.assert_close(torch.corrcoef(found.T), torch.corrcoef(latents.T), atol=0.1, rtol=0)
    assert sampler.log_scale[:2].max() < -0.5  # explained by the latents of the second stage
    assert sampler.log_scale[2] > -0.1  # noise


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "factor",
    [torch.tensor([[2.0, 1, 0], [0, 0.3, 0], [1, 0, 3]]), torch.eye(3)],
    ids=["correlated", "standard_normal"],
)
def test_samples_of_a_second_stage_are_as_wide_as_the_latents(factor):
    latents = torch.randn(3000, 3) @ factor
    sampler = SecondStageVAE(3, hidden_dims=(32,), epochs=10, batch_size=64, lr=3e-3)
    sampler.fit(latents)
    drawn = sampler.sample(50_000)
    widths = drawn.std(0) / latents.std(0)
    torch.testing.assert_close(widths, torch.ones(3), atol=0.03, rtol=0)
    torch.testing.assert_close(
        torch.corrcoef(drawn.T), torch.corrcoef(latents.T), atol=0.03, rtol=0
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize("resolution", [0.4, 0.8])
def test_the_resolution_keeps_the_second_stages_latents_blurred_and_samples_sharp(resolution):
    latents = torch.randn(2000, 1).repeat(1, 2)  # on a line, which has no width
    sampler = SecondStageVAE(
        2, hidden_dims=(32,), epochs=30, batch_size=64, lr=3e-3, resolution=resolution
    )
    sampler.fit(latents)
    standardised = (latents - sampler.centre) / sampler.spread
    deviations = (sampler.encoder(standardised)[:, 2:] / 2).exp().mean(0)
    # Tipping & Bishop, 1999: with noise of variance r², the posterior of a direction of variance λ
    # has the variance r² / λ; here λ = 2, that of both axes together.
    assert deviations.min().item() == pytest.approx(resolution / 2**0.5, rel=0.15)
    assert deviations.max().item() == pytest.approx(1, abs=0.05)  # the other one tells nothing
    x, y = sampler.sample(2000).T
    assert (x - y).std() < 0.05  # on the line, not around it
    assert x.std().item() == pytest.approx(latents.std().item(), rel=0.05)


def test_a_mixture_of_one_gaussian_has_the_latents_mean_and_covariance():
    latents = torch.randn(3000, 3) @ torch.tensor([[2.0, 1, 0], [0, 0.1, 0], [1, 0, 3]]) + 5
    sampler = GaussianMixture(3, num_components=1)
    sampler.fit(latents)
    drawn = sampler.sample(100_000)
    torch.testing.assert_close(drawn.mean(0), latents.mean(0), atol=0.05, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), latents.T.cov(), atol=0.15, rtol=0)


def test_few_latents_are_described_by_few_components():
    sampler = GaussianMixture(2, num_components=100)
    sampler.fit(torch.randn(35, 2))  # three for five latents along each of two axes
    assert (sampler.weights > 0).sum() == 3
    assert sampler.weights.sum().item() == pytest.approx(1)
    assert sampler.sample(10).shape == (10, 2)


def test_the_prior_is_standard_normal_and_learns_nothing():
    prior = Prior(3)
    prior.fit(mixture(100)[0])
    drawn = prior.sample(50_000)
    assert not prior.needs_latents
    torch.testing.assert_close(drawn.T.cov(), torch.eye(3), atol=0.03, rtol=0)
    assert not prior.state_dict()


@pytest.mark.parametrize("cls", FITTED)
def test_an_unfitted_sampler_says_so_in_a_sentence(cls):
    with pytest.raises(InputError) as error:
        small(cls).sample(3)
    assert str(error.value) == (
        f"{cls.__name__} has not been fitted to latents yet: fit does that, and so does "
        f"--sampler {cls.__name__}."
    )


@pytest.mark.parametrize("cls", FITTED)
@pytest.mark.parametrize("latents", [torch.zeros(1, 2), torch.tensor([[1.0, 2], [torch.inf, 0]])])
def test_latents_that_cannot_be_fitted_are_refused(cls, latents):
    with pytest.raises(InputError, match="needs at least 2 finite latents") as error:
        small(cls).fit(latents)
    diverged = "1 of them NaN or infinite: training has diverged, so lower the learning rate"
    assert (diverged in str(error.value)) == (len(latents) > 1)


@pytest.mark.parametrize("cls", FITTED)
def test_a_fit_depends_on_the_latents_alone_and_leaves_the_random_state(cls):
    latents = mixture(300)[0]
    first, second = small(cls), small(cls)
    state = torch.get_rng_state()
    first.fit(latents)
    assert torch.equal(torch.get_rng_state(), state)
    torch.randn(5)
    second.fit(mixture(50)[0])  # a fit before leaves no trace
    with torch.inference_mode():  # as in validation
        second.fit(latents)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name


@pytest.mark.parametrize("cls", FITTED)
def test_what_was_learned_is_saved_and_loaded_and_not_trained(cls):
    first, second = small(cls), small(cls)
    first.fit(mixture(300)[0])
    second.load_state_dict(first.state_dict())
    drawn = []
    for sampler in (first, second):
        torch.manual_seed(1)
        drawn.append(sampler.sample(5))
    assert torch.equal(*drawn)
    assert not drawn[0].requires_grad
    assert not any(weight.requires_grad for weight in first.parameters())


@pytest.mark.parametrize("cls", FITTED)
def test_a_latent_that_never_moves_stays_where_it_is(cls):
    latents = torch.randn(200, 3)
    latents[:, 1] = 7.0
    sampler = small(cls, 3)
    sampler.fit(latents)
    assert sampler.sample(50)[:, 1].eq(7).all()


@pytest.mark.parametrize("cls", [Prior, *FITTED])
def test_no_samples_are_no_latents(cls):
    sampler = small(cls)
    sampler.fit(mixture(100)[0])
    assert sampler.sample(0).shape == (0, 2)
    assert issubclass(cls, FittedSampler) == sampler.needs_latents


@pytest.mark.parametrize("cls", [Prior, *FITTED])
def test_the_temperature_is_a_factor_of_the_noise(cls):
    # Of 9 latents, the mixture has one Gaussian.
    latents = torch.randn(9 if cls is GaussianMixture else 300, 2)
    sampler = ForEachLabel(2, num_classes=2, sampler=partial(small, cls))
    labels = torch.arange(len(latents)) % 2
    sampler.fit(latents, labels)
    asked = torch.zeros(4000, dtype=torch.int64)
    hot, warm, cold = (sampler.sample(4000, asked, heat).std(0) for heat in (1.0, 0.5, 1e-4))
    torch.testing.assert_close(warm / hot, torch.full((2,), 0.5), atol=0.1, rtol=0)
    assert (cold < 0.001 * hot).all()


def test_an_iteration_agrees_with_scikit_learn():
    latents = mixture(500)[0].double()
    weights, means, factors = _maximised(latents, torch.rand(500, 3).double().softmax(1))
    reference = FittedMixture(3)
    reference.weights_, reference.means_ = weights.numpy(), means.numpy()
    reference.precisions_cholesky_ = torch.linalg.inv(factors).mT.numpy()
    expected = torch.from_numpy(reference.predict_proba(latents.numpy()))
    torch.testing.assert_close(_responsibilities(latents, weights, means, factors), expected)


def test_a_mixture_is_fitted_to_no_more_latents_than_change_it(monkeypatch):
    monkeypatch.setattr(GaussianMixture, "most_latents", 1000)
    sampler = GaussianMixture(2, num_components=3)
    sampler.fit(mixture(4000)[0])
    found = torch.bincount(nearest(sampler.sample(4000))[1], minlength=3) / 4000
    torch.testing.assert_close(found, WEIGHTS, atol=0.06, rtol=0)


def test_impossible_options_are_refused():
    with pytest.raises(InputError, match="num_components"):
        GaussianMixture(2, num_components=0)
    with pytest.raises(InputError, match="epochs"):
        SecondStageVAE(2, epochs=0)
    with pytest.raises(InputError, match="num_steps must be a positive integer, found 0"):
        LatentFlow(2, num_steps=0)
    with pytest.raises(InputError, match="lr must be positive, found -1"):
        LatentFlow(2, lr=-1)


def test_the_prior_draws_on_its_own_device_and_keeps_nothing():
    prior = Prior(3)
    assert prior.to("meta").sample(2).is_meta
    assert not prior.state_dict()


def test_a_copula_from_before_categories_excluded_each_other_draws_as_it_did():
    torch.manual_seed(0)
    kind = torch.eye(2)[torch.randint(0, 2, (200,))] * 2 - 1
    rows = torch.cat([torch.randn(200, 1), kind], 1)
    sampler, restored = (GaussianCopula(3, 1, [1, 2]) for _ in range(2))
    sampler.fit(rows, torch.zeros(200, dtype=torch.int64))
    weights = sampler.state_dict()
    del weights["weights"], weights["exclusions.never"]
    restored.complete(weights)
    restored.load_state_dict(weights)
    drawn = []
    for each in (sampler, restored):
        torch.manual_seed(1)
        drawn.append(each.sample(50))
    assert torch.equal(*drawn)
    assert len(drawn[0].unique(dim=0)) == 50
