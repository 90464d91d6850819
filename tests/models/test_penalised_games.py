"""Penalties and augmentation within a game: when they are used, and what they see."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Callback
from torch import nn

from gan_lightning.losses import DRAGAN, R1, R2, FiniteDifference, GradientPenalty, Penalty
from gan_lightning.models import ACGAN, GAN, R3GAN, WGANGP
from gan_lightning.networks import (
    Augmentation,
    AuxiliaryClassifier,
    DiffAugment,
    Discriminator,
    LabelledDiscriminator,
    LabelledGenerator,
    MLPDiscriminator,
    MLPGenerator,
    ProjectionDiscriminator,
)
from gan_lightning.schedules import Linear

ADAM = partial(torch.optim.Adam, lr=0.01)
NETWORKS = {
    "generator": partial(MLPGenerator, latent_dim=3, hidden_dims=[8]),
    "discriminator": partial(MLPDiscriminator, hidden_dims=[8]),
}
LABELLED = partial(
    LabelledGenerator, generator=partial(MLPGenerator, latent_dim=6), embedding_dim=3
)
NUM_CLASSES = 4
PENALTIES = {
    "R1": R1,
    "R2": R2,
    "GradientPenalty": GradientPenalty,
    "DRAGAN": DRAGAN,
    "FiniteDifference": FiniteDifference,
    "FiniteDifference at fake points": partial(FiniteDifference, "fake"),
}
every_penalty = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)


def make(model_class, **options):
    return model_class(
        (2,), **{**NETWORKS, "g_optimizer": ADAM, "d_optimizer": ADAM, "n_critic": 1, **options}
    )


def conditional(model_class, judge=LabelledDiscriminator, **options):
    networks = {
        "generator": LABELLED,
        "discriminator": partial(judge, discriminator=NETWORKS["discriminator"]),
    }
    return make(model_class, num_classes=NUM_CLASSES, **{**networks, **options})


class Linear2(Discriminator):
    """D(x) = 3 x₁ - 4 x₂, with a slope of 5."""

    def __init__(self, data_shape=(2,)):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor([3.0, -4.0]))

    def forward(self, x):
        return x @ self.slope


# Forward passes


class Passes(Callback):
    """Counts the discriminator's forward passes in the steps of either player."""

    def setup(self, trainer, model, stage):
        self.counts, self.count = {"d": set(), "g": set()}, 0
        model.discriminator.register_forward_pre_hook(self.one_more)

    def one_more(self, *_):
        self.count += 1

    def on_before_optimizer_step(self, trainer, model, optimizer):
        player = "d" if optimizer is trainer.optimizers[0] else "g"
        self.counts[player].add(self.count)
        self.count = 0


@pytest.mark.parametrize(
    ("model", "d_passes", "g_passes"),
    [
        (partial(make, GAN), 1, 1),  # real and generated points at once
        (partial(make, GAN, penalties=[R1()]), 2, 1),  # it shares those of the loss
        (partial(make, GAN, penalties=[R1(), R2()]), 2, 1),
        (partial(make, GAN, penalties=[DRAGAN()]), 2, 1),
        (partial(make, GAN, penalties=[R1(), FiniteDifference("fake")]), 3, 1),
        (partial(make, WGANGP), 2, 1),
        (partial(make, R3GAN), 2, 2),  # it compares with real points in both steps
        (partial(make, R3GAN, penalties=[]), 1, 2),
        (partial(conditional, R3GAN), 2, 2),
        (partial(conditional, GAN), 1, 1),
    ],
)
def test_no_point_is_judged_more_often_than_the_game_needs(fit, model, d_passes, g_passes):
    passes = Passes()
    fit(model(), passes)
    assert passes.counts == {"d": {d_passes}, "g": {g_passes}}


# Laziness and weights


class Counted(Penalty):
    """Returns a number, 1 by default, and remembers when it was called."""

    def __init__(self, every):
        super().__init__("counted", 2.0, every)
        self.seen = []
        self.number = lambda: 1

    def __call__(self, judge, real, fake):
        self.seen.append((len(real.points), len(fake.points)))
        return real.logits.mean() * 0 + self.number()


