"""Discriminators that look at several points together: Packing and MinibatchStd."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.networks import (
    DCGANDiscriminator,
    Discriminator,
    FeatureDiscriminator,
    LabelledDiscriminator,
    MinibatchStd,
    MLPDiscriminator,
    Packing,
)


class Places(Discriminator):
    """Reads the numbers of a point as the decimal digits of one number, ones first."""

    def __init__(self, data_shape):
        super().__init__()
        self.data_shape = data_shape
        self.places = nn.Parameter(10.0 ** torch.arange(math.prod(data_shape)))

    def forward(self, x):
        assert x.shape[1:] == self.data_shape
        return x.flatten(1) @ self.places


class Plain(FeatureDiscriminator):
    """Takes a point's own numbers for its features."""

    def __init__(self, data_shape):
        super().__init__(math.prod(data_shape))
        self.head = nn.Linear(self.num_features, 1)

    def features(self, x):
        return x.flatten(1)


# Packing


@pytest.mark.parametrize(("batch", "size", "packs"), [(6, 2, 3), (7, 2, 3), (7, 3, 2), (3, 3, 1)])
@pytest.mark.parametrize("data_shape", [(2,), (1, 8, 8), (3, 4, 4)])
def test_there_is_a_logit_for_each_pack_that_is_full(data_shape, batch, size, packs):
    discriminator = Packing(data_shape, size=size)
    logits = discriminator(torch.randn(batch, *data_shape))
    assert logits.shape == (packs,)


def test_the_discriminator_inside_sees_the_points_of_a_pack_one_after_the_other():
    discriminator = Packing((2,), Places, size=2)
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 9.0]])
    assert discriminator(x).tolist() == [4321.0, 8765.0]


def test_images_of_a_pack_are_channels_of_one_image():
    discriminator = Packing((3, 4, 4), size=2)
    x = torch.randn(4, 3, 4, 4)
    stacked = torch.cat([x[0::2], x[1::2]], 1)
    assert stacked.shape == (2, 6, 4, 4)
    torch.testing.assert_close(discriminator(x), discriminator.discriminator(stacked))


def test_points_that_fill_no_pack_are_left_out():
    discriminator = Packing((2,), size=3)
    x = torch.randn(8, 2, requires_grad=True)
    logits = discriminator(x)
    assert torch.equal(logits, discriminator(x[:6]))
    logits.sum().backward()
    assert (x.grad[:6].norm(dim=1) > 0).all()
    assert not x.grad[6:].any()


def test_a_pack_of_one_is_the_discriminator_inside():
    discriminator = Packing((2,), size=1)
    x = torch.randn(5, 2)
    assert torch.equal(discriminator(x), discriminator.discriminator(x))


def test_equal_points_in_a_pack_can_be_told_from_different_ones():
    """What packing is for: of single points both batches are the same."""
    discriminator = Packing((1,), partial(MLPDiscriminator, hidden_dims=(8,)))
    collapsed = torch.tensor([[1.0], [1.0], [-1.0], [-1.0]])
    varied = collapsed[[0, 2, 1, 3]]
    difference = discriminator(collapsed).sum() - discriminator(varied).sum()
    assert difference.abs() > 1e-4


def test_packs_with_labels_show_the_planes_of_all_their_points():
    discriminator = LabelledDiscriminator((2,), 3, partial(Packing, discriminator=Places, size=2))
    x, labels = torch.randn(4, 2), torch.tensor([0, 2, 1, 1])
    together = torch.cat([x, discriminator.planes[labels]], 1)
    expected = together.reshape(2, 8) @ 10.0 ** torch.arange(8)
    torch.testing.assert_close(discriminator(x, labels), expected)


def test_a_batch_that_fills_no_pack_is_refused_in_a_sentence():
    with pytest.raises(InputError) as error:
        Packing((2,), size=4)(torch.randn(3, 2))
    assert str(error.value) == (
        "Packing: a batch of 3 does not fill a pack of 4; choose a larger batch_size or a smaller "
        "size."
    )


@pytest.mark.parametrize("size", [0, -2])
def test_packs_without_points_are_refused(size):
    with pytest.raises(InputError, match=f"size must be a positive integer, found {size}"):
        Packing((2,), size=size)


# MinibatchStd


def test_a_logit_is_that_of_its_features_and_of_their_mean_deviation():
    discriminator = MinibatchStd((2,), Plain)
    x = torch.tensor([[0.0, 1.0], [2.0, -3.0]])  # deviations of 1 and 2: on average 3/2
    inner = discriminator.discriminator(x)
    expected = inner + 1.5 * discriminator.weight.weight.squeeze()
    torch.testing.assert_close(discriminator(x), expected)


@pytest.mark.parametrize("inside", [MLPDiscriminator, DCGANDiscriminator])
def test_equal_points_have_no_deviation(inside):
    discriminator = MinibatchStd((1, 8, 8), inside).eval()
    x = torch.randn(1, 1, 8, 8).expand(5, 1, 8, 8)
    inner = discriminator.discriminator(x)
    share = discriminator.weight.weight.abs().item() * 1e-4  # the root of the epsilon
    assert discriminator(x).shape == (5,)
    assert ((discriminator(x) - inner).abs() <= 1.01 * share + 1e-6).all()


def test_a_logit_feels_how_the_other_points_move():
    discriminator = MinibatchStd((2,), Plain)
    x = torch.tensor([[0.0, 1.0], [2.0, -3.0]], requires_grad=True)
    discriminator(x)[0].backward()
    # The deviation of two numbers is half their distance: |a - b| / 2, and there are two features.
    expected = discriminator.weight.weight.squeeze() * torch.tensor([1.0, -1.0]) / 4
    torch.testing.assert_close(x.grad[1], expected)
    torch.testing.assert_close(x.grad[0], discriminator.discriminator.head.weight[0] - expected)


def test_every_weight_and_every_point_receives_a_gradient():
    discriminator = MinibatchStd((1, 8, 8), partial(MLPDiscriminator, hidden_dims=(16,)))
    x = torch.randn(7, 1, 8, 8, requires_grad=True)
    discriminator(x).square().sum().backward()
    assert all(weight.grad.any() for weight in discriminator.parameters())
    assert (x.grad.flatten(1).norm(dim=1) > 0).all()


def test_gradients_at_equal_points_are_finite():
    discriminator = MinibatchStd((2,))
    x = torch.zeros(4, 2, requires_grad=True)
    discriminator(x).sum().backward()
    assert x.grad.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in discriminator.parameters())


def test_points_in_another_order_have_their_logits_in_that_order():
    discriminator = MinibatchStd((2,))
    x, order = torch.randn(6, 2), torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(discriminator(x[order]), discriminator(x)[order])


def test_a_discriminator_without_features_is_refused_by_name():
    with pytest.raises(InputError, match="expected a FeatureDiscriminator, found Places"):
        MinibatchStd((2,), Places)
    with pytest.raises(InputError, match="expected a FeatureDiscriminator, found Packing"):
        MinibatchStd((2,), Packing)
