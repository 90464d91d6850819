"""Losses of the two players against values worked out by hand."""

import inspect
import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from gan_lightning import losses
from gan_lightning.errors import InputError
from gan_lightning.losses import (
    AdversarialLoss,
    HingeLoss,
    LeastSquaresLoss,
    NonSaturatingLoss,
    SaturatingLoss,
    relativistic_pairing_loss,
)

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
def test_an_undecided_discriminator_raises_real_logits_and_lowers_fake_ones(make):
    real, fake = torch.zeros(2, 8, requires_grad=True)  # farther out, squares turn back
    gradients = torch.autograd.grad(make().discriminator(real, fake), [real, fake])
    assert (gradients[0] < 0).all()
    assert (gradients[1] >= 0).all()
    assert gradients[1].sum() > 0 or isinstance(make(), LeastSquaresLoss)  # 0 is its target


@every_loss
def test_the_discriminator_lowers_fake_logits_that_it_takes_for_real(make):
    real, fake = torch.ones(2, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(make().discriminator(real, fake), fake)
    assert (gradient > 0).all()


@every_loss
def test_the_generator_raises_fake_logits_that_deceive_nobody(make):
    for logit in (-1.0, 0.0):
        fake = torch.full((8,), logit, requires_grad=True)
        (gradient,) = torch.autograd.grad(make().generator(fake), fake)
        assert (gradient < 0).all()


@pytest.mark.parametrize("make", [NonSaturatingLoss, SaturatingLoss, HingeLoss])
def test_losses_but_least_squares_never_turn_back(make, logits):
    real, fake = (part.clone().requires_grad_() for part in logits)
    real_gradient, fake_gradient = torch.autograd.grad(
        make().discriminator(real, fake), [real, fake]
    )
    assert (real_gradient <= 0).all()
    assert (fake_gradient >= 0).all()
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


# Label smoothing


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_smoothed_real_labels_are_the_cross_entropy_of_one_minus_the_smoothing(logits, smoothing):
    real, fake = logits
    bce = binary_cross_entropy_with_logits
    target, zero = torch.full_like(real, 1 - smoothing), torch.zeros_like(fake)
    loss = NonSaturatingLoss(smoothing)
    torch.testing.assert_close(loss.discriminator(real, fake), bce(real, target) + bce(fake, zero))


@pytest.mark.parametrize("smoothing", [0.05, 0.1, 0.4])
def test_the_best_real_logit_is_that_of_the_smoothed_label(smoothing):
    best = math.log((1 - smoothing) / smoothing)  # logit(1 - s)
    real = torch.full((4,), best, dtype=torch.float64, requires_grad=True)
    loss = NonSaturatingLoss(smoothing)
    (gradient,) = torch.autograd.grad(loss.discriminator(real, real.detach()), real)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient))
    at_best = loss.discriminator(real, torch.zeros(4))
    for step in (-0.5, 0.5):
        assert loss.discriminator(real + step, torch.zeros(4)) > at_best


def test_label_smoothing_is_one_sided_and_leaves_the_generator_alone(logits):
    plain, smoothed = NonSaturatingLoss(), NonSaturatingLoss(0.3)
    assert smoothed.generator(logits[1]) == plain.generator(logits[1])
    fake = logits[1].clone().requires_grad_()
    gradients = [
        torch.autograd.grad(loss.discriminator(logits[0], fake), fake)[0]
        for loss in (plain, smoothed)
    ]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("smoothing", [-0.1, 0.5, 1.0, math.nan])
def test_an_invalid_label_smoothing_is_refused(smoothing):
    with pytest.raises(
        InputError, match=rf"label_smoothing must lie in \[0, 0.5\), found {smoothing}"
    ):
        NonSaturatingLoss(smoothing)


# Saturating


def test_the_saturating_loss_is_a_zero_sum_game_except_for_the_real_term(logits):
    real, fake = logits
    loss = SaturatingLoss()
    log_d, log_not_d = real.sigmoid().log().mean(), (1 - fake.sigmoid()).log().mean()
    torch.testing.assert_close(loss.discriminator(real, fake), -log_d - log_not_d)
    torch.testing.assert_close(loss.generator(fake), log_not_d)


def test_the_saturating_generator_learns_nothing_from_a_sure_discriminator():
    fake = torch.full((4,), -1000.0, requires_grad=True)
    (gradient,) = torch.autograd.grad(SaturatingLoss().generator(fake), fake)
    assert torch.equal(gradient, torch.zeros(4))  # -sigmoid(-1000)


# Least squares


def test_the_least_squares_loss_is_half_the_squared_distance_to_the_labels():
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, -2.0])
    loss = LeastSquaresLoss()
    assert loss.discriminator(real, fake).item() == pytest.approx(((0 + 4) / 2 + (0 + 4) / 2) / 2)
    assert loss.generator(fake).item() == pytest.approx((1 + 9) / 2 / 2)


def test_the_least_squares_players_want_one_and_zero():
    loss, one, zero = LeastSquaresLoss(), torch.ones(4), torch.zeros(4)
    assert loss.discriminator(one, zero).item() == 0
    assert loss.generator(one).item() == 0
    assert loss.discriminator(2 * one, zero) > 0  # too sure is wrong too


# Hinge


def test_the_hinge_loss_is_the_distance_to_the_margin():
    real, fake = torch.tensor([0.0, 3.0, -2.0]), torch.tensor([0.0, -4.0, 1.0])
    loss = HingeLoss()
    assert loss.discriminator(real, fake).item() == pytest.approx((1 + 0 + 3) / 3 + (1 + 0 + 2) / 3)
    assert loss.generator(fake).item() == pytest.approx((0 + 4 - 1) / 3)


def test_beyond_the_margin_the_hinge_discriminator_rests_and_the_generator_does_not():
    real = torch.full((4,), 1.5, requires_grad=True)
    fake = torch.full((4,), -1.5, requires_grad=True)
    loss = HingeLoss()
    for gradient in torch.autograd.grad(loss.discriminator(real, fake), [real, fake]):
        assert torch.equal(gradient, torch.zeros(4))
    (gradient,) = torch.autograd.grad(loss.generator(fake), fake)
    torch.testing.assert_close(gradient, torch.full((4,), -1 / 4))


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
