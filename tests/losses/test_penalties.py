"""Penalties against critics whose gradient is known."""

import math

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.losses import DRAGAN, R1, gradient_penalty, squared_gradient_norm


@pytest.fixture
def points():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(5, 3, generator=generator, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("batch", [1, 64])
def test_the_penalty_of_a_linear_critic_is_its_squared_slope_at_any_batch_size(slope, batch):
    critic = nn.Linear(2, 1)
    critic.weight.data = torch.tensor([[slope, 2.0]])  # the gradient is (slope, 2) everywhere
    x = torch.randn(batch, 2, requires_grad=True)
    penalty = squared_gradient_norm(critic(x).squeeze(1), x)
    torch.testing.assert_close(penalty, torch.full((batch,), slope**2 + 4))


def test_the_penalty_of_a_quadratic_critic_is_four_times_the_squared_radius(points):
    logits = points.square().sum(1)  # gradient 2x
    expected = 4 * points.square().sum(1)
    torch.testing.assert_close(squared_gradient_norm(logits, points), expected)


def test_the_penalty_has_one_value_per_point_and_not_one_per_batch():
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]], requires_grad=True)
    penalty = squared_gradient_norm(x.square().sum(1), x)
    torch.testing.assert_close(penalty, torch.tensor([0.0, 4.0, 36.0]))


def test_the_penalty_of_a_point_does_not_know_its_neighbours(points):
    def critic(x):
        return (x.sin() * x.roll(1, 1)).sum(1)

    together = squared_gradient_norm(critic(points), points)
    for i in range(len(points)):
        alone = points[i : i + 1].detach().requires_grad_()
        torch.testing.assert_close(squared_gradient_norm(critic(alone), alone)[0], together[i])


@pytest.mark.parametrize("data_shape", [(2,), (4,), (1, 8, 8), (3, 2, 2)])
def test_the_penalty_sums_over_all_axes_of_a_point(data_shape):
    x = torch.zeros(7, *data_shape, requires_grad=True)
    penalty = squared_gradient_norm(x.flatten(1).sum(1), x)  # each of the entries has slope 1
    torch.testing.assert_close(penalty, torch.full((7,), float(x[0].numel())))


def test_the_penalty_ignores_a_shift_of_the_logits(points):
    torch.testing.assert_close(
        squared_gradient_norm(points.sin().sum(1) + 9, points),
        squared_gradient_norm(points.sin().sum(1), points),
    )


def test_the_penalty_moves_the_critics_weights():
    weight = torch.tensor([1.0, -2.0], requires_grad=True)
    x = torch.randn(6, 2, requires_grad=True)
    squared_gradient_norm(x @ weight, x).mean().backward()
    torch.testing.assert_close(weight.grad, 2 * weight.detach())  # d |w|^2 / dw


def test_the_penalty_can_be_differentiated_twice(points):
    def penalty(x):
        return squared_gradient_norm((x**3).sum(1), x)  # 9 sum x^4

    assert torch.autograd.gradcheck(penalty, points)
    assert torch.autograd.gradgradcheck(penalty, points)


def test_a_flat_critic_has_a_penalty_and_a_gradient_of_zero_and_not_nan():
    critic = nn.Linear(2, 1)
    nn.init.zeros_(critic.weight)
    x = torch.randn(4, 2, requires_grad=True)
    penalty = squared_gradient_norm(critic(x).squeeze(1), x).mean()
    penalty.backward()
    assert penalty.item() == 0
    assert torch.equal(critic.weight.grad, torch.zeros(1, 2))


def test_measuring_the_slope_leaves_the_gradients_of_points_and_weights_untouched():
    critic = nn.Linear(2, 1)
    x = torch.randn(4, 2, requires_grad=True)
    squared_gradient_norm(critic(x).squeeze(1), x)
    assert x.grad is None
    assert critic.weight.grad is None


def linear(*slope):
    """A critic whose gradient is ``slope`` everywhere, one logit for each point."""
    weight = torch.tensor(slope, requires_grad=True)

    def critic(x):
        return x.flatten(1) @ weight.to(x)

    critic.weight = weight
    return critic


class Seen:
    """A critic that remembers the points it was asked about."""

    def __init__(self):
        self.points = None

    def __call__(self, x):
        self.points = x.detach()
        return x.flatten(1).square().sum(1)


# Gradient penalty


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("batch", [1, 64])
def test_gradient_penalty_of_a_linear_critic_is_its_slope_error_at_any_batch_size(slope, batch):
    real, fake = torch.randn(2, batch, 2)
    # A norm over the whole batch would give (slope √batch - 1)²: 49 at slope 1 and batch 64.
    penalty = gradient_penalty(linear(slope, 0.0), real, fake)
    torch.testing.assert_close(penalty, torch.full((batch,), (slope - 1) ** 2), atol=1e-5, rtol=0)


def test_the_slope_error_sums_over_all_axes_of_an_image():
    real, fake = torch.randn(2, 5, 1, 2, 2)
    penalty = gradient_penalty(linear(1.0, 2.0, 2.0, 4.0), real, fake)  # a slope of 5
    torch.testing.assert_close(penalty, torch.full((5,), 16.0))


def test_gradient_penalty_is_taken_between_real_and_fake():
    critic = Seen()
    gradient_penalty(critic, torch.zeros(256, 1), torch.ones(256, 1))
    assert critic.points.min() >= 0  # a normal weight would leave the segment
    assert critic.points.max() <= 1
    assert critic.points.mean().item() == pytest.approx(1 / 2, abs=0.06)  # three standard errors
    assert critic.points.std().item() == pytest.approx(1 / math.sqrt(12), abs=0.03)  # uniform


