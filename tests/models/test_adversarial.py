"""The alternation of discriminator and generator steps."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Callback
from torch import nn

from gan_lightning.callbacks import GeneratorEMA, GradientClipping, RandomState
from gan_lightning.errors import InputError
from gan_lightning.models import GAN, R3GAN
from gan_lightning.networks import MLPDiscriminator, MLPGenerator

SGD = partial(torch.optim.SGD, lr=1e-3)
NETWORKS = {
    "generator": partial(MLPGenerator, latent_dim=3, hidden_dims=[8]),
    "discriminator": partial(MLPDiscriminator, hidden_dims=[8]),
}
MODELS = [GAN, R3GAN]


def make(model_class, **arguments):
    defaults = {"g_optimizer": SGD, "d_optimizer": SGD, **NETWORKS}
    return model_class((2,), **{**defaults, **arguments})


def total(terms):
    """What a player minimises in all."""
    assert all(term.shape == () for term in terms.values())
    return sum(terms.values())


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize(("n_critic", "g_updates"), [(1, 20), (5, 4)])
def test_generator_steps_every_n_critic_batches_even_if_epochs_are_shorter(
    fit, updates, model_class, n_critic, g_updates
):
    fit(make(model_class, n_critic=n_critic), updates, max_epochs=10)  # 2 batches each
    assert (updates.d_updates, updates.g_updates) == (20, g_updates)


@pytest.mark.parametrize("model_class", MODELS)
def test_the_discriminators_terms_send_no_gradient_to_the_generator(at_batch, model_class):
    model = at_batch(make(model_class))
    total(model.discriminator_terms(torch.randn(4, 2), torch.zeros(4))).backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None for p in model.discriminator.parameters() if p.dim() > 1)


@pytest.mark.parametrize("model_class", MODELS)
def test_a_generator_step_leaves_no_gradient_in_the_discriminator(fit, model_class):
    class Inspector(Callback):
        def on_before_optimizer_step(self, trainer, model, optimizer):
            if optimizer.param_groups[0]["params"][0] is next(model.generator.parameters()):
                after_d_step = [p.grad for p in model.discriminator.parameters()]
                assert torch.equal(after_d_step[0], self.d_gradient)
            else:
                self.d_gradient = next(model.discriminator.parameters()).grad.clone()

    fit(make(model_class), Inspector())


@pytest.mark.parametrize("model_class", MODELS)
def test_the_real_batch_is_left_as_it_was(at_batch, model_class):
    model, real = at_batch(make(model_class)), torch.randn(4, 2)
    model.discriminator_terms(real, torch.zeros(4))
    assert not real.requires_grad


def test_every_step_draws_fresh_latents():
    model = make(GAN)
    assert not torch.equal(model.fakes(4), model.fakes(4))


def test_r3gan_loss_is_its_formula(at_batch):
    """Against a critic whose gradients are known: f(x) = a·x has R1 = R2 = |a|²."""
    model = at_batch(make(R3GAN, gamma=3.0))
    slope = torch.tensor([2.0, -1.0])
    model.discriminator = LinearDiscriminator(slope)
    real = torch.randn(5, 2)
    fake = torch.randn(5, 2)
    model.fakes = lambda *_: fake
    margins = real @ slope - fake @ slope
    expected_d = torch.log1p(torch.exp(-margins)).mean() + 3.0 / 2 * 2 * slope.square().sum()
    expected_g = torch.log1p(torch.exp(margins)).mean()
    d_terms = model.discriminator_terms(real, torch.zeros(5))
    assert d_terms.keys() == {"loss", "r1", "r2"}
    assert total(d_terms).item() == pytest.approx(expected_d.item())
    g_terms = model.generator_terms(real, torch.zeros(5))
    assert total(g_terms).item() == pytest.approx(expected_g.item())


class LinearDiscriminator(MLPDiscriminator):
    def __init__(self, slope):
        super().__init__((2,), [1])
        self.slope = nn.Parameter(slope)

    def forward(self, x):
        return x @ self.slope


def test_penalties_are_taken_in_float32_under_autocast(at_batch):
    model = at_batch(make(R3GAN))
    dtypes = []
    hidden = model.discriminator.layers
    hidden.register_forward_hook(lambda _m, _i, out: dtypes.append(out.dtype))
    with torch.autocast("cpu", torch.bfloat16):
        total(model.discriminator_terms(torch.randn(4, 2), torch.zeros(4))).backward()
        assert set(dtypes) == {torch.float32}
        model.generator_terms(torch.randn(4, 2), torch.zeros(4))
        assert dtypes[-1] == torch.bfloat16


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed", "64-true"])
@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.filterwarnings("ignore:You passed `Trainer.*AMP with fp16 is not supported on CPU")
def test_models_train_in_mixed_precision(fit, updates, model_class, precision):
    fit(make(model_class), updates, precision=precision)
    assert (updates.d_updates, updates.g_updates) == (4, 4)


def test_schedules_step_once_an_epoch_for_both_players(fit):
    halve = partial(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    trainer = fit(make(GAN, lr_scheduler=halve), max_epochs=3)
    for optimizer in trainer.optimizers:
        assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-3 / 2**3)


def test_clipping_bounds_each_players_true_gradient(fit):
    norms = []

    class Norms(Callback):
        def on_before_optimizer_step(self, trainer, model, optimizer):
            gradients = [p.grad.flatten() for g in optimizer.param_groups for p in g["params"]]
            norms.append(torch.cat(gradients).norm().item())

    fit(make(R3GAN, gamma=100.0), Norms())
    assert max(norms) > 0.05
    norms.clear()
    fit(make(R3GAN, gamma=100.0), GradientClipping(0.05), Norms())
    assert max(norms) <= 0.05 * 1.001


def test_logged_balance_is_that_of_the_logits(fit):
    trainer = fit(make(GAN), log_every_n_steps=1)
    logged = trainer.callback_metrics
    assert {"train/d_loss", "train/g_loss", "train/d_accuracy_real"} <= set(logged)
    captured = make(GAN).reading(torch.tensor([0.0, 2.0, -1.0]), torch.tensor([-3.0, 1.0]))
    assert captured["d_accuracy_real"].item() == pytest.approx(1 / 3)
    assert captured["d_accuracy_fake"].item() == pytest.approx(1 / 2)
    real_probabilities = torch.tensor([0.5, 0.8807971, 0.2689414])
    fake_probabilities = torch.tensor([0.0474259, 0.7310586])
    assert captured["d_real"].item() == pytest.approx(real_probabilities.mean().item(), rel=1e-5)
    assert captured["d_fake"].item() == pytest.approx(fake_probabilities.mean().item(), rel=1e-5)


@pytest.mark.parametrize("model_class", MODELS)
def test_the_reading_that_is_logged_is_that_of_the_logits_of_the_batch(at_batch, model_class):
    model = at_batch(make(model_class))
    model.discriminator = LinearDiscriminator(torch.tensor([2.0, -1.0]))
    real, fake = torch.randn(2, 5, 2)
    model.fakes = lambda *_: fake
    captured = {}
    model.log_dict = lambda values, **_: captured.update(values)
    model.logging_due, model.batches_to_logged = True, 0
    model.discriminator_terms(real, torch.zeros(5))
    model.log_if_due(model.latest_penalties)
    logits = [points @ torch.tensor([2.0, -1.0]) for points in (real, fake)]
    for name, value in model.reading(*logits).items():
        torch.testing.assert_close(captured.pop(f"train/{name}"), value)
    # Without their weights; the slope is √5 everywhere.
    expected = {} if model_class is GAN else {"train/r1": 5, "train/r2": 5}
    assert {name: pytest.approx(value.item()) for name, value in captured.items()} == expected


def test_a_relativistic_game_logs_pairs_and_no_probabilities(fit):
    logged = set(fit(make(R3GAN), log_every_n_steps=1).callback_metrics)
    assert {"train/d_pairs_won", "train/d_margin", "train/r1", "train/r2"} <= logged
    assert not {"train/d_real", "train/d_accuracy_real"} & logged


def test_nothing_is_logged_between_intervals(fit):
    calls = []
    model = make(GAN)
    model.log_dict = lambda values, **_: calls.append(values)
    fit(model, max_epochs=5, log_every_n_steps=5)  # 10 batches
    assert sum("train/d_loss" in values for values in calls) == 2


def test_sampling_uses_evaluation_mode_and_gives_the_mode_back():
    model = make(GAN)
    model.generator.layers.append(nn.BatchNorm1d(2))
    model.train()
    before = model.generator.layers[-1].running_mean.clone()
    samples = model.sample(5)
    assert samples.shape == (5, 2)
    assert not samples.requires_grad
    assert torch.equal(model.generator.layers[-1].running_mean, before)
    assert model.generator.training


def test_samples_come_from_the_average_where_there_is_one(fit):
    model = make(GAN)
    fit(model, GeneratorEMA(half_life=1e9, ramp_up=0), RandomState())
    with torch.no_grad():
        for weight in model.generator.parameters():
            weight.fill_(float("nan"))
    assert model.sample(3).isfinite().all()


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n_critic": 0}, "n_critic must be a positive integer, found 0"),
        ({"generator": MLPDiscriminator}, "expected a Generator, found MLPDiscriminator"),
        ({"discriminator": MLPGenerator}, "expected a Discriminator, found MLPGenerator"),
    ],
)
def test_wrong_parts_are_refused_by_name(model_class, arguments, words):
    with pytest.raises(InputError, match=words):
        make(model_class, **arguments)


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.AdamW, torch.optim.NAdam])
def test_betas_may_be_integers(optimizer):
    make_optimizer = partial(optimizer, betas=(0, 0.9))
    model = make(GAN, g_optimizer=make_optimizer, d_optimizer=make_optimizer)
    for built in model.configure_optimizers()[0]:
        assert built.defaults["betas"] == (0.0, 0.9)


@pytest.mark.parametrize("betas", [(0, 1), 0.9, ("a", "b")])
def test_betas_that_make_no_sense_are_refused_with_the_players_name(betas):
    model = make(GAN, d_optimizer=partial(torch.optim.Adam, betas=betas))
    with pytest.raises(InputError, match="d_optimizer: "):
        model.configure_optimizers()


def test_a_plateau_schedule_is_refused(fit):
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau
    with pytest.raises(InputError, match="ReduceLROnPlateau"):
        fit(make(GAN, lr_scheduler=plateau))


def with_batch_norm(kind):
    return partial(MLPGenerator, latent_dim=3, hidden_dims=[8], norm=kind)


def test_a_single_point_that_batch_normalisation_cannot_take_is_explained(fit):
    with pytest.raises(InputError, match="batches of 2 points or more, found a batch of 1"):
        fit(make(GAN, generator=with_batch_norm(nn.BatchNorm1d)), batch_size=1)


def test_a_remainder_of_one_point_does_not_stop_batch_normalisation(fit, updates):
    fit(make(GAN, generator=with_batch_norm(nn.BatchNorm1d)), updates, batch_size=15)
    assert updates.g_updates == 4


def test_networks_without_batch_normalisation_train_on_single_points(fit, updates):
    fit(make(GAN), updates, batch_size=1, max_epochs=1)
    assert updates.g_updates == 16
