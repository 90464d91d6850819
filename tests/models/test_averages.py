"""Averaged networks, evaluation mode, and what draws samples."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.callbacks import GeneratorEMA
from gan_lightning.losses import AutoregressiveBernoulli, Bernoulli
from gan_lightning.models import GAN, VAE, Autoencoder, ConditionalVAE
from gan_lightning.networks import (
    LabelledDecoder,
    LabelledEncoder,
    MLPDecoder,
    MLPEncoder,
    MLPGenerator,
)
from gan_lightning.samplers import Prior

NETWORKS = {
    "encoder": partial(MLPEncoder, hidden_dims=[8]),
    "decoder": partial(MLPDecoder, latent_dim=2, hidden_dims=[8]),
    "optimizer": partial(torch.optim.Adam, lr=0.01),
}


def vae(**options):
    return VAE((2,), **{**NETWORKS, **options})


def conditional_vae():
    networks = {
        "encoder": partial(LabelledEncoder, encoder=NETWORKS["encoder"]),
        "decoder": partial(
            LabelledDecoder, decoder=partial(MLPDecoder, latent_dim=4), embedding_dim=2
        ),
    }
    return ConditionalVAE((2,), num_classes=4, **networks)


def gan():
    return GAN((2,), generator=partial(MLPGenerator, latent_dim=3, hidden_dims=[8]))


MODELS = {
    "VAE": vae,
    "VAE without weights in its likelihood": partial(vae, likelihood=Bernoulli),
    "VAE with a network in its likelihood": partial(
        vae,
        likelihood=partial(AutoregressiveBernoulli, noisy=False),  # draws may be equal by chance
    ),
    "ConditionalVAE": conditional_vae,
    "Autoencoder": partial(Autoencoder, (2,), sampler=Prior, **NETWORKS),
    "GAN": gan,
}
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
every_autoencoder = pytest.mark.parametrize("make", list(MODELS.values())[:5], ids=list(MODELS)[:5])


@pytest.fixture(autouse=True)
def _points_that_every_likelihood_knows(monkeypatch):
    for likelihood in (Bernoulli, AutoregressiveBernoulli):
        monkeypatch.setattr(likelihood, "support", (-10.0, 10.0))
    monkeypatch.setattr(AutoregressiveBernoulli, "check", lambda _, x: None)


def drawn(model, seed=0):
    torch.manual_seed(seed)
    return model.sample(5)


def spoil(*networks):
    """Make a network's outputs recognisable."""
    with torch.no_grad():
        for network in networks:
            for weight in network.parameters():
                weight.fill_(float("nan"))


@every_model
def test_each_network_that_draws_samples_has_an_average_of_its_name(make):
    model = make()
    assert not model.has_average
    pairs = model.start_average()
    assert model.has_average
    assert len(pairs) == len(model.averaged) > 0
    for name, (average, network) in zip(model.averaged, pairs, strict=True):
        assert average is model.average_of(name) is getattr(model, f"averaged_{name}")
        assert network is getattr(model, name)
        assert average is not network
        for ours, theirs in zip(average.parameters(), network.parameters(), strict=True):
            assert torch.equal(ours, theirs)
            assert not ours.requires_grad
            assert theirs.requires_grad
    assert [average for average, _ in model.start_average()] == [average for average, _ in pairs]


@every_model
def test_samples_are_drawn_with_averages_alone(fit, make):
    model = make()
    fit(model, GeneratorEMA(half_life=1e9, ramp_up=0))
    before = drawn(model)
    spoil(*(network for _, network in model.start_average()))
    assert torch.equal(drawn(model), before)
    assert before.isfinite().all()


@every_autoencoder
def test_what_an_autoencoder_does_in_evaluation_it_does_with_averages(fit, make):
    model = make()
    fit(model, GeneratorEMA(half_life=1e9, ramp_up=0))
    spoil(*(network for _, network in model.start_average()))
    x, labels = torch.rand(4, 2), torch.arange(4)
    assert model.reconstruct(x, labels).isfinite().all()
    assert model.fitted_latents(x, labels).isfinite().all()
    assert model.eval().losses(x, labels)["loss"].isfinite()
    assert model.train().losses(x, labels)["loss"].isnan()
    if isinstance(model, VAE):
        assert model.bound(x, 3, labels).isfinite().all()


@every_model
def test_averages_move_half_the_way_in_a_half_life(fit, make):
    model = make()
    averages = [weight for average, _ in model.start_average() for weight in average.parameters()]
    before = [weight.clone() for weight in averages]
    fit(model, GeneratorEMA(half_life=16, ramp_up=0), batch_size=16, max_epochs=1)  # one batch
    after = [weight for _, network in model.start_average() for weight in network.parameters()]
    moved = False
    for average, old, new in zip(averages, before, after, strict=True):
        torch.testing.assert_close(average, (old + new) / 2)
        moved = moved or not torch.equal(old, new)
    assert moved


@every_model
def test_a_checkpoint_restores_averages_and_training_continues_with_them(fit, tmp_path, make):
    model, path = make(), tmp_path / "averaged.ckpt"
    fit(model, GeneratorEMA(half_life=100)).save_checkpoint(path)
    restored = type(model).load_from_checkpoint(path, map_location="cpu", weights_only=True)
    assert restored.has_average
    assert torch.equal(drawn(restored), drawn(model))
    resumed = make()
    trainer = fit(resumed, GeneratorEMA(half_life=100), max_epochs=3, ckpt_path=path)
    averages = {id(w) for average, _ in resumed.start_average() for w in average.parameters()}
    for optimizer in trainer.optimizers:
        assert not averages & {id(w) for group in optimizer.param_groups for w in group["params"]}
    assert not torch.equal(drawn(resumed), drawn(model))


@every_model
def test_a_model_in_training_answers_with_its_networks_and_without_averages_always(make):
    model = make()
    for name in model.averaged:
        assert model.eval().best(name) is getattr(model, name)
    model.start_average()
    for name in model.averaged:
        assert model.train().best(name) is getattr(model, name)
        assert model.eval().best(name) is model.average_of(name)


# Evaluation mode


@every_model
def test_evaluation_gives_every_module_its_own_mode_back(make):
    model = make().train()
    first = next(module for module in model.modules() if isinstance(module, nn.Linear))
    first.eval()
    modes = [module.training for module in model.modules()]
    assert len(set(modes)) == 2
    with model.evaluating():
        assert not any(module.training for module in model.modules())
        assert not torch.is_grad_enabled()
    assert [module.training for module in model.modules()] == modes
    assert torch.is_grad_enabled()


@every_model
def test_evaluation_gives_modes_back_after_an_error_too(make):
    model = make().train()
    with pytest.raises(RuntimeError, match="on purpose"), model.evaluating():
        raise RuntimeError("on purpose")
    assert all(module.training for module in model.modules())
    assert torch.is_grad_enabled()


@every_model
def test_a_sampler_that_fails_leaves_the_model_in_training(make, monkeypatch):
    model = make().train()

    def fail(*_):
        raise RuntimeError("on purpose")

    network = getattr(model, "generator", None) or model.decoder
    monkeypatch.setattr(type(network), "forward", fail)
    with pytest.raises(RuntimeError, match="on purpose"):
        model.sample(3)
    assert all(module.training for module in model.modules())
    assert torch.is_grad_enabled()


@every_model
def test_evaluation_within_evaluation_stays_until_the_outer_end(make):
    model = make().train()
    with model.evaluating():
        with model.evaluating():
            pass
        assert not model.training
        assert not torch.is_grad_enabled()
    assert model.training
