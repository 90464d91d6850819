"""Residual networks: what the shortcuts do where the convolutions do nothing."""

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d

from gan_lightning.networks import ResNetDiscriminator, ResNetGenerator
from gan_lightning.networks.resnet import DoublingBlock, HalvingBlock


def silence(network):
    """Make the convolutions of all residual blocks return 0."""
    for block in network.modules():
        if isinstance(block, DoublingBlock | HalvingBlock):
            for weight in block.convolutions.parameters():
                nn.init.zeros_(weight)
    return network


def test_a_doubling_block_without_convolutions_repeats_each_pixel():
    x = torch.randn(2, 3, 4, 4)
    expected = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(silence(DoublingBlock(3))(x), expected)


def test_a_halving_block_without_convolutions_averages_four_pixels():
    x = torch.randn(2, 3, 4, 4)
    expected = (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4
    torch.testing.assert_close(silence(HalvingBlock(3))(x), expected)


@pytest.mark.parametrize("block", [DoublingBlock(3), HalvingBlock(3)])
def test_a_block_adds_its_convolutions_to_the_shortcut(block):
    x, scale = torch.randn(2, 3, 4, 4), 3.0
    once = block(x)
    with torch.no_grad():
        for weight in block.convolutions[1].parameters():  # the last layer of the branch
            weight.mul_(scale)
    scaled = block(x)
    shortcut = silence(block)(x)
    torch.testing.assert_close(scaled - shortcut, scale * (once - shortcut))
    assert not torch.allclose(once, shortcut)


def test_latents_reach_the_image_by_the_shortcuts_alone():
    generator = silence(ResNetGenerator((1, 16, 16), latent_dim=3, base_channels=4)).eval()
    first, second = generator(torch.randn(2, 3))
    assert not torch.allclose(first, second)


def test_images_reach_the_features_by_the_shortcuts_alone():
    network = silence(ResNetDiscriminator((1, 16, 16), base_channels=4, spectral_norm=False))
    x = torch.randn(2, 1, 16, 16)
    expected = avg_pool2d(network.stem(x), 4).relu().sum((2, 3))  # twice over 2×2 is over 4×4
    torch.testing.assert_close(network.features(x), expected)
