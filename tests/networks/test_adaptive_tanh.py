"""A tanh with a learned slope."""

import math

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.networks import AdaptiveTanh


def test_it_is_a_tanh_with_the_slope_that_it_was_given():
    x = torch.linspace(-2, 2, 9, requires_grad=True)
    AdaptiveTanh(slope=3.0)(x).sum().backward()
    torch.testing.assert_close(x.grad, 3 * (1 - (3 * x.detach()).tanh().square()))
    torch.testing.assert_close(AdaptiveTanh()(x), x.tanh())


def test_it_becomes_steeper_by_the_same_factor_for_the_same_change_of_its_parameter():
    for slope in (0.5, 5.0):
        steeper = AdaptiveTanh(slope=slope)
        with torch.no_grad():
            steeper.log_slope += math.log(2)
        x = torch.linspace(-1, 1, 5)
        torch.testing.assert_close(steeper(x), (2 * slope * x).tanh())


def test_it_asks_to_be_steeper_where_points_stray_between_two_steps():
    activation = AdaptiveTanh(slope=1.0)
    (1 - activation(torch.linspace(-1, 1, 8)).abs()).sum().backward()
    assert activation.log_slope.grad < 0  # a step down the gradient raises it


@pytest.mark.parametrize("slope", [0.0, -1.0, float("nan"), float("inf")])
def test_a_slope_that_is_no_positive_number_is_refused(slope):
    with pytest.raises(InputError, match="AdaptiveTanh: slope must be positive, found"):
        AdaptiveTanh(slope=slope)
