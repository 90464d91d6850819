"""Flattened images are those of PyTorch, and their gradient lies in memory as they do."""

import pytest
import torch
from torch import nn

from gan_lightning.networks import ConvDiscriminator, ConvEncoder, DCGANDiscriminator
from gan_lightning.networks.flattening import FlattenedImage

LAYOUTS = {"channels last": torch.channels_last, "one by one": torch.contiguous_format}


def gradients(flatten, images):
    """Return an image's gradient, and that of its squared norm, by way of a hidden image."""
    images = images.clone(memory_format=torch.preserve_format).requires_grad_()
    hidden = images * 1.0
    hidden.register_hook(lambda gradient: layouts.append(gradient.stride()))
    layouts = []
    loss = (flatten(hidden) ** 3 * torch.arange(36.0)).sum()
    (first,) = torch.autograd.grad(loss, images, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), images)
    return first, second, layouts[0]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_values_and_derivatives_are_those_of_pytorch(layout):
    images = torch.randn(2, 4, 3, 3).contiguous(memory_format=layout)
    assert torch.equal(FlattenedImage()(images), nn.Flatten()(images))
    *ours, kept = gradients(FlattenedImage(), images)
    *theirs, _ = gradients(nn.Flatten(), images)
    assert all(map(torch.equal, ours, theirs))
    assert kept == images.stride()


@pytest.mark.parametrize("make", [DCGANDiscriminator, ConvDiscriminator, ConvEncoder])
def test_no_activation_meets_a_gradient_of_another_layout(make):
    shape = (1, 16, 16)
    network = make(shape, 3) if make is ConvEncoder else make(shape)
    network.to(memory_format=torch.channels_last)
    layouts = []

    def watch(_, __, images):
        images.register_hook(lambda gradient: layouts.append((images.stride(), gradient.stride())))

    for module in network.modules():
        if isinstance(module, nn.LeakyReLU | nn.ReLU):
            module.register_forward_hook(watch)
    network(torch.randn(4, *shape)).sum().backward()
    assert len(layouts) >= 2
    assert all(ours == theirs for ours, theirs in layouts)
