"""Real and generated points that the discriminator judges in one pass."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.losses import R1, FiniteDifference
from gan_lightning.models import ACGAN, GAN, R3GAN, WGAN, ConditionalGAN
from gan_lightning.networks import (
    AuxiliaryClassifier,
    ConvDiscriminator,
    DCGANDiscriminator,
    FourierFeatures,
    InstanceNoise,
    LabelledDiscriminator,
    LabelledGenerator,
    MinibatchStd,
    MLPDiscriminator,
    Packing,
    ProjectionDiscriminator,
    R3Discriminator,
    ResNetDiscriminator,
    one_pass_suffices,
)


class OwnActivation(nn.Module):
    """Might look at the whole batch, for all that anybody knows."""

    def forward(self, x):
        return x - x.mean()


class OwnDiscriminator(MLPDiscriminator):
    """Might look at the whole batch as well."""


IMAGE, PLANE = (1, 16, 16), (2,)

ALONE = [
    (MLPDiscriminator, PLANE),
    (partial(MLPDiscriminator, norm=nn.LayerNorm), PLANE),
    (partial(DCGANDiscriminator, base_channels=4, norm=nn.Identity), IMAGE),
    (partial(ConvDiscriminator, base_channels=4, hidden_dim=8), IMAGE),
    (partial(ResNetDiscriminator, base_channels=4, spectral_norm=False), IMAGE),
    (partial(R3Discriminator, base_channels=8), IMAGE),
    (FourierFeatures, PLANE),
    (partial(LabelledDiscriminator, num_classes=3), PLANE),
    (partial(ProjectionDiscriminator, num_classes=3), PLANE),
]
TOGETHER = [
    (partial(MLPDiscriminator, norm=nn.BatchNorm1d), PLANE),
    (partial(MLPDiscriminator, activation=OwnActivation), PLANE),
    (OwnDiscriminator, PLANE),
    (partial(DCGANDiscriminator, base_channels=4), IMAGE),
    (partial(ResNetDiscriminator, base_channels=4), IMAGE),
    (MinibatchStd, PLANE),
    (Packing, PLANE),
    (InstanceNoise, PLANE),
    (partial(FourierFeatures, discriminator=MinibatchStd), PLANE),
    (partial(LabelledDiscriminator, num_classes=3, discriminator=Packing), PLANE),
    (partial(AuxiliaryClassifier, num_classes=3), PLANE),
]


@pytest.mark.parametrize(("make", "shape"), ALONE)
def test_a_discriminator_that_judges_each_point_alone_gives_it_the_same_logit_in_any_batch(
    make, shape
):
    torch.manual_seed(0)
    discriminator = make(shape).double()
    assert one_pass_suffices(discriminator)
    first, last = torch.randn(2, 5, *shape, dtype=torch.float64)
    labels = () if discriminator.num_classes is None else (torch.tensor([0, 1, 2, 0, 1]),)
    apart = [discriminator(x, *labels) for x in (first, last)]
    twice = [torch.cat([y, y]) for y in labels]
    together = discriminator(torch.cat([first, last]), *twice)
    assert torch.allclose(together, torch.cat(apart), atol=1e-12)


@pytest.mark.parametrize(("make", "shape"), TOGETHER)
def test_other_discriminators_are_found_at_any_depth(make, shape):
    assert not one_pass_suffices(make(shape))


def make(model_class=GAN, discriminator=MLPDiscriminator, **arguments):
    torch.manual_seed(0)
    return model_class((2,), discriminator=discriminator, **arguments)


class Passes:
    """Counts how many points each pass of a discriminator judges."""

    def __init__(self, model):
        self.sizes = []
        model.discriminator.register_forward_hook(lambda _m, x, _y: self.sizes.append(len(x[0])))


PLAIN = [8 + 8, 8]
"""One pass of both kinds of points in the discriminator's step, one in the generator's."""


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        (make(), PLAIN),
        (make(WGAN, n_critic=1), PLAIN),
        (make(R3GAN, gamma=0.0), [*PLAIN, 8]),
        (make(penalties=[FiniteDifference("real", 0.1)]), [8 + 8, 8, 8]),
        (make(penalties=[R1(1.0)]), [8, 8, 8]),
        (make(discriminator=MinibatchStd), [8, 8, 8]),
        (make(discriminator=OwnDiscriminator), [8, 8, 8]),
    ],
)
def test_points_are_judged_in_one_pass_where_that_changes_no_logit(fit, model, sizes):
    passes = Passes(model)
    fit(model, max_epochs=1)
    assert passes.sizes == 2 * sizes


def test_a_lazy_penalty_costs_its_own_batches_the_single_pass(fit):
    model = make(penalties=[R1(1.0, every=2)])
    passes = Passes(model)
    fit(model, max_epochs=1)
    assert passes.sizes == [8, 8, 8, *PLAIN]


def test_a_game_with_a_judge_of_its_own_is_asked_for_each_kind_of_points(fit):
    class Doubled(GAN):
        def judge(self, x, labels):
            assert len(x) == 8
            judgement = super().judge(x, labels)
            return judgement._replace(logits=2 * judgement.logits)

    fit(make(Doubled), max_epochs=1)


def test_auxiliary_classes_are_still_judged_by_kind(fit):
    networks = {"generator": LabelledGenerator, "discriminator": AuxiliaryClassifier}
    model = make(ACGAN, num_classes=4, **networks)
    fit(model, max_epochs=1)
    assert not model.judges_in_one_pass


@pytest.mark.parametrize(
    "model",
    [
        make(),
        make(R3GAN, gamma=0.0),
        make(penalties=[FiniteDifference("fake", 0.1)]),
        make(
            ConditionalGAN,
            num_classes=3,
            generator=LabelledGenerator,
            discriminator=ProjectionDiscriminator,
        ),
    ],
)
def test_one_pass_has_the_loss_and_the_gradient_of_two(at_batch, model):
    model = at_batch(model.double())
    real, labels = torch.randn(6, 2, dtype=torch.float64), torch.tensor([0, 1, 2, 0, 1, 2])
    found = []
    for model.judges_in_one_pass in (False, True):
        torch.manual_seed(1)
        model.zero_grad()
        loss = sum(model.discriminator_terms(real, labels).values())
        loss.backward()
        found.append([loss, *(p.grad for p in model.discriminator.parameters())])
    for apart, together in zip(*found, strict=True):
        assert torch.allclose(apart, together, atol=1e-12)


def test_the_older_spectral_normalisation_is_found_too():
    discriminator = MLPDiscriminator(PLANE)
    nn.utils.spectral_norm(discriminator.head)
    assert not one_pass_suffices(discriminator)
