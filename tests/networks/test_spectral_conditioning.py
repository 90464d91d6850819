"""The conditional part of a spectrally normalised discriminator is normalised like the rest."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.networks import (
    AuxiliaryClassifier,
    DCGANDiscriminator,
    LabelledDiscriminator,
    ProjectionDiscriminator,
    ResNetDiscriminator,
)

SHAPE, NUM_CLASSES = (1, 16, 16), 5
NETWORKS = {
    "ResNet": partial(ResNetDiscriminator, base_channels=8),
    "DCGAN": partial(DCGANDiscriminator, base_channels=4, norm=nn.Identity),
}
WRAPPERS = {  # and the map from labels, or to classes, that each of them adds
    ProjectionDiscriminator: lambda network: network.embedding.weight,
    LabelledDiscriminator: lambda network: network.planes.flatten(1),
    AuxiliaryClassifier: lambda network: network.classifier.weight,
}


def largest_singular_value(wrapper, network):
    """That of the layers added, once their weights have grown and the power method has followed."""
    conditioned = wrapper(SHAPE, NUM_CLASSES, network)
    with torch.no_grad():
        for weight in conditioned.parameters():
            weight.mul_(37)
        for _ in range(50):  # each forward pass in training is one step of the power method
            x, labels = torch.randn(2, *SHAPE), torch.randint(NUM_CLASSES, (2,))
            if wrapper is AuxiliaryClassifier:
                conditioned.judge(x)
            else:
                conditioned(x, labels)
        return torch.linalg.matrix_norm(WRAPPERS[wrapper](conditioned.eval()), 2).item()


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_what_is_added_to_a_normalised_network_has_a_largest_singular_value_of_one(
    wrapper, network
):
    largest = largest_singular_value(wrapper, partial(network, spectral_norm=True))
    assert largest == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_what_is_added_to_a_free_network_is_free(wrapper, network):
    assert largest_singular_value(wrapper, partial(network, spectral_norm=False)) > 2
