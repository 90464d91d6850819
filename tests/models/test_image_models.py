"""Wasserstein, penalised and conditional models against their formulas."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Callback
from torch import nn
from torch.nn.functional import cross_entropy, softplus

from gan_lightning.errors import InputError
from gan_lightning.losses import DRAGAN, R1, HingeLoss
from gan_lightning.models import ACGAN, GAN, WGAN, WGANGP, ConditionalGAN
from gan_lightning.networks import (
    AuxiliaryClassifier,
    Discriminator,
    Generator,
    LabelledDiscriminator,
    LabelledGenerator,
    MLPDiscriminator,
    MLPGenerator,
    ProjectionDiscriminator,
)

SGD = partial(torch.optim.SGD, lr=1e-3)
OPTIMIZERS = {"g_optimizer": SGD, "d_optimizer": SGD}
GENERATOR = partial(MLPGenerator, latent_dim=3, hidden_dims=[8])
DISCRIMINATOR = partial(MLPDiscriminator, hidden_dims=[8])
LABELLED = partial(
    LabelledGenerator,
    generator=partial(MLPGenerator, latent_dim=6, hidden_dims=[8]),
    embedding_dim=3,
)
NUM_CLASSES = 4


def plain(model_class, **options):
    networks = {"generator": GENERATOR, "discriminator": DISCRIMINATOR}
    return model_class((2,), **{**networks, **OPTIMIZERS, **options})


def conditional(model_class, **options):
    judge = AuxiliaryClassifier if model_class is ACGAN else LabelledDiscriminator
    networks = {
        "generator": LABELLED,
        "discriminator": partial(judge, discriminator=DISCRIMINATOR),
    }
    return model_class((2,), num_classes=NUM_CLASSES, **{**networks, **OPTIMIZERS, **options})


MODELS = {
    "WGAN": partial(plain, WGAN),
    "WGANGP": partial(plain, WGANGP),
    "GAN with R1": partial(plain, GAN, penalties=[R1(2.0)]),
    "GAN with DRAGAN": partial(plain, GAN, penalties=[DRAGAN()]),
    "GAN with hinge loss": partial(plain, GAN, loss=HingeLoss()),
    "ConditionalGAN": partial(conditional, ConditionalGAN),
    "ConditionalGAN with projection": partial(
        conditional,
        ConditionalGAN,
        discriminator=partial(ProjectionDiscriminator, discriminator=DISCRIMINATOR),
    ),
    "ACGAN": partial(conditional, ACGAN),
}


def total(terms):
    """What a player minimises in all."""
    assert all(term.shape == () for term in terms.values())
    return sum(terms.values())


every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
every_critic = pytest.mark.parametrize("model_class", [WGAN, WGANGP])
every_conditional = pytest.mark.parametrize("model_class", [ConditionalGAN, ACGAN])


@every_model
def test_the_discriminators_terms_send_no_gradient_to_the_generator(at_batch, make):
    model = at_batch(make())
    total(model.discriminator_terms(torch.randn(4, 2), torch.tensor([0, 1, 2, 3]))).backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None for p in model.discriminator.parameters() if p.dim() > 1)


@every_model
def test_the_generators_terms_reach_every_weight_of_the_generator(make):
    model = make()
    terms = model.generator_terms(torch.randn(40, 2), torch.arange(40) % NUM_CLASSES)
    total(terms).backward()
    assert all(p.grad.abs().sum() > 0 for p in model.generator.parameters())


@every_model
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "64-true"])
def test_both_players_move_in_every_precision(make, fit, updates, precision):
    model = make(**({"n_critic": 1} if isinstance(make(), WGAN | WGANGP) else {}))
    fit(model, updates, precision=precision)
    assert (updates.d_updates, updates.g_updates) == (4, 4)


@every_model
def test_the_judge_gives_logits_of_points_with_labels(make):
    points = torch.randn(5, 2)
    judgement = make().judge(points, torch.tensor([0, 1, 2, 3, 0]))
    assert judgement.logits.shape == (5,)
    assert judgement.points is points


# Critics


@every_critic
def test_a_generator_waits_for_five_critic_steps_even_if_epochs_are_shorter(
    fit, updates, model_class
):
    fit(plain(model_class), updates, max_epochs=10)
    assert (updates.d_updates, updates.g_updates) == (20, 4)


@pytest.mark.parametrize("clip_value", [0.01, 0.1])
def test_weights_of_a_wasserstein_critic_lie_within_the_clip_after_every_step(fit, clip_value):
    largest = []

    class Largest(Callback):
        def on_train_batch_end(self, trainer, model, outputs, batch, batch_idx):
            largest.append(max(p.abs().max().item() for p in model.discriminator.parameters()))

    fit(plain(WGAN, clip_value=clip_value), Largest())
    assert largest == [pytest.approx(clip_value)] * 4  # and reach it: they start outside


@pytest.mark.parametrize("clip_value", [0.0, -1.0, float("nan")])
def test_a_clip_that_leaves_no_weights_is_refused(clip_value):
    with pytest.raises(InputError, match=f"clip_value must be positive, found {clip_value}"):
        plain(WGAN, clip_value=clip_value)


class LinearCritic(MLPDiscriminator):
    """f(x) = a·x, whose gradient is a everywhere."""

    def __init__(self, slope):
        super().__init__((2,), [1])
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, x):
        return x @ self.slope


def with_known_fakes(model, fake):
    model.discriminator = LinearCritic([3.0, -4.0])  # a slope of 5
    model.fakes = lambda num_samples, labels: fake[:num_samples]
    return model, model.discriminator.slope.detach()


def test_wgan_losses_are_differences_of_mean_scores(at_batch):
    real, fake = torch.randn(2, 6, 2)
    model, slope = with_known_fakes(at_batch(plain(WGAN)), fake)
    expected = (fake @ slope).mean() - (real @ slope).mean()
    torch.testing.assert_close(total(model.discriminator_terms(real, None)), expected)
    torch.testing.assert_close(total(model.generator_terms(real, None)), -(fake @ slope).mean())


@pytest.mark.parametrize("gp_weight", [0.0, 10.0])
def test_wgan_gp_adds_the_weighted_slope_error(at_batch, gp_weight):
    real, fake = torch.randn(2, 6, 2)
    model, slope = with_known_fakes(at_batch(plain(WGANGP, gp_weight=gp_weight)), fake)
    expected = (fake @ slope).mean() - (real @ slope).mean() + gp_weight * (5 - 1) ** 2
    torch.testing.assert_close(total(model.discriminator_terms(real, None)), expected)
    torch.testing.assert_close(total(model.generator_terms(real, None)), -(fake @ slope).mean())


def test_a_critics_scores_are_logged_as_scores_and_not_as_probabilities(fit):
    logged = fit(plain(WGANGP), log_every_n_steps=1).callback_metrics
    assert {"train/score_real", "train/score_gap", "train/gradient_penalty"} <= set(logged)
    assert not {"train/d_real", "train/d_accuracy_real"} & set(logged)


@pytest.mark.parametrize(
    ("penalty", "expected"), [(R1(2.0), 2.0 / 2 * 25), (DRAGAN(10.0), 10 * (5 - 1) ** 2)]
)
def test_a_gan_adds_its_penalty_to_the_discriminators_loss_alone(at_batch, penalty, expected):
    real, fake = torch.randn(2, 6, 2)
    free, slope = with_known_fakes(at_batch(plain(GAN)), fake)
    bound, _ = with_known_fakes(at_batch(plain(GAN, penalties=[penalty])), fake)
    without = softplus(-real @ slope).mean() + softplus(fake @ slope).mean()
    torch.testing.assert_close(total(free.discriminator_terms(real, None)), without)
    torch.testing.assert_close(total(bound.discriminator_terms(real, None)), without + expected)
    torch.testing.assert_close(
        total(bound.generator_terms(real, None)), total(free.generator_terms(real, None))
    )


# Labels


class Numbers(Generator):
    """Makes points that are their labels."""

    def __init__(self, data_shape, num_classes):
        super().__init__()
        self.num_classes, self.latent_dim = num_classes, 1
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, z, labels):
        return self.weight * labels[:, None].float().expand(-1, 2)


class Right(Discriminator):
    """Returns ten times the distance of a point from its label."""

    def __init__(self, data_shape, num_classes):
        super().__init__()
        self.num_classes = num_classes
        self.weight = nn.Parameter(torch.tensor(10.0))

    def forward(self, x, labels):
        self.labels = labels
        return self.weight * (x[:, 0] - labels)


def test_both_players_of_a_conditional_gan_receive_the_labels_of_the_batch(at_batch):
    model = at_batch(conditional(ConditionalGAN, generator=Numbers, discriminator=Right))
    labels = torch.tensor([3, 0, 2])
    real = torch.full((3, 2), 1.0)
    real_logits = 10 * (1.0 - labels)
    expected = softplus(-real_logits).mean() + softplus(torch.zeros(3)).mean()
    torch.testing.assert_close(total(model.discriminator_terms(real, labels)), expected)
    assert torch.equal(model.discriminator.labels, labels)
    torch.testing.assert_close(
        total(model.generator_terms(real, labels)), softplus(torch.zeros(()))
    )


def test_acgan_losses_are_the_source_and_the_class_of_real_and_fake(at_batch):
    model = at_batch(conditional(ACGAN))
    real, labels = torch.randn(5, 2), torch.tensor([0, 1, 2, 3, 0])
    fake, asked = torch.randn(5, 2), torch.tensor([3, 3, 1, 0, 2])
    model.random_labels = lambda num_samples: asked
    model.fakes = lambda num_samples, given: fake if given is asked else None
    (real_logits, real_classes), (fake_logits, fake_classes) = map(
        model.discriminator.judge, (real, fake)
    )
    source = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    classes = cross_entropy(real_classes, labels) + cross_entropy(fake_classes, asked)
    torch.testing.assert_close(total(model.discriminator_terms(real, labels)), source + classes)
    expected = softplus(-fake_logits).mean() + cross_entropy(fake_classes, asked)
    torch.testing.assert_close(total(model.generator_terms(real, labels)), expected)


def test_acgan_logs_how_often_real_classes_are_predicted_right(fit):
    logged = fit(conditional(ACGAN), log_every_n_steps=1).callback_metrics
    assert 0 <= logged["train/d_class_accuracy"] <= 1


@every_conditional
def test_samples_given_labels_are_of_those_labels(model_class):
    model = conditional(model_class, generator=Numbers)
    labels = torch.tensor([2, 0, 3, 3, 1])
    samples = model.sample(5, labels)
    assert samples.shape == (5, 2)
    assert not samples.requires_grad
    assert torch.equal(samples[:, 0], labels.float())
    assert torch.equal(model.predict_step((torch.zeros(5, 2), labels), 0), samples)


@every_conditional
def test_samples_without_given_labels_have_all_labels_equally_often(model_class):
    samples = conditional(model_class, generator=Numbers).sample(4000)[:, 0]
    counts = samples.long().bincount(minlength=NUM_CLASSES)
    assert len(counts) == NUM_CLASSES
    assert (counts - 1000).abs().max() < 150  # five standard errors: √(4000 · 3/16) = 27


@every_conditional
def test_each_sample_needs_a_label(model_class):
    model = conditional(model_class, generator=Numbers)
    with pytest.raises(InputError, match="Expected a label for each of 5 samples, found 4"):
        model.sample(5, torch.zeros(4).long())


def test_a_model_without_labels_takes_none():
    model = plain(GAN)
    assert model.num_classes is None
    with pytest.raises(InputError, match="GAN is not conditional: it takes no labels"):
        model.sample(3, torch.zeros(3).long())


@every_conditional
@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_a_network_without_labels_is_refused_beside_one_with_labels(model_class, part):
    other = "discriminator" if part == "generator" else "generator"
    network = GENERATOR if part == "generator" else DISCRIMINATOR
    with pytest.raises(InputError, match=f"The {other} knows labels and the {part} does not"):
        conditional(model_class, **{part: network})


@every_conditional
def test_conditional_models_refuse_networks_without_labels(model_class):
    kind = "LabelledDiscriminator" if model_class is ConditionalGAN else "AuxiliaryClassifier"
    with pytest.raises(InputError, match=f"networks that know labels, such as .* and {kind}"):
        conditional(model_class, generator=GENERATOR, discriminator=DISCRIMINATOR)
