"""Penalties against critics whose gradient is known."""

import pytest
import torch
from torch import nn

from gan_lightning.losses import squared_gradient_norm


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