@pytest.mark.parametrize(("every", "uses"), [(1, 8), (2, 4), (3, 3), (7, 2), (8, 1)])
def test_a_lazy_penalty_is_used_in_the_first_batch_and_then_at_its_interval(fit, every, uses):
    penalty = Counted(every)
    fit(make(GAN, penalties=[penalty]), max_epochs=4)  # of two batches each
    assert penalty.seen == [(8, 8)] * uses


@pytest.mark.parametrize("index", range(9))
def test_a_lazy_penalty_is_weighted_by_its_interval_at_its_batches_and_absent_between_them(
    at_batch, index
):
    model = at_batch(make(GAN, penalties=[R1(6.0, every=4)], discriminator=Linear2), index)
    terms = model.discriminator_terms(torch.randn(5, 2), torch.zeros(5))
    if index % 4 == 0:
        assert terms["r1"].item() == pytest.approx(4 * 6 / 2 * 25)
    else:
        assert terms.keys() == {"loss"}


class Latest(Callback):
    """Remembers the penalty that would be logged after each batch."""

    def __init__(self):
        self.logged = {}

    def on_train_batch_end(self, trainer, model, outputs, batch, batch_idx):
        if "train/counted" in trainer.callback_metrics:
            self.logged[model.batches] = trainer.callback_metrics["train/counted"].item()


@pytest.mark.parametrize("every", [1, 2, 4, 5])
def test_a_logged_batch_shows_the_latest_use_of_a_lazy_penalty(fit, every):
    penalty, latest = Counted(every), Latest()
    penalty.number = lambda: float(len(penalty.seen))
    fit(make(GAN, penalties=[penalty]), latest, max_epochs=4, log_every_n_steps=4)
    assert latest.logged[4] == 1 + 3 // every
    assert latest.logged[8] == 1 + 7 // every


def test_lazy_penalties_of_r3gan_weigh_more_and_are_used_every_so_many_batches(at_batch):
    for index, expected in [(0, 4 * 6.0 / 2 * 25), (4, 4 * 6.0 / 2 * 25), (1, None), (3, None)]:
        model = at_batch(make(R3GAN, gamma=6.0, every=4, discriminator=Linear2), index)
        terms = model.discriminator_terms(torch.randn(5, 2), torch.zeros(5))
        assert {"r1": expected, "r2": expected} == {
            name: terms[name].item() if name in terms else None for name in ("r1", "r2")
        }


def test_the_lazy_penalty_of_wgan_gp_weighs_more_and_is_used_every_so_many_batches(at_batch):
    for index, expected in [(0, 4 * 10.0 * (5 - 1) ** 2), (4, 640.0), (1, None), (3, None)]:
        model = at_batch(make(WGANGP, gp_weight=10.0, every=4, discriminator=Linear2), index)
        terms = model.discriminator_terms(torch.randn(5, 2), torch.zeros(5))
        found = terms.get("gradient_penalty")
        assert (found if found is None else found.item()) == pytest.approx(expected)


@pytest.mark.parametrize(("points_seen", "gamma"), [(0, 8.0), (50, 5.0), (100, 2.0), (999, 2.0)])
def test_gamma_on_a_schedule_reaches_both_penalties_of_r3gan(at_batch, points_seen, gamma):
    model = at_batch(make(R3GAN, gamma=Linear(8.0, 2.0, points=100), discriminator=Linear2))
    model.points_seen = points_seen
    terms = model.discriminator_terms(torch.randn(5, 2), torch.zeros(5))
    assert terms["r1"].item() == pytest.approx(gamma / 2 * 25)
    assert terms["r2"].item() == pytest.approx(gamma / 2 * 25)


def test_schedules_go_by_the_points_of_the_batches_before(fit):
    weights = []

    class Watched(R1):
        def weight_at(self, points_seen):
            weights.append(points_seen)
            return super().weight_at(points_seen)

    fit(make(GAN, penalties=[Watched()]))
    assert weights == [0, 8, 16, 24]


