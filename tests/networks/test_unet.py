"""A U-Net leads to the image it predicts, and sees time, label and the whole picture."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.models import FlowMatching
from gan_lightning.networks import UNetVelocity

SMALL = partial(UNetVelocity, base_channels=4)


def awake(network):
    """Give a network weights that let everything through."""
    torch.manual_seed(0)
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.3)
    return network.eval()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 14, 28, 32, 40, 64])
def test_velocities_lead_to_the_predicted_image_at_first_a_grey_one(size, channels):
    network = SMALL((channels, size, size))
    nn.init.constant_(network.to_image.bias, 0.3)
    x, t = torch.randn(2, channels, size, size), torch.tensor([0.0, 0.75])
    reached = x + (1 - t)[:, None, None, None] * network(x, t)
    torch.testing.assert_close(reached, torch.full_like(x, 0.3))


def test_velocities_stay_finite_at_the_end_of_the_way():
    x = torch.ones(1, 1, 8, 8)
    torch.testing.assert_close(SMALL((1, 8, 8))(x, torch.ones(1)), -x / 0.01)


@pytest.mark.parametrize(
    ("size", "patch_size", "num_levels"),
    [(8, 2, 1), (28, 2, 2), (32, 2, 3), (64, 2, 4), (80, 2, 4), (96, 4, 3), (128, 4, 4)],
)
def test_a_row_has_at_least_24_patches_where_it_can(size, patch_size, num_levels):
    network = SMALL((3, size, size))
    assert network.patch_size == patch_size
    assert len(network.down) == num_levels - 1


@pytest.mark.parametrize("patch_size", [0, 1, 3, 16])
def test_a_patch_that_does_not_fit_is_refused_with_those_that_do(patch_size):
    with pytest.raises(InputError, match=f"one of 2, 4, 8 for images of 32×32.*{patch_size}"):
        SMALL((3, 32, 32), patch_size=patch_size)


def test_dropout_changes_what_is_learnt_but_no_sample():
    x, t = torch.randn(2, 1, 8, 8), torch.tensor([0.2, 0.7])
    network = awake(SMALL((1, 8, 8), dropout=0.5))
    assert torch.equal(network(x, t), awake(SMALL((1, 8, 8)))(x, t))
    network.train()
    assert not torch.equal(network(x, t), network(x, t))


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_a_share_that_leaves_nothing_is_refused(dropout):
    with pytest.raises(InputError, match=rf"dropout must lie in \[0, 1\), found {dropout}"):
        SMALL((1, 8, 8), dropout=dropout)


@pytest.mark.parametrize("shape", [(4,), (3, 32, 28), (1, 9, 9), (1, 4, 4)])
def test_points_that_cannot_be_halved_are_refused(shape):
    with pytest.raises(InputError, match="UNetVelocity is for square images"):
        SMALL(shape)


@pytest.mark.parametrize("patch_size", [2, 4, 8])
def test_every_pixel_sees_the_whole_picture(patch_size):
    network = awake(SMALL((1, 32, 32), patch_size=patch_size))
    x = torch.randn(1, 1, 32, 32, requires_grad=True)
    network(x, torch.tensor([0.5]))[0, 0, 0, 0].backward()
    assert (x.grad != 0).all()


def test_time_and_label_change_the_velocity_of_their_own_image_alone():
    network = awake(SMALL((1, 8, 8), embedding_dim=3, num_classes=4))
    x, t, labels = torch.randn(2, 1, 8, 8), torch.tensor([0.2, 0.7]), torch.tensor([0, 3])
    before = network(x, t, labels)
    for changed in (
        network(x, torch.tensor([0.9, 0.7]), labels),
        network(x, t, torch.tensor([1, 3])),
    ):
        assert not torch.allclose(changed[0], before[0], atol=1e-3)
        torch.testing.assert_close(changed[1], before[1])


def test_labels_without_their_number_are_refused():
    with pytest.raises(InputError, match="UNetVelocity needs the number of labels"):
        SMALL((1, 8, 8), embedding_dim=3)


def test_a_flow_learns_where_noise_must_go():
    """Images of one grey each, of which there are two."""
    torch.manual_seed(0)
    greys = torch.tensor([-0.8, 0.8])
    images = greys.repeat(32)[:, None, None, None].expand(-1, 1, 8, 8)
    model = FlowMatching((1, 8, 8), velocity=partial(UNetVelocity, base_channels=16), num_steps=6)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(200):
        optimizer.zero_grad()
        model.losses(images, torch.zeros(64))["loss"].backward()
        optimizer.step()
    samples = model.sample(200).flatten(1)
    assert samples.std(1).median() < 0.15
    distances = (samples.mean(1, keepdim=True) - greys).abs()
    assert distances.min(1).values.median() < 0.1
    assert 0.25 < distances.argmin(1).float().mean() < 0.75
