"""Variational autoencoders whose exact likelihood is known."""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from gan_lightning.data import GaussianRing
from gan_lightning.errors import InputError
from gan_lightning.losses import AutoregressiveBernoulli, Bernoulli, Gaussian
from gan_lightning.models import VAE, Autoencoder, ConditionalVAE
from gan_lightning.networks import LabelledDecoder, LabelledEncoder, MLPDecoder, MLPEncoder

DATA_DIM, LATENT_DIM, SCALE = 4, 2, 0.6


@pytest.fixture
def linear():
    """Probabilistic PCA: p(x|z) = N(W z + b, SCALE²), with its exact posterior as encoder.

    Tipping & Bishop, 1999, Equations 6 and 12: p(x) = N(b, W Wᵀ + SCALE² I), and the posterior is
    N(M⁻¹ Wᵀ (x - b), SCALE² M⁻¹) with M = Wᵀ W + SCALE² I, diagonal for orthogonal columns of W.
    """
    model = VAE(
        (DATA_DIM,),
        encoder=partial(MLPEncoder, hidden_dims=()),
        decoder=partial(MLPDecoder, latent_dim=LATENT_DIM, hidden_dims=()),
        likelihood=partial(Gaussian, initial_scale=SCALE),
    )
    weights = torch.linalg.qr(torch.randn(DATA_DIM, LATENT_DIM))[0] * torch.tensor([2.0, 0.7])
    bias = torch.randn(DATA_DIM)
    inner = weights.square().sum(0) + SCALE**2  # the diagonal of M
    with torch.no_grad():
        decoder, encoder = model.decoder.layers[0], model.encoder.layers[1]
        decoder.weight.copy_(weights)
        decoder.bias.copy_(bias)
        encoder.weight.zero_()
        encoder.weight[:LATENT_DIM] = weights.T / inner[:, None]
        encoder.bias[:LATENT_DIM] = -(weights.T / inner[:, None]) @ bias
        encoder.bias[LATENT_DIM:] = (SCALE**2 / inner).log()
    covariance = weights @ weights.T + SCALE**2 * torch.eye(DATA_DIM)
    return model, MultivariateNormal(bias, covariance)


def elbo(model, x, repetitions=4000):
    """The evidence lower bound of each point, from many draws."""
    return model.log_weights(x, repetitions).mean(0)


@torch.no_grad()
def test_the_bound_of_the_exact_posterior_is_the_log_likelihood_with_any_draw(linear):
    model, exact = linear
    x = exact.sample((5,))
    for _ in range(3):  # the weights do not vary at all
        torch.testing.assert_close(model.log_weights(x, 1)[0], exact.log_prob(x))


@torch.no_grad()
def test_the_objective_is_the_negative_bound_and_tight_at_the_optimum(linear):
    model, exact = linear
    x = exact.sample((20_000,))
    losses = model.losses(x, torch.zeros(len(x)))
    log_likelihood = exact.log_prob(x).mean().item()
    # Reconstruction and divergence cancel on average, the former with the noise of one draw.
    assert losses["elbo"].item() == pytest.approx(log_likelihood, abs=0.03)
    assert losses["loss"].item() == pytest.approx(-losses["elbo"].item())


@torch.no_grad()
@pytest.mark.parametrize("shift", [0.3, -1.0])
def test_the_bound_of_another_posterior_lies_below_by_its_divergence(linear, shift):
    model, exact = linear
    x = exact.sample((5,))
    log_variance = model.posterior(x)[1]
    model.encoder.layers[1].bias[:LATENT_DIM] += shift  # KL = Σ shift² / (2 variance)
    gap = (shift**2 / (2 * log_variance.exp())).sum(1)
    expected = exact.log_prob(x) - gap
    errors = 5 * (2 * gap / 4000).sqrt()  # the log ratio has the variance 2 KL
    assert ((elbo(model, x) - expected).abs() <= errors).all()
    assert (elbo(model, x) < exact.log_prob(x)).all()


@torch.no_grad()
def test_the_importance_bound_rises_with_its_samples_towards_the_log_likelihood(linear):
    model, exact = linear
    x = exact.sample((200,))
    model.encoder.layers[1].bias[:LATENT_DIM] += 0.4
    bounds = [elbo(model, x, 300).mean()] + [model.bound(x, k).mean() for k in (5, 50, 5000)]
    assert bounds == sorted(bounds)
    assert bounds[-1].item() == pytest.approx(exact.log_prob(x).mean().item(), abs=0.02)


def test_training_closes_the_gap_to_the_likelihood_and_finds_the_scale(linear):
    """A VAE with linear networks learns probabilistic PCA, its noise included."""
    _, exact = linear
    x = exact.sample((4096,))
    model = VAE(
        (DATA_DIM,),
        encoder=partial(MLPEncoder, hidden_dims=()),
        decoder=partial(MLPDecoder, latent_dim=LATENT_DIM, hidden_dims=()),
    )
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for step in range(500):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / 500)
        optimizer.zero_grad()
        model.losses(x[torch.randint(4096, (512,))], x)["loss"].backward()
        optimizer.step()
    found = model.losses(x, x)["elbo"].item()
    assert found == pytest.approx(exact.log_prob(x).mean().item(), abs=0.05)
    assert model.likelihood.log_scale.exp().item() == pytest.approx(SCALE, rel=0.03)


