"""A generator with noise on its points."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.networks import LabelledGenerator, LearnedNoise, MLPGenerator

inside = partial(MLPGenerator, latent_dim=3, hidden_dims=[8], output=nn.Identity)


@pytest.mark.parametrize("data_shape", [(2,), (1, 4, 4)])
def test_the_last_part_of_the_latent_is_added_to_what_the_generator_inside_makes(data_shape):
    generator = LearnedNoise(data_shape, inside, std=0.5)
    size = generator.latent_dim - 3
    assert size == torch.Size(data_shape).numel()
    z, noise = torch.randn(5, 3), torch.randn(5, size)
    expected = generator.generator(z) + 0.5 * noise.view(5, *data_shape)
    torch.testing.assert_close(generator(torch.cat([z, noise], 1)), expected)


def test_its_width_moves_towards_that_of_the_data():
    generator = LearnedNoise((2,), inside, std=0.5)
    for p in generator.generator.parameters():
        nn.init.zeros_(p)
    points = generator(torch.randn(4096, generator.latent_dim))
    wanted = torch.tensor([0.1, 2.0])
    (points.std(0) - wanted).square().sum().backward()
    assert (generator.log_std.grad.sign() == torch.tensor([1.0, -1.0])).all()


def test_the_generator_inside_may_know_labels():
    generator = LearnedNoise((2,), partial(LabelledGenerator, embedding_dim=4), num_classes=3)
    assert generator.num_classes == 3
    z = torch.zeros(3, generator.latent_dim)
    points = generator(z, torch.arange(3))
    assert torch.pdist(points).min() > 0


@pytest.mark.parametrize("std", [0.0, -1.0, float("nan"), float("inf")])
def test_a_width_that_is_no_positive_number_is_refused(std):
    with pytest.raises(InputError, match="LearnedNoise: std must be positive, found"):
        LearnedNoise((2,), std=std)