def test_penalties_in_place_of_r3gans_own_are_the_only_ones(at_batch):
    model = at_batch(make(R3GAN, penalties=[DRAGAN(2.0)], discriminator=Linear2))
    terms = model.discriminator_terms(torch.randn(5, 2), torch.zeros(5))
    assert terms.keys() == {"loss", "dragan"}
    assert terms["dragan"].item() == pytest.approx(2 * (5 - 1) ** 2)


def test_two_penalties_of_one_kind_are_both_added(at_batch):
    real, fake = torch.randn(2, 5, 2)
    model = make(WGANGP, gp_weight=10.0, penalties=[GradientPenalty(7.0)], discriminator=Linear2)
    at_batch(model).fakes = lambda *_: fake
    expected = (fake - real).mean(0) @ torch.tensor([3.0, -4.0]) + (10 + 7) * (5 - 1) ** 2
    found = sum(model.discriminator_terms(real, torch.zeros(5)).values())
    torch.testing.assert_close(found, expected)


# Labels and precision


class SlopeOfLabel(Discriminator):
    """D(x, label) = (label + 1) x₁, with a slope of label + 1."""

    def __init__(self, data_shape, num_classes):
        super().__init__()
        self.num_classes = num_classes
        self.slopes = nn.Parameter(torch.arange(1.0, num_classes + 1))

    def forward(self, x, labels):
        return self.slopes[labels] * x[:, 0]


@every_penalty
def test_penalties_are_of_the_discriminator_that_receives_the_labels(at_batch, penalty):
    model = at_batch(conditional(GAN, penalties=[penalty()], discriminator=SlopeOfLabel))
    labels = torch.tensor([0, 0, 3, 1]).repeat(5000)
    if penalty in (GradientPenalty, DRAGAN):
        expected = (0 + 0 + 3**2 + 1) / 4  # (slope - 1)²
    else:
        expected = (1 + 1 + 4**2 + 2**2) / 4  # slope²
    terms = model.discriminator_terms(torch.randn(20_000, 2), labels)
    found = terms[penalty().name] / penalty().weight_at(0)
    # A finite difference is a mean of chi-squared numbers; five standard errors: √(2·137 / 20 000).
    assert found.item() == pytest.approx(expected, abs=5 * 0.117 if "finite" in str(terms) else 0.1)


CONDITIONAL = {
    "R3GAN": partial(conditional, R3GAN),
    "R3GAN with projection": partial(conditional, R3GAN, ProjectionDiscriminator),
    "WGANGP": partial(conditional, WGANGP),
    "WGANGP with projection": partial(conditional, WGANGP, ProjectionDiscriminator),
    "ACGAN with R1": partial(conditional, ACGAN, AuxiliaryClassifier, penalties=[R1()]),
    **{f"GAN with {n}": partial(conditional, GAN, penalties=[p()]) for n, p in PENALTIES.items()},
}
precisions = pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "bf16-true"])


@precisions
@pytest.mark.parametrize("model", CONDITIONAL.values(), ids=CONDITIONAL)
def test_conditional_games_are_penalised_in_every_precision(fit, updates, model, precision):
    model = model()
    fit(model, updates, precision=precision)
    assert (updates.d_updates, updates.g_updates) == (4, 4)
    assert model.label_counts.tolist() == [8, 8, 8, 8]
    assert model.sample(3, torch.tensor([1, 0, 2])).isfinite().all()


@precisions
@pytest.mark.parametrize("make_model", [partial(make, R3GAN), partial(make, WGANGP)])
def test_games_without_labels_are_penalised_in_every_precision(fit, updates, make_model, precision):
    fit(make_model(), updates, precision=precision)
    assert (updates.d_updates, updates.g_updates) == (4, 4)