def test_gradients_through_the_draw_are_those_of_finite_differences():
    encoder = partial(MLPEncoder, hidden_dims=(4,), activation=nn.Tanh)
    model = VAE((3,), encoder=encoder, decoder=Decoder2).double()
    x, noise = torch.rand(6, 3).double(), torch.randn(6, 2).double()

    def loss(mean, log_variance):
        z = mean + (log_variance / 2).exp() * noise
        return -model.likelihood.double().log_prob(x, model.decoder(z)).sum()

    mean, log_variance = (t.detach().requires_grad_() for t in model.posterior(x))
    torch.manual_seed(5)
    drawn = model.draw(mean, log_variance)
    torch.manual_seed(5)
    noise = torch.randn(mean.shape).double()
    torch.testing.assert_close(drawn, mean + (log_variance / 2).exp() * noise, check_dtype=False)
    gradients = torch.autograd.grad(loss(mean, log_variance), [mean, log_variance])
    for which, gradient in enumerate(gradients):
        for row in range(2):
            values = []
            for sign in (1, -1):
                moved = [mean.detach().clone(), log_variance.detach().clone()]
                moved[which][row, 0] += sign * 1e-3
                values.append(loss(*moved).item())
            numeric = (values[0] - values[1]) / 2e-3
            assert gradient[row, 0].item() == pytest.approx(numeric, rel=1e-3, abs=1e-3)


Decoder2 = partial(MLPDecoder, latent_dim=2, hidden_dims=(4,), activation=nn.Tanh)


def test_the_weight_of_the_divergence_grows_linearly_to_beta(monkeypatch):
    model = VAE((2,), beta=4.0, warm_up_batches=10)
    weights = []
    for batch in (0, 4, 9, 50):
        loop = type("Loop", (), {"total_batch_idx": batch})
        monkeypatch.setattr(VAE, "trainer", type("Trainer", (), {"fit_loop": loop}))
        weights.append(model.kl_weight())
    assert weights == [0.4, 2.0, 4.0, 4.0]
    assert model.eval().kl_weight() == 4.0


@pytest.mark.parametrize("options", [{"beta": -1.0}, {"beta": math.nan}, {"warm_up_batches": -1}])
def test_negative_weights_are_refused(options):
    with pytest.raises(InputError, match="must not be negative"):
        VAE((2,), **options)


@pytest.mark.parametrize("likelihood", [Bernoulli, Gaussian, AutoregressiveBernoulli])
@pytest.mark.parametrize("data_shape", [(2,), (1, 8, 8)])
def test_actions_have_the_shapes_that_they_promise(likelihood, data_shape):
    model, x = VAE(data_shape, likelihood=likelihood), torch.rand(3, *data_shape)
    z = model.encode(x)
    assert z.shape == model.fitted_latents(x).shape == (3, model.latent_dim)
    assert model.sample(5).shape == (5, *data_shape)
    assert model.decode(z).shape == model.reconstruct(x).shape == x.shape
    torch.testing.assert_close(model.reconstruct(x), model.decode(z))
    assert model.bound(x, 7).shape == (3,)
    assert not any(t.requires_grad for t in (z, model.sample(2), model.bound(x, 2)))
    assert model.encoder.training  # it was in evaluation mode only for a while


def conditional(data_shape=(1, 8, 8)):
    return ConditionalVAE(
        data_shape,
        num_classes=3,
        encoder=partial(LabelledEncoder, encoder=MLPEncoder),
        decoder=partial(
            LabelledDecoder, decoder=partial(MLPDecoder, latent_dim=6), embedding_dim=2
        ),
        likelihood=Bernoulli,
    )


def test_a_conditional_model_takes_labels_everywhere():
    model, labels = conditional(), torch.tensor([0, 2, 1])
    x = torch.rand(3, 1, 8, 8)
    assert model.latent_dim == 4
    assert model.encode(x, labels).shape == (3, 4)
    assert not torch.equal(model.encode(x, labels), model.encode(x, labels.flip(0)))
    assert model.reconstruct(x, labels).shape == x.shape
    assert model.sample(3, labels).shape == x.shape
    assert model.sample(4).shape == (4, 1, 8, 8)
    assert model.bound(x, 5, labels).shape == (3,)
    assert model.losses(x, labels)["loss"].isfinite()
    with pytest.raises(InputError, match="need labels"):
        model.encode(x)


def test_points_outside_the_range_of_a_likelihood_are_refused_in_a_sentence():
    x = torch.tensor([[-1.0, 0.5]])
    with pytest.raises(InputError) as error:
        VAE((2,), likelihood=Bernoulli).check(x)
    assert str(error.value).startswith(
        "Bernoulli expects points in [0, 1], found them from -1 to 0.5: choose"
    )
    VAE((2,)).check(x)
    Autoencoder((2,)).check(x)


def test_a_network_of_the_wrong_kind_is_refused_by_name():
    with pytest.raises(InputError, match="decoder: expected a Decoder, found MLPEncoder"):
        VAE((2,), decoder=partial(MLPEncoder, code_dim=3))


def test_bounds_in_validation_are_the_same_each_time_and_leave_the_random_state(quiet_trainer):
    model, data = VAE((2,)), GaussianRing(num_samples=200)
    trainer = quiet_trainer()
    results = []
    for _ in range(2):
        state = torch.get_rng_state()
        results.append(trainer.validate(model, data, verbose=False))
        assert torch.equal(torch.get_rng_state(), state)
    assert results[0] == results[1]
    assert {"val/elbo", "val/reconstruction_loss", "val/kl_divergence"} == set(results[0][0])
