"""A multi-layer perceptron with identity shortcuts."""

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.networks import ResidualMLPGenerator
from gan_lightning.networks.residual_mlp import ResidualLayer


def test_each_hidden_layer_is_added_to_what_it_was_given():
    generator = ResidualMLPGenerator((2,), 3, width=8, num_blocks=2, output=nn.Identity)
    first, *blocks, _, last, _, _ = generator.layers
    assert [type(block) for block in blocks] == [ResidualLayer, ResidualLayer]
    z = torch.randn(5, 3)
    h = first(z)
    for block in blocks:
        h = h + block.branch[1](h.relu())
    torch.testing.assert_close(generator(z), last(h.relu()))


def test_without_its_branches_it_is_a_network_with_one_hidden_layer():
    generator = ResidualMLPGenerator((1, 2, 2), 3, width=8, num_blocks=4, output=nn.Identity)
    for block in generator.layers[1:5]:
        nn.init.zeros_(block.branch[1].weight)
        nn.init.zeros_(block.branch[1].bias)
    z = torch.randn(5, 3)
    shallow = generator.layers[6](generator.layers[0](z).relu())
    torch.testing.assert_close(generator(z), shallow.view(5, 1, 2, 2))


@pytest.mark.parametrize("name", ["latent_dim", "width", "num_blocks"])
def test_a_size_that_counts_nothing_is_refused(name):
    with pytest.raises(InputError, match=f"{name} must be a positive integer, found 0"):
        ResidualMLPGenerator((2,), **{name: 0})


def test_latents_are_multiplied_by_the_gain():
    generator = ResidualMLPGenerator((2,), 3, width=8, gain=4.0)
    z = torch.randn(5, 3)
    assert torch.equal(generator(z), generator.layers(4 * z))


@pytest.mark.parametrize("gain", [0.0, -1.0, float("nan"), float("inf")])
def test_a_gain_that_is_no_positive_number_is_refused(gain):
    with pytest.raises(InputError, match="gain must be positive, found"):
        ResidualMLPGenerator((2,), gain=gain)
