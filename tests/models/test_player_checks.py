"""A generator whose range misses data is refused, and one with a wasteful range is reported."""

import warnings
from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning import GAN, Digits, Iris, MLPGenerator
from gan_lightning.errors import InputError
from gan_lightning.models.player_checks import check_output_range
from gan_lightning.networks import (
    DCGANGenerator,
    KerasConvGenerator,
    LabelledGenerator,
    ResNetGenerator,
)

IMAGE = (1, 28, 28)
GENERATORS = [
    partial(MLPGenerator, (4,), latent_dim=3),
    partial(DCGANGenerator, IMAGE, latent_dim=3),
    partial(KerasConvGenerator, IMAGE, latent_dim=3),
    partial(ResNetGenerator, (3, 32, 32), latent_dim=3),
    lambda output: LabelledGenerator(
        IMAGE, num_classes=5, generator=partial(MLPGenerator, output=output)
    ),
]


def warned(generator, data_range):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_output_range(generator.eval(), data_range)
    return [str(warning.message) for warning in said]


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize(
    ("output", "data_range"),
    [
        (nn.Tanh, (-1, 1)),
        (nn.Sigmoid, (0, 1)),
        (nn.Identity, (-1, 1)),
        (nn.Identity, (0, 1)),
        (nn.ReLU, (0, 1)),
        (nn.LeakyReLU, (-1, 1)),
    ],
)
def test_an_output_that_suits_the_data_is_not_reported(make, output, data_range):
    assert warned(make(output=output), data_range) == []


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize("output", [nn.Sigmoid, nn.ReLU, nn.Softplus, nn.LogSigmoid, nn.ReLU6])
def test_an_output_that_cannot_cover_the_data_is_refused(make, output):
    words = rf"generator: {output.__name__}, .* in \[.*\], but the data's lie in \[-1, 1\]"
    with pytest.raises(InputError, match=words):
        check_output_range(make(output=output).eval(), (-1, 1))


@pytest.mark.parametrize("make", GENERATORS)
def test_an_output_that_wastes_half_of_its_range_is_reported(make):
    (said,) = warned(make(output=nn.Tanh), (0, 1))
    assert (
        "Tanh, its last module, makes numbers in [-1, 1], of which the data's fill only [0" in said
    )


def test_a_generator_whose_last_step_is_not_a_module_is_left_alone():
    class Shifted(MLPGenerator):
        def forward(self, z, labels=None):
            return self.layers(z) * 2 - 1

    assert warned(Shifted((4,), output=nn.Sigmoid), (-1, 1)) == []


def test_the_check_draws_no_random_number_and_leaves_no_hook():
    generator = MLPGenerator((4,))
    before = torch.get_rng_state()
    check_output_range(generator.eval(), (-1, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(module._forward_hooks for module in generator.modules())


@pytest.mark.parametrize("data", [Iris(), Digits(size=8, value_range="signed")])
def test_the_output_is_checked_before_training(data, quiet_trainer):
    model = GAN(data.data_shape, generator=partial(MLPGenerator, output=nn.Sigmoid))
    with pytest.raises(InputError, match="generator: Sigmoid"):
        quiet_trainer(max_epochs=1).fit(model, data)
