"""The networks of R3GAN: only shortcuts at first, and groups of channels that stay apart."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.networks import (
    LabelledGenerator,
    ProjectionDiscriminator,
    R3Discriminator,
    R3Generator,
)
from gan_lightning.networks.r3 import Basis, Doubling, Halving, R3Block, WeightedSum

SMALL = {"base_channels": 4, "max_channels": 16, "num_blocks": 2, "group_size": 4}
NETWORKS = [partial(R3Generator, latent_dim=5, **SMALL), partial(R3Discriminator, **SMALL)]


def blocks_of(network):
    return [module for module in network.modules() if isinstance(module, R3Block)]


def inputs(network, count=3, data_shape=(1, 8, 8)):
    return torch.randn(count, *((5,) if isinstance(network, R3Generator) else data_shape))


def stirred(network):
    """Give the branches of all blocks weights and biases that are not zero."""
    for block in blocks_of(network):
        for parameter in block.parameters():
            nn.init.normal_(parameter)
    return network


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 32, 64])
def test_images_of_any_size_and_colour_are_made_and_judged(size, channels):
    shape = (channels, size, size)
    images = R3Generator(shape, latent_dim=5, **SMALL)(torch.randn(2, 5))
    assert images.shape == (2, *shape)
    discriminator = R3Discriminator(shape, **SMALL)
    assert discriminator(images).shape == (2,)
    assert discriminator.features(images).shape == (2, discriminator.num_features)


@pytest.mark.parametrize(
    ("size", "widths"), [(28, [4, 8, 16]), (32, [4, 8, 16, 16]), (64, [4, 8, 16, 16, 16])]
)
def test_channels_double_with_each_halving_up_to_the_most(size, widths):
    discriminator = R3Discriminator((1, size, size), **SMALL)
    doubled = [width for width in widths for _ in range(2)]  # two blocks at each size
    assert [block.expand.in_channels for block in blocks_of(discriminator)] == doubled
    generator = R3Generator((1, size, size), **SMALL)
    assert [block.expand.in_channels for block in blocks_of(generator)] == doubled[::-1]
    # 1×1 convolutions outside the blocks: to or from the image, and where the width changes
    changes = 1 + sum(before != after for before, after in pairwise(widths))
    for network in (discriminator, generator):
        convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
        assert len(convolutions) - 3 * len(blocks_of(network)) == changes


def test_the_papers_network_for_cifar_has_the_papers_groups():
    with torch.device("meta"):  # no memory for its 768 channels
        generator = R3Generator((3, 32, 32), base_channels=768, max_channels=768, num_blocks=2)
    blocks = blocks_of(generator)
    assert len(blocks) == 2 * 4
    assert {block.grouped.groups for block in blocks} == {96}
    assert {block.grouped.in_channels for block in blocks} == {1536}


@pytest.mark.parametrize("make", NETWORKS)
def test_there_is_no_normalisation(make):
    network = make((1, 8, 8))
    kinds = {type(module) for module in network.modules() if not list(module.children())}
    assert kinds <= {nn.Conv2d, nn.Linear, nn.Identity, Basis, WeightedSum, Doubling, Halving}


def test_a_block_is_the_identity_at_first():
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(R3Block(4, group_size=2, expansion=2, total=3)(x), x)


@pytest.mark.parametrize("make", NETWORKS)
def test_at_first_outputs_do_not_depend_on_the_blocks(make):
    network = make((1, 8, 8))
    x = inputs(network)
    expected = network(x)
    for block in blocks_of(network):
        for layer in (block.expand, block.grouped):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
    assert torch.equal(network(x), expected)
    assert not torch.allclose(stirred(network)(x), expected)


@pytest.mark.parametrize("make", NETWORKS)
def test_at_first_a_network_is_linear_since_only_blocks_bend_it(make):
    network = make((1, 8, 8))
    x, y = inputs(network), inputs(network)
    torch.testing.assert_close(
        network(2 * x - 3 * y), 2 * network(x) - 3 * network(y), rtol=1e-4, atol=1e-5
    )
    stirred(network)
    assert not torch.allclose(network(2 * x - 3 * y), 2 * network(x) - 3 * network(y), atol=0.1)


@pytest.mark.parametrize("make", NETWORKS)
def test_every_parameter_receives_a_gradient_one_step_after_the_first(make):
    network = make((1, 8, 8))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)

    def silent():
        optimizer.zero_grad()
        (network(inputs(network, 16)) - 1).square().mean().backward()
        return {name for name, p in network.named_parameters() if not p.grad.any()}

    # The zero of a block's last layer keeps the gradient from the two before it.
    inside = (".expand.", ".grouped.")
    assert silent() == {n for n, _ in network.named_parameters() if any(i in n for i in inside)}
    optimizer.step()
    assert silent() == set()


@pytest.mark.parametrize("num_blocks", [1, 8, 32])
def test_the_variance_after_all_blocks_does_not_grow_with_their_number(num_blocks):
    """Had the last layer of a block the variance of its input, a block would add 1/L of it.

    Its two other layers are scaled by L^(-1/4), whose fourth power is that of the variance. So L
    blocks multiply by at most (1 + 1/L)^L < e, and by 2 at least, which one block does.
    """
    channels = 64
    chain = [R3Block(channels, 16, 2, total=num_blocks) for _ in range(num_blocks)]
    for block in chain:
        nn.init.normal_(block.reduce.weight, 0, block.reduce.in_channels**-0.5)
        gain = block.expand.weight.std() * channels**0.5
        assert gain.item() == pytest.approx((2 / 1.04) ** 0.5 * num_blocks**-0.25, rel=0.05)
    x = torch.randn(4, channels, 12, 12)
    with torch.no_grad():
        after = nn.Sequential(*chain)(x)[:, :, 2:-2, 2:-2]  # away from the zeros of the padding
    share = (after.var() / x.var()).item()
    assert 1.5 < share < 3.5


@pytest.mark.sampled(2)
@pytest.mark.parametrize("num_blocks", [1, 6])
def test_images_start_with_a_variance_near_one_whatever_the_depth(num_blocks):
    sizes = {"base_channels": 16, "max_channels": 64, "num_blocks": num_blocks}
    generator = R3Generator((3, 64, 64), **sizes)
    discriminator = R3Discriminator((3, 64, 64), **sizes)
    with torch.no_grad():
        images = generator(torch.randn(64, generator.latent_dim))
        logits = discriminator(torch.ones(64, 3, 64, 64) * torch.randn(64, 3, 1, 1))
    assert 0.1 < images.var().item() < 2  # interpolation takes some of it
    assert logits.std().item() < 10


def test_a_group_of_channels_reaches_that_group_alone():
    grouped = R3Block(8, group_size=4, expansion=2, total=1).grouped
    assert grouped.groups == 4
    x = torch.randn(2, 16, 5, 5)
    changed = x.clone()
    changed[:, 4:8] += torch.randn(2, 4, 5, 5)  # the second of four groups
    moved = (grouped(changed) - grouped(x)).abs().amax((0, 2, 3)) > 1e-6
    assert moved.tolist() == [False] * 4 + [True] * 4 + [False] * 8


def test_the_basis_is_a_learned_image_whose_channels_latents_multiply():
    basis = Basis(latent_dim=2, channels=3, size=4)
    basis.linear.weight.data = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    (image,) = basis(torch.tensor([[2.0, 5.0]]))
    torch.testing.assert_close(image, basis.image * torch.tensor([2.0, 5.0, 7.0])[:, None, None])


def test_the_weighted_sum_is_a_depthwise_convolution_over_all_pixels():
    weighted = WeightedSum(channels=3, size=4)
    convolution = nn.Conv2d(3, 3, 4, groups=3, bias=False)
    convolution.weight.data = weighted.weight.data[:, None]
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(weighted(x), convolution(x).flatten(1))


def test_resampling_keeps_flat_images_and_halving_hides_the_finest_stripes():
    flat = torch.full((1, 2, 8, 8), 0.7)
    torch.testing.assert_close(Doubling()(flat), torch.full((1, 2, 16, 16), 0.7))
    torch.testing.assert_close(Halving()(flat), torch.full((1, 2, 4, 4), 0.7))
    # 1, 3, 3, 1 sums to as much on even columns as on odd ones.
    stripes = torch.tensor([1.0, -1.0]).repeat(8).expand(1, 1, 16, 16)
    torch.testing.assert_close(Halving()(stripes)[..., 1:-1], torch.zeros(1, 1, 8, 6))
    row = torch.zeros(1, 1, 8, 8)
    row[..., 3] = 8.0
    torch.testing.assert_close(Halving()(row)[0, 0, 1, 1:], torch.tensor([3.0, 1.0, 0.0]))


def test_second_derivatives_of_a_logit_reach_every_weight_of_the_branches():
    discriminator = stirred(R3Discriminator((1, 8, 8), **SMALL))
    x = torch.randn(4, 1, 8, 8, requires_grad=True)
    (slopes,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    slopes.square().sum().backward()
    weights = [p for name, p in discriminator.named_parameters() if name.endswith("weight")]
    assert all(weight.grad.any() for weight in weights)


def test_wrappers_condition_the_networks():
    shape, labels = (1, 8, 8), torch.tensor([0, 1, 2])
    generator = LabelledGenerator(
        shape, 3, partial(R3Generator, latent_dim=5, **SMALL), embedding_dim=2
    )
    assert generator.latent_dim == 3
    z = torch.randn(1, 3).expand(3, 3)
    first, second, _ = generator(z, labels)
    assert not torch.allclose(first, second)
    discriminator = ProjectionDiscriminator(shape, 3, partial(R3Discriminator, **SMALL))
    x = torch.randn(1, *shape).expand(3, *shape)
    assert len(set(discriminator(x, labels).tolist())) == 3


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("data_shape", [(2,), (1, 4, 4), (1, 30, 30), (1, 28, 32)])
def test_sizes_that_cannot_be_halved_are_refused_in_a_sentence(make, data_shape):
    with pytest.raises(InputError) as error:
        make(data_shape)
    assert str(error.value) == (
        f"{make.func.__name__} is for square images with a size of 4, 5, 6 or 7 times 2, 4, 8 …, "
        f"such as 28, 32, 40 or 64, found points of shape {data_shape}."
    )


@pytest.mark.parametrize("make", [R3Generator, R3Discriminator])
def test_groups_that_do_not_divide_the_channels_are_refused_in_a_sentence(make):
    with pytest.raises(InputError) as error:
        make((1, 28, 28), base_channels=8, expansion=2, group_size=5)
    assert "has" in str(error.value)
    assert str(error.value).endswith("must be a multiple of group_size, found 5.")


@pytest.mark.parametrize("make", [R3Generator, R3Discriminator])
def test_sizes_below_one_are_refused_by_name(make):
    for name in ("base_channels", "max_channels", "num_blocks", "group_size", "expansion"):
        with pytest.raises(InputError, match=f"{name} must be a positive integer, found 0"):
            make((1, 28, 28), **{name: 0})
