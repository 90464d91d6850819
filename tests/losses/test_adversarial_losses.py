"""Losses of the two players against values worked out by hand."""

import inspect
import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from gan_lightning import losses
from gan_lightning.losses import AdversarialLoss, NonSaturatingLoss, relativistic_pairing_loss

LOG_TWO = math.log(2)


def concrete_losses():
    classes = [value for value in vars(losses).values() if inspect.isclass(value)]
    return [c for c in classes if issubclass(c, AdversarialLoss) and not inspect.isabstract(c)]


every_loss = pytest.mark.parametrize("make", concrete_losses())


@pytest.fixture
def logits():
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.randn(2, 64, generator=generator, dtype=torch.float64)


# Every loss


@every_loss
def test_losses_are_scalars_that_move_the_logits(make, logits):
    real, fake = (part.clone().requires_grad_() for part in logits)
    d_loss, g_loss = make().discriminator(real, fake), make().generator(fake)
    assert d_loss.shape == g_loss.shape == ()
    for gradient in torch.autograd.grad(d_loss, [real, fake]):
        assert gradient.abs().sum() > 0
    assert torch.autograd.grad(g_loss, fake)[0].abs().sum() > 0


@every_loss
def test_the_discriminator_raises_real_logits_and_lowers_fake_ones(make, logits):
    real, fake = (part.clone().requires_grad_() for part in logits)
    real_gradient, fake_gradient = torch.autograd.grad(
        make().discriminator(real, fake), [real, fake]
    )
    assert (real_gradient <= 0).all()
    assert (fake_gradient >= 0).all()


@every_loss
def test_the_generator_raises_fake_logits(make, logits):
    fake = logits[1].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(make().generator(fake), fake)
    assert (gradient <= 0).all()


@every_loss
def test_losses_are_means_and_do_not_grow_with_the_batch(make, logits):
    real, fake = logits
    loss = make()
    twice = loss.discriminator(real.repeat(2), fake.repeat(2))
    torch.testing.assert_close(twice, loss.discriminator(real, fake))
    torch.testing.assert_close(loss.generator(fake.repeat(2)), loss.generator(fake))


@every_loss
@pytest.mark.parametrize("sign", [-1, 1])
def test_losses_and_gradients_are_finite_at_logits_of_a_thousand(make, sign):
    real = torch.full((4,), 1000.0 * sign, requires_grad=True)
    fake = torch.full((4,), -1000.0 * sign, requires_grad=True)
    for loss in (make().discriminator(real, fake), make().generator(fake)):
        assert loss.isfinite()
        gradients = torch.autograd.grad(loss, [real, fake], allow_unused=True)
        assert all(g.isfinite().all() for g in gradients if g is not None)


# Non-saturating


def test_an_undecided_discriminator_pays_log_two_per_term():
    undecided = torch.zeros(4)  # sigmoid(0) = 1/2
    loss = NonSaturatingLoss()
    assert loss.discriminator(undecided, undecided).item() == pytest.approx(2 * LOG_TWO)
    assert loss.generator(undecided).item() == pytest.approx(LOG_TWO)


def test_the_non_saturating_loss_is_the_binary_cross_entropy_of_true_labels(logits):
    real, fake = logits
    one, zero = torch.ones_like(real), torch.zeros_like(fake)
    bce = binary_cross_entropy_with_logits
    loss = NonSaturatingLoss()
    torch.testing.assert_close(loss.discriminator(real, fake), bce(real, one) + bce(fake, zero))
    torch.testing.assert_close(loss.generator(fake), bce(fake, one))


def test_a_sure_and_right_discriminator_pays_nothing():
    sure = torch.full((4,), 1000.0)
    assert NonSaturatingLoss().discriminator(sure, -sure).item() == 0


def test_a_sure_and_wrong_discriminator_pays_its_logits():
    sure = torch.full((4,), 1000.0)  # -log sigmoid(-1000) = 1000 up to exp(-1000)
    assert NonSaturatingLoss().discriminator(-sure, sure).item() == pytest.approx(2000)


def test_the_generators_gradient_does_not_vanish_when_the_discriminator_is_sure():
    fake = torch.full((4,), -1000.0, requires_grad=True)
    (gradient,) = torch.autograd.grad(NonSaturatingLoss().generator(fake), fake)
    # d/dl softplus(-l) = -sigmoid(-l) = -1; the minimax form log(1 - D) would give 0
    torch.testing.assert_close(gradient, torch.full((4,), -1 / 4))


def test_gradients_are_the_errors_of_the_probabilities(logits):
    real, fake = (part.clone().requires_grad_() for part in logits)
    gradients = torch.autograd.grad(NonSaturatingLoss().discriminator(real, fake), [real, fake])
    torch.testing.assert_close(gradients[0], (real.sigmoid() - 1) / 64)
    torch.testing.assert_close(gradients[1], fake.sigmoid() / 64)


def test_real_and_fake_batches_may_differ_in_size():
    loss = NonSaturatingLoss().discriminator(torch.zeros(3), torch.zeros(5))
    assert loss.item() == pytest.approx(2 * LOG_TWO)


# Relativistic pairing


def test_the_relativistic_loss_of_equal_logits_is_log_two(logits):
    winner, _ = logits
    assert relativistic_pairing_loss(winner, winner).item() == pytest.approx(LOG_TWO)


@pytest.mark.parametrize("margin", [-2.0, 0.5, 3.0])
def test_the_relativistic_loss_of_a_margin_is_minus_log_of_its_sigmoid(margin):
    loser = torch.randn(8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = math.log(1 + math.exp(-margin))
    assert relativistic_pairing_loss(loser + margin, loser).item() == pytest.approx(expected)


@pytest.mark.parametrize("shift", [-50.0, 7.0])
def test_the_relativistic_loss_ignores_a_shift_of_all_logits(logits, shift):
    winner, loser = logits
    torch.testing.assert_close(
        relativistic_pairing_loss(winner + shift, loser + shift),
        relativistic_pairing_loss(winner, loser),
    )


def test_the_relativistic_loss_depends_on_who_is_paired_with_whom():
    winner, loser = torch.tensor([0.0, 4.0]), torch.tensor([0.0, 4.0])
    paired = relativistic_pairing_loss(winner, loser).item()
    crossed = relativistic_pairing_loss(winner, loser.flip(0)).item()
    assert paired == pytest.approx(LOG_TWO)
    # margins -4 and 4: softplus(4) + softplus(-4) = 4 + 2 softplus(-4)
    assert crossed == pytest.approx((4 + 2 * math.log1p(math.exp(-4))) / 2)


def test_the_two_players_relativistic_losses_differ_by_the_mean_margin(logits):
    real, fake = logits  # softplus(-m) - softplus(m) = -m
    difference = relativistic_pairing_loss(real, fake) - relativistic_pairing_loss(fake, real)
    torch.testing.assert_close(difference, (fake - real).mean())


def test_the_relativistic_gradient_of_the_winner_is_minus_that_of_the_loser(logits):
    winner, loser = (part.clone().requires_grad_() for part in logits)
    up, down = torch.autograd.grad(relativistic_pairing_loss(winner, loser), [winner, loser])
    torch.testing.assert_close(up, -down)
    torch.testing.assert_close(down, (loser - winner).sigmoid() / 64)


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_relativistic_loss_is_finite_at_logits_of_a_thousand(sign):
    winner = torch.full((4,), 1000.0 * sign, requires_grad=True)
    loss = relativistic_pairing_loss(winner, -winner.detach())
    assert loss.item() == pytest.approx(0 if sign > 0 else 2000)
    assert torch.autograd.grad(loss, winner)[0].isfinite().all()
