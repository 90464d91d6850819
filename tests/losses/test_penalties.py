"""Slopes of critics whose gradient is known."""

import math

import pytest
import torch
from torch import nn

from gan_lightning.losses import gradient_penalty, squared_gradient_norm


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
