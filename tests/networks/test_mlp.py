"""Multi-layer perceptrons against their layers written out."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.networks import MLPDiscriminator, MLPGenerator


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def linears(network):
    return [module for module in network.modules() if isinstance(module, nn.Linear)]


def widths(network):
    return [(layer.in_features, layer.out_features) for layer in linears(network)]


def test_the_generator_is_its_layers_composed():
    generator = MLPGenerator((1, 2, 3), latent_dim=5, hidden_dims=(7,), activation=nn.ELU)
    first, last = linears(generator)
    z = torch.randn(4, 5)
    expected = torch.tanh(
        nn.functional.elu(z @ first.weight.T + first.bias) @ last.weight.T + last.bias
    )
    torch.testing.assert_close(generator(z), expected.reshape(4, 1, 2, 3))


def test_the_discriminator_is_its_layers_composed():
    discriminator = MLPDiscriminator((1, 2, 3), hidden_dims=(7,), activation=nn.Tanh)
    first, last = linears(discriminator)
    x = torch.randn(4, 1, 2, 3)
    hidden = torch.tanh(x.reshape(4, 6) @ first.weight.T + first.bias)
    torch.testing.assert_close(discriminator(x), (hidden @ last.weight.T + last.bias).reshape(4))


@pytest.mark.parametrize("hidden_dims", [(), (3,), (3, 5, 2)])
def test_hidden_dims_are_the_widths_from_input_to_output(hidden_dims):
    generator = MLPGenerator((2, 4), latent_dim=6, hidden_dims=hidden_dims)
    discriminator = MLPDiscriminator((2, 4), hidden_dims=hidden_dims)
    assert widths(generator) == list(pairwise([6, *hidden_dims, 8]))
    assert widths(discriminator) == list(pairwise([8, *hidden_dims, 1]))


def test_hidden_dims_of_the_caller_stay_as_they_were():
    hidden_dims = [3, 5]
    MLPGenerator((2,), hidden_dims=hidden_dims)
    MLPDiscriminator((2,), hidden_dims=hidden_dims)
    assert hidden_dims == [3, 5]


@pytest.mark.parametrize(
    ("output", "low", "high"), [(nn.Tanh, -1, 1), (nn.Sigmoid, 0, 1), (nn.Identity, -1e9, 1e9)]
)
def test_the_output_module_bounds_the_points(output, low, high):
    generator = MLPGenerator((2,), latent_dim=3, output=output)
    points = generator(1e5 * torch.randn(64, 3))
    assert low <= points.min()
    assert points.max() <= high
    if output is nn.Identity:
        assert points.abs().max() > 1
    else:  # saturated: both ends are reached
        assert points.min().item() == pytest.approx(low)
        assert points.max().item() == pytest.approx(high)


def test_the_last_layer_has_no_activation_before_the_output():
    generator = MLPGenerator((2,), latent_dim=3, output=nn.Identity)
    assert generator(torch.randn(256, 3)).min() < 0  # a rectifier would forbid it


def test_latent_dim_is_an_attribute_that_the_models_read():
    assert MLPGenerator((2,), latent_dim=11).latent_dim == 11


@pytest.mark.parametrize("activation", [nn.ReLU, nn.SiLU])
def test_each_hidden_layer_has_an_activation_of_its_own(activation):
    network = MLPDiscriminator((2,), hidden_dims=(3, 3, 3), activation=activation)
    assert len([module for module in network.modules() if isinstance(module, activation)]) == 3


@pytest.mark.parametrize("width", [0, -3])
def test_a_width_that_is_not_positive_is_refused_with_the_widths(width):
    with pytest.raises(InputError, match=rf"positive integers, found \[100, 8, {width}\]"):
        MLPGenerator((2,), hidden_dims=(8, width))
    with pytest.raises(InputError, match=rf"positive integers, found \[2, 8, {width}\]"):
        MLPDiscriminator((2,), hidden_dims=(8, width))
    with pytest.raises(InputError, match=rf"found \[{width}, "):
        MLPGenerator((2,), latent_dim=width)