@every_penalty
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_penalties_are_right_under_autocast_whatever_the_precision_of_the_batch(
    at_batch, penalty, dtype
):
    model = at_batch(make(GAN, penalties=[penalty()], discriminator=Linear2))
    with torch.autocast("cpu", torch.bfloat16):
        terms = model.discriminator_terms(torch.randn(20_000, 2).to(dtype), torch.zeros(20_000))
    found = terms[penalty().name] / penalty().weight_at(0)
    expected = 16 if penalty in (GradientPenalty, DRAGAN) else 25
    assert found.item() == pytest.approx(expected, rel=0.06)
    sum(terms.values()).backward()
    assert model.discriminator.slope.grad.dtype == torch.float32
    assert model.discriminator.slope.grad.isfinite().all()


@every_penalty
def test_penalties_send_no_gradient_to_the_generator(at_batch, penalty):
    model = at_batch(make(GAN, penalties=[penalty()]))
    sum(model.discriminator_terms(torch.randn(5, 2), torch.zeros(5)).values()).backward()
    assert all(weight.grad is None for weight in model.generator.parameters())


# Augmentation


class Shift(Augmentation):
    """Moves all points by 5, and records its arguments."""

    def __init__(self):
        super().__init__()
        self.observed, self.followed = [], []

    def forward(self, x):
        return x + 5

    def observe(self, real_logits):
        assert not real_logits.requires_grad
        self.observed.append(real_logits)

    def follow(self, points_seen):
        self.followed.append(points_seen)


@pytest.mark.parametrize("model_class", [GAN, R3GAN])
def test_both_players_see_real_and_generated_points_changed_alike(at_batch, model_class):
    model, seen = at_batch(make(model_class, augmentation=Shift())), []
    model.discriminator.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    real, fake = torch.randn(2, 5, 2)
    model.fakes = lambda *_: fake
    model.discriminator_terms(real, torch.zeros(5))
    torch.testing.assert_close(torch.stack(seen), torch.stack([real, fake]) + 5)
    seen.clear()
    model.generator_terms(real, torch.zeros(5))
    expected = [fake, real][: 2 if model_class is R3GAN else 1]
    torch.testing.assert_close(torch.stack(seen), torch.stack(expected) + 5)


def test_an_augmentation_receives_the_real_logits_and_the_points_seen(fit):
    augmentation = Shift()
    fit(make(GAN, augmentation=augmentation))
    assert [logits.shape for logits in augmentation.observed] == [(8,)] * 4
    assert augmentation.followed == [0, 8, 16, 24, 32]


def test_an_augmentation_learns_the_range_of_the_data_when_training_starts():
    generator = partial(MLPGenerator, output=torch.nn.Sigmoid)
    model = make(GAN, augmentation=Shift(), generator=generator)
    assert model.augmentation.data_range == (-1, 1)
    model.trainer = SimpleNamespace(datamodule=SimpleNamespace(data_range=(0, 1)))
    model.on_fit_start()
    assert model.augmentation.data_range == (0, 1)


def test_samples_are_not_augmented():
    model = make(GAN, augmentation=Shift())
    assert model.sample(20).abs().max() <= 1  # what a hyperbolic tangent ends with


def test_the_generator_learns_through_the_augmentation():
    model = GAN((1, 8, 8), **NETWORKS, augmentation=DiffAugment())
    real = torch.randn(6, 1, 8, 8)
    sum(model.generator_terms(real, torch.zeros(6)).values()).backward()
    assert all(weight.grad.any() for weight in model.generator.parameters() if weight.dim() > 1)


class Noise(Augmentation):
    """Moves each point by a standard normal, another one each time."""

    def forward(self, x):
        return x + torch.randn_like(x)


@pytest.mark.parametrize("penalty", [R1, FiniteDifference])
def test_a_penalty_is_on_the_slope_of_the_critic_and_not_on_what_augmentation_adds(
    at_batch, penalty
):
    options = {"penalties": [penalty()], "augmentation": Noise(), "discriminator": Linear2}
    terms = at_batch(make(GAN, **options)).discriminator_terms(
        torch.randn(20_000, 2), torch.zeros(20_000)
    )
    found = terms[penalty().name] / penalty().weight_at(0)
    assert found.item() == pytest.approx(25, rel=0.05)
