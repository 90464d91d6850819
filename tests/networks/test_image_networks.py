"""Networks for images: sizes, normalisation, noise."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    InstanceNoise,
    KerasConvGenerator,
    MLPDiscriminator,
    MLPGenerator,
    ResNetDiscriminator,
    ResNetGenerator,
)
from gan_lightning.networks.sizes import halvings


def of(network, *kinds):
    return [module for module in network.modules() if isinstance(module, kinds)]


SIZES = {
    smallest * 2**count: (count, smallest) for smallest in (4, 5, 6, 7) for count in (1, 2, 3, 4)
}


@pytest.mark.parametrize("size", range(65))
def test_images_are_halved_until_they_are_four_to_seven_wide(size):
    if size in SIZES:
        assert halvings((1, size, size), "Network") == SIZES[size]
        return
    with pytest.raises(InputError, match=r"a size of 4, 5, 6 or 7 times 2, 4, 8 …, such as 28, 32"):
        halvings((1, size, size), "Network")


@pytest.mark.parametrize("size", [10, 12, 20, 24])
def test_networks_for_halved_images_make_and_take_all_of_their_sizes(size):
    shape = (1, size, size)
    for make, judge in [
        (DCGANGenerator, DCGANDiscriminator),
        (ResNetGenerator, ResNetDiscriminator),
    ]:
        x = make(shape, latent_dim=3, base_channels=2)(torch.randn(2, 3))
        assert x.shape == (2, *shape)
        assert judge(shape, base_channels=2)(x).shape == (2,)


def test_dcgan_of_64_is_radfords_figure():
    generator = DCGANGenerator((3, 64, 64), base_channels=128)
    convolutions = of(generator, nn.ConvTranspose2d)
    assert [c.out_channels for c in convolutions] == [1024, 512, 256, 128, 3]
    assert [c.stride[0] for c in convolutions[1:]] == [2] * 4
    discriminator = DCGANDiscriminator((3, 64, 64), base_channels=128)
    assert [c.out_channels for c in of(discriminator, nn.Conv2d)] == [128, 256, 512, 1024]
    assert discriminator.num_features == 1024 * 4 * 4
    assert len(of(discriminator, nn.BatchNorm2d)) == 3  # none on the widest image
    assert {m.negative_slope for m in of(discriminator, nn.LeakyReLU)} == {0.2}


def test_dcgan_weights_start_with_a_deviation_of_two_hundredths():
    for network in (DCGANGenerator((1, 28, 28)), DCGANDiscriminator((1, 28, 28))):
        for layer in of(network, nn.Conv2d, nn.ConvTranspose2d, nn.Linear):
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)
            assert layer.weight.mean().abs() < 0.002


@pytest.mark.parametrize(
    ("norm", "biased"),
    [
        (nn.BatchNorm2d, [True, False, False]),
        (partial(nn.GroupNorm, 2), [True, False, False]),
        (nn.InstanceNorm2d, [True, True, True]),  # has no shift of its own
        (nn.Identity, [True, True, True]),
    ],
)
def test_dcgan_has_one_shift_for_each_channel_and_not_two(norm, biased):
    discriminator = DCGANDiscriminator((1, 32, 32), base_channels=4, norm=norm)
    assert [c.bias is not None for c in of(discriminator, nn.Conv2d)] == biased
    generator = DCGANGenerator((1, 32, 32), base_channels=4)
    assert [c.bias is not None for c in of(generator, nn.ConvTranspose2d)] == [
        False, False, False, True,
    ]  # fmt: skip


def test_dcgan_without_normalisation_judges_each_point_alone_even_in_training():
    critic = DCGANDiscriminator((1, 8, 8), base_channels=4, norm=nn.Identity)
    x = torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(critic(x), torch.cat([critic(x[i : i + 1]) for i in range(5)]))


@pytest.mark.parametrize(
    "make",
    [
        partial(DCGANDiscriminator, base_channels=4, norm=nn.Identity, spectral_norm=True),
        partial(ResNetDiscriminator, base_channels=8),
    ],
)
def test_spectral_normalisation_holds_the_largest_singular_value_of_every_weight_at_one(make):
    network = make((1, 16, 16))
    layers = of(network, nn.Conv2d, nn.Linear)
    with torch.no_grad():
        for layer in layers:
            layer.parametrizations.weight.original.mul_(37)
        for _ in range(50):  # each forward pass in training is one step of the power method
            network(torch.randn(2, 1, 16, 16))
    network.eval()
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        assert largest.item() == pytest.approx(1, abs=0.02)


def test_without_spectral_normalisation_weights_are_free():
    network = ResNetDiscriminator((1, 16, 16), base_channels=8, spectral_norm=False)
    assert not any("parametrizations" in name for name, _ in network.named_parameters())


def test_a_normalised_hidden_layer_is_linear_activation_normalisation():
    norm = partial(nn.BatchNorm1d, momentum=0.2)
    kinds = [nn.Linear, nn.LeakyReLU, nn.BatchNorm1d] * 2
    generator = MLPGenerator((2,), hidden_dims=(3, 5), activation=nn.LeakyReLU, norm=norm)
    assert [type(m) for m in generator.layers][:6] == kinds
    discriminator = MLPDiscriminator((2,), hidden_dims=(3, 5), activation=nn.LeakyReLU, norm=norm)
    assert [type(m) for m in discriminator.layers][1:] == kinds
    for network in (generator, discriminator):
        norms = of(network, nn.BatchNorm1d)
        assert [m.num_features for m in norms] == [3, 5]
        assert {(m.momentum, m.eps) for m in norms} == {(0.2, 1e-5)}


def test_no_normalisation_is_the_default_of_an_mlp():
    assert not of(MLPGenerator((2,)), nn.BatchNorm1d)
    assert not of(MLPDiscriminator((2,)), nn.BatchNorm1d)


def test_the_keras_generator_is_the_articles_number_by_number():
    generator = KerasConvGenerator((1, 28, 28))
    (linear,) = of(generator, nn.Linear)
    assert (linear.in_features, linear.out_features) == (100, 7 * 7 * 256)
    convolutions = of(generator, nn.ConvTranspose2d)
    assert [(c.in_channels, c.out_channels) for c in convolutions] == [
        (256, 128), (128, 64), (64, 1),
    ]  # fmt: skip
    assert [(c.kernel_size[0], c.stride[0]) for c in convolutions] == [(5, 2), (5, 2), (7, 1)]
    assert all(layer.bias is None for layer in [linear, *convolutions])
    norms = of(generator, nn.BatchNorm1d, nn.BatchNorm2d)
    assert {(m.momentum, m.eps) for m in norms} == {(0.01, 1e-3)}  # Keras's 0.99 and 0.001
    assert {m.negative_slope for m in of(generator, nn.LeakyReLU)} == {0.3}
    order = [type(m).__name__ for m in generator.layers]
    block = ["ConvTranspose2d", "BatchNorm2d", "LeakyReLU"]
    first = ["Linear", "BatchNorm1d", "LeakyReLU", "Unflatten"]
    assert order == [*first, *block, *block, "ConvTranspose2d", "Tanh"]


class Mean(MLPDiscriminator):
    """A discriminator that returns its input."""

    def forward(self, x):
        self.seen = x
        return x.flatten(1).mean(1)


def test_instance_noise_has_its_deviation_in_training_and_none_in_evaluation():
    network = InstanceNoise((50,), Mean, std=0.3)
    x = torch.randn(400, 50)
    network(x)
    noise = network.discriminator.seen - x
    assert noise.std().item() == pytest.approx(0.3, rel=0.02)
    assert noise.mean().item() == pytest.approx(0, abs=0.01)
    network(x)
    assert not torch.equal(network.discriminator.seen - x, noise)  # drawn anew each time
    network.eval()(x)
    assert torch.equal(network.discriminator.seen, x)


@pytest.mark.parametrize("std", [-0.1, float("nan")])
def test_a_noise_of_negative_deviation_is_refused(std):
    with pytest.raises(InputError, match=f"std must not be negative, found {std}"):
        InstanceNoise((2,), MLPDiscriminator, std)