def test_each_pair_has_one_weight_for_all_its_coordinates():
    critic = Seen()
    real, fake = torch.zeros(64, 3, 4, 4), torch.ones(64, 3, 4, 4)
    gradient_penalty(critic, real, fake)
    weights = critic.points.flatten(1)
    assert torch.equal(weights.min(1).values, weights.max(1).values)
    assert len(weights[:, 0].unique()) > 60


def test_points_of_the_penalty_lie_on_the_segments_of_their_own_pairs():
    critic = Seen()
    real, fake = torch.randn(2, 32, 5)
    gradient_penalty(critic, real, fake)
    along = fake - real
    weight = ((critic.points - real) * along).sum(1) / along.square().sum(1)
    torch.testing.assert_close(critic.points, real + weight[:, None] * along)


def test_gradient_penalty_of_a_flat_critic_is_one_and_moves_no_nan():
    critic = linear(0.0, 0.0)
    penalty = gradient_penalty(critic, *torch.randn(2, 8, 2)).mean()
    penalty.backward()
    assert penalty.item() == pytest.approx(1, abs=1e-5)
    assert critic.weight.grad.isfinite().all()


def test_gradient_penalty_moves_the_critics_weights_towards_a_slope_of_one():
    critic = linear(3.0, 4.0)
    gradient_penalty(critic, *torch.randn(2, 8, 2)).mean().backward()
    # d(‖w‖ - 1)²/dw = 2 (‖w‖ - 1) w/‖w‖ = 8 (0.6, 0.8)
    torch.testing.assert_close(critic.weight.grad, torch.tensor([4.8, 6.4]))


def test_gradient_penalty_sends_no_gradient_to_the_points():
    real, fake = (torch.randn(8, 2, requires_grad=True) for _ in range(2))
    gradient_penalty(linear(3.0, 4.0), real, fake).mean().backward()
    assert real.grad is None
    assert fake.grad is None


PENALTIES = {
    "gradient_penalty": lambda critic, x: gradient_penalty(critic, x, x + 1).mean(),
    "R1": R1(),
    "DRAGAN": DRAGAN(),
}
every_penalty = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)


@every_penalty
def test_penalties_are_computed_in_float32_under_autocast(penalty):
    dtypes = []
    critic = nn.Linear(2, 1)

    def judge(x):
        logits = critic(x).squeeze(1)
        dtypes.extend([x.dtype, logits.dtype])
        return logits

    with torch.autocast("cpu", torch.bfloat16):
        assert critic(torch.randn(4, 2)).dtype == torch.bfloat16
        value = penalty(judge, torch.randn(4, 2).bfloat16())
    assert set(dtypes) == {torch.float32}
    assert value.dtype == torch.float32
    value.backward()
    assert critic.weight.grad.isfinite().all()


@every_penalty
def test_penalties_are_taken_where_gradients_are_not_wanted_of_the_points(penalty):
    x = torch.randn(4, 2)
    critic = linear(1.0, 2.0)
    penalty(critic, x).backward()
    assert not x.requires_grad
    assert critic.weight.grad is not None


@every_penalty
def test_penalties_of_a_flat_critic_are_finite_in_value_and_gradient(penalty):
    critic = nn.Linear(2, 1)
    nn.init.zeros_(critic.weight)
    value = penalty(lambda x: critic(x).squeeze(1), torch.randn(8, 2))
    value.backward()
    assert value.isfinite()
    assert critic.weight.grad.isfinite().all()


# R1


@pytest.mark.parametrize("gamma", [0.5, 10.0])
def test_r1_of_a_linear_critic_is_half_gamma_times_its_squared_slope(gamma):
    value = R1(gamma)(linear(3.0, 4.0), torch.randn(8, 2))
    assert value.shape == ()
    assert value.item() == pytest.approx(gamma / 2 * 25)


def test_r1_of_a_quadratic_critic_is_taken_at_the_real_points():
    real = torch.randn(8, 2)
    critic = Seen()  # gradient 2x
    expected = 3.0 / 2 * 4 * real.square().sum(1).mean()
    torch.testing.assert_close(R1(3.0)(critic, real), expected)
    assert torch.equal(critic.points, real)


# DRAGAN


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
def test_dragan_of_a_linear_critic_is_its_weighted_slope_error(slope):
    value = DRAGAN(10.0)(linear(slope, 0.0), torch.randn(64, 2))
    assert value.shape == ()
    assert value.item() == pytest.approx(10 * (slope - 1) ** 2, abs=1e-4)


def test_dragan_looks_around_the_real_points_up_to_half_their_deviation():
    critic, real = Seen(), 3 * torch.randn(400, 5)
    DRAGAN()(critic, real)
    noise = (critic.points - real) / real.std()
    assert noise.min() >= -1e-6
    assert noise.max() <= 0.5 + 1e-6
    assert noise.mean().item() == pytest.approx(1 / 4, abs=0.02)
    assert noise.std().item() == pytest.approx(0.5 / math.sqrt(12), abs=0.01)


def test_dragan_trains_the_discriminator():
    critic = linear(3.0, 4.0)
    DRAGAN(2.0)(critic, torch.randn(8, 2)).backward()
    torch.testing.assert_close(critic.weight.grad, 2 * torch.tensor([4.8, 6.4]))


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_weights_of_penalties_are_positive(value):
    with pytest.raises(InputError, match=f"R1: gamma must be positive, found {value}"):
        R1(value)
    with pytest.raises(InputError, match=f"DRAGAN: weight must be positive, found {value}"):
        DRAGAN(value)
