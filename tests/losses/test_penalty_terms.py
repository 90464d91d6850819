"""Penalties, as terms of a discriminator's objective, against critics whose gradient is known."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.losses import DRAGAN, R1, R2, FiniteDifference, GradientPenalty, Judged
from gan_lightning.schedules import Linear

PENALTIES = {
    "R1": R1,
    "R2": R2,
    "GradientPenalty": GradientPenalty,
    "DRAGAN": DRAGAN,
    "FiniteDifference at real points": FiniteDifference,
    "FiniteDifference at fake points": partial(FiniteDifference, "fake"),
}
every_penalty = pytest.mark.parametrize("make", PENALTIES.values(), ids=PENALTIES)
every_zero_centred = pytest.mark.parametrize("make", [R1, R2])
every_one_centred = pytest.mark.parametrize("make", [GradientPenalty, DRAGAN])
every_kind = pytest.mark.parametrize("at", ["real", "fake"])


def linear(*slope):
    """A critic whose gradient is ``slope`` everywhere."""
    weight = torch.tensor(slope, requires_grad=True)

    def critic(x):
        return x.flatten(1) @ weight.to(x)

    critic.weight = weight
    return critic


def squares(x):
    """A critic whose gradient is 2x."""
    return x.flatten(1).square().sum(1)


class Seen:
    """A critic that remembers the points it was asked about."""

    def __call__(self, x):
        self.points = x.detach()
        return squares(x)


def value(penalty, critic, real, fake):
    """The value of a penalty for a critic, which has judged both kinds of points before."""
    points = [x.clone().requires_grad_() for x in (real, fake)]
    return penalty(critic, *[Judged(x, critic(x)) for x in points])


@every_penalty
def test_a_penalty_is_a_scalar_that_moves_the_critic(make):
    critic = linear(3.0, 4.0)
    found = value(make(), critic, *torch.randn(2, 8, 2))
    assert found.shape == ()
    found.backward()
    assert critic.weight.grad.norm() > 0


@every_penalty
@pytest.mark.parametrize("data_shape", [(2,), (1, 4, 4), (3, 2, 2)])
def test_penalties_take_points_of_any_shape(make, data_shape):
    size = math.prod(data_shape)
    found = value(make(), linear(*[1.0] * size), *torch.randn(2, 8, *data_shape))
    assert found.isfinite()


@every_penalty
def test_penalties_of_a_flat_critic_are_finite_in_value_and_gradient(make):
    critic = nn.Linear(2, 1)
    nn.init.zeros_(critic.weight)
    found = value(make(), lambda x: critic(x).squeeze(1), *torch.randn(2, 8, 2))
    found.backward()
    assert found.isfinite()
    assert critic.weight.grad.isfinite().all()


@every_one_centred
def test_penalties_that_judge_other_points_do_so_in_float32_under_autocast(make):
    dtypes, critic = [], nn.Linear(2, 1)

    def judge(x):
        logits = critic(x).squeeze(1)
        dtypes.extend([x.dtype, logits.dtype])
        return logits

    points = Judged(torch.randn(4, 2), torch.zeros(4))
    with torch.autocast("cpu", torch.bfloat16):
        assert critic(torch.randn(4, 2)).dtype == torch.bfloat16
        found = make()(judge, points, points)
    assert set(dtypes) == {torch.float32}
    assert found.dtype == torch.float32
    found.backward()
    assert critic.weight.grad.isfinite().all()


@every_one_centred
def test_penalties_that_judge_other_points_need_no_gradient_of_those_judged_before(make):
    x, critic = torch.randn(4, 2), linear(1.0, 2.0)
    make()(critic, Judged(x, torch.zeros(4)), Judged(x + 1, torch.zeros(4))).backward()
    assert not x.requires_grad
    assert critic.weight.grad is not None


# R1 and R2


@every_zero_centred
@pytest.mark.parametrize("gamma", [0.5, 10.0])
def test_r1_and_r2_of_a_linear_critic_are_half_gamma_times_its_squared_slope(make, gamma):
    penalty = make(gamma)
    found = value(penalty, linear(3.0, 4.0), *torch.randn(2, 8, 2))
    assert found.item() == pytest.approx(25)
    assert penalty.weight_at(0) == gamma / 2


def test_r1_of_a_quadratic_critic_is_taken_at_the_real_points_and_r2_at_the_fake_ones():
    real, fake = torch.randn(8, 2), 3 + torch.randn(8, 2)
    for penalty, points in [(R1(), real), (R2(), fake)]:
        expected = 4 * points.square().sum(1).mean()
        torch.testing.assert_close(value(penalty, squares, real, fake), expected)


@every_zero_centred
def test_r1_and_r2_reuse_the_logits_and_judge_nothing_again(make):
    def judge(x):
        raise AssertionError("the loss has judged these points already")

    points = torch.randn(2, 8, 2).requires_grad_()
    real, fake = (Judged(x, linear(3.0, 4.0)(x)) for x in points.unbind())
    if make is R1:  # the others may be of any kind
        fake = Judged(fake.points.detach(), torch.zeros(8))
    else:
        real = Judged(real.points.detach(), torch.zeros(8))
    assert make()(judge, real, fake).item() == pytest.approx(25)
    assert make().slope_at == {"real" if make is R1 else "fake"}


# Gradient penalty


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
def test_the_gradient_penalty_of_a_linear_critic_is_its_slope_error(slope):
    penalty = GradientPenalty(7.0)
    found = value(penalty, linear(slope, 0.0), *torch.randn(2, 64, 2))
    assert found.item() == pytest.approx((slope - 1) ** 2, abs=1e-5)
    assert penalty.weight_at(0) == 7


def test_the_gradient_penalty_of_a_quadratic_critic_is_taken_between_real_and_fake():
    # At t in [0, 1] the slope of x² is 2t: E(2t - 1)² is 1/3.
    found = value(GradientPenalty(), squares, torch.zeros(20_000, 1), torch.ones(20_000, 1))
    # (2t - 1)² has the variance 1/5 - 1/9 = 4/45; five standard errors.
    assert found.item() == pytest.approx(1 / 3, abs=5 * math.sqrt(4 / 45 / 20_000))


# DRAGAN


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
def test_dragan_of_a_linear_critic_is_its_weighted_slope_error(slope):
    penalty = DRAGAN(10.0)
    found = penalty.weight_at(0) * value(penalty, linear(slope, 0.0), *torch.randn(2, 64, 2))
    assert found.item() == pytest.approx(10 * (slope - 1) ** 2, abs=1e-4)


def test_dragan_looks_around_the_real_points_up_to_half_their_deviation():
    critic, real = Seen(), 3 * torch.randn(400, 5)
    DRAGAN()(critic, Judged(real, torch.zeros(400)), Judged(real + 9, torch.zeros(400)))
    noise = (critic.points - real) / real.std()
    assert noise.min() >= -1e-6
    assert noise.max() <= 0.5 + 1e-6
    assert noise.mean().item() == pytest.approx(1 / 4, abs=0.02)
    assert noise.std().item() == pytest.approx(0.5 / math.sqrt(12), abs=0.01)


@every_one_centred
def test_a_slope_is_moved_towards_one(make):
    critic, penalty = linear(3.0, 4.0), make(2.0)
    (penalty.weight_at(0) * value(penalty, critic, *torch.randn(2, 8, 2))).backward()
    # d(‖w‖ - 1)²/dw = 2 (‖w‖ - 1) w/‖w‖ = 8 (0.6, 0.8)
    torch.testing.assert_close(critic.weight.grad, 2 * torch.tensor([4.8, 6.4]))


# Finite differences


@every_kind
@pytest.mark.parametrize("std", [0.01, 1.0])
def test_the_finite_difference_of_a_linear_critic_is_on_average_its_squared_slope(at, std):
    """(D(x) - D(x + σn))² / σ² is (w·n)², a chi-squared variable times ‖w‖²."""
    points, num_points = torch.randn(2, 20_000, 2).double(), 20_000
    found = value(FiniteDifference(at, std=std), linear(3.0, 4.0), *points)
    assert found.item() == pytest.approx(25, rel=5 * math.sqrt(2 / num_points))


@every_kind
def test_the_finite_difference_of_a_quadratic_critic_is_that_of_its_slope_and_of_its_curve(at):
    """‖x + σn‖² - ‖x‖² is 2σ x·n + σ²‖n‖²: on average 4‖x‖² + σ² (d² + 2d) in d dimensions."""
    real, fake = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 0.5]])
    repeated = [x.double().expand(200_000, 2) for x in (real, fake)]
    found = value(FiniteDifference(at, std=0.5), squares, *repeated)
    expected = 4 * (5.0 if at == "real" else 0.5) + 0.5**2 * 8
    assert found.item() == pytest.approx(expected, rel=0.03)


@every_kind
def test_the_finite_difference_moves_the_critic_against_its_slope(at):
    critic = linear(3.0, 4.0)
    value(FiniteDifference(at), critic, *torch.randn(2, 50_000, 2).double()).backward()
    # d‖w‖²/dw = 2w, up to five standard errors of (w·n) n, whose variance is at most 2 ‖w‖²
    error = 5 * 2 * math.sqrt(2 * 25 / 50_000)
    torch.testing.assert_close(critic.weight.grad, torch.tensor([6.0, 8.0]), atol=error, rtol=0)


def test_the_finite_difference_needs_no_slope_of_the_logits():
    critic, x = linear(3.0, 4.0), torch.randn(8, 2)
    points = Judged(x, critic(x))
    assert FiniteDifference().slope_at == frozenset()
    assert FiniteDifference()(critic, points, points).isfinite()
    assert not x.requires_grad


@every_kind
def test_the_finite_difference_looks_around_points_of_its_kind_at_its_deviation(at):
    critic, real, fake = Seen(), torch.randn(4000, 2), 100 + torch.randn(4000, 2)
    value(FiniteDifference(at, std=0.1), critic, real, fake)
    noise = (critic.points - (real if at == "real" else fake)) / 0.1
    assert noise.mean().item() == pytest.approx(0, abs=5 / math.sqrt(8000))
    assert noise.std().item() == pytest.approx(1, abs=5 / math.sqrt(2 * 8000))


# Weights


@every_penalty
def test_a_lazy_penalty_is_weighted_by_its_interval(make):
    for every in (1, 4, 16):
        assert make(every=every).weight_at(0) == every * make().weight_at(0)


@every_penalty
def test_a_weight_may_follow_a_schedule_by_the_points_seen(make):
    penalty = make(**{make_weight(make): Linear(8.0, 2.0, points=100)}, every=3)
    half = 1 / 2 if make in (R1, R2) else 1
    weights = [penalty.weight_at(points_seen) for points_seen in (0, 50, 100, 5000)]
    assert weights == [half * 3 * weight for weight in (8, 5, 2, 2)]


def make_weight(make):
    return "gamma" if make in (R1, R2) else "weight"


@every_penalty
@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan])
def test_weights_of_penalties_are_positive(make, weight):
    name, argument = type(make()).__name__, make_weight(make)
    with pytest.raises(InputError, match=f"{name}: {argument} must be positive, found {weight}"):
        make(**{argument: weight})


@every_penalty
@pytest.mark.parametrize("every", [0, -3])
def test_penalties_that_are_never_used_are_refused(make, every):
    name = type(make()).__name__
    with pytest.raises(InputError, match=f"{name}: every must be a positive integer, found"):
        make(every=every)


@pytest.mark.parametrize("std", [0.0, -0.1, math.nan])
def test_a_finite_difference_over_no_distance_is_refused(std):
    with pytest.raises(InputError, match=f"FiniteDifference: std must be positive, found {std}"):
        FiniteDifference(std=std)


def test_penalties_have_names_of_their_own():
    names = {make().name for make in PENALTIES.values()}
    assert len(names) == len(PENALTIES)
