"""A discriminator that sees waves as well as the coordinates."""

import math

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.networks import Discriminator, FourierFeatures, LabelledDiscriminator


class Sum(Discriminator):
    """The sum of what it is shown, which it keeps."""

    def __init__(self, data_shape):
        super().__init__()
        self.data_shape = data_shape

    def forward(self, x, labels=None):
        self.shown = x
        return x.sum(1)


@pytest.mark.parametrize("decay", [0.0, 0.5, 1.0])
def test_it_shows_the_coordinates_and_sines_of_evenly_spaced_scales(decay):
    network = FourierFeatures((1,), Sum, num_features=3, lowest=0.5, highest=50.0, decay=decay)
    x = torch.linspace(-20, 20, 20001, dtype=torch.float64)[:, None]
    network.double()(x)
    coordinates, waves = network.discriminator.shown.split([1, 3], 1)
    assert network.discriminator.data_shape == (4,)
    frequencies = [0.5, 5.0, 50.0]
    amplitudes = [math.sqrt(2) * (each / 0.5) ** -decay for each in frequencies]
    slopes = (waves.diff(dim=0) / x.diff(dim=0)).abs().amax(0)
    steepest = [a * f for a, f in zip(amplitudes, frequencies, strict=True)]
    assert waves.amax(0) == pytest.approx(amplitudes, rel=0.01)
    assert slopes == pytest.approx(steepest, rel=1e-3)
    torch.testing.assert_close(coordinates, steepest[0] * x, rtol=1e-6, atol=0)


def test_the_directions_are_unit_vectors_and_belong_to_its_state():
    network = FourierFeatures((3, 2), Sum, num_features=5, lowest=2.0, highest=2.0)
    assert network.frequencies.norm(dim=0) == pytest.approx([2.0] * 5)
    other = FourierFeatures((3, 2), Sum, num_features=5, lowest=2.0, highest=2.0)
    points = torch.randn(4, 3, 2)
    assert not torch.equal(other(points), network(points))
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(points), network(points))


def test_labels_pass_to_the_discriminator_inside():
    network = FourierFeatures((2,), LabelledDiscriminator, num_classes=3)
    points = torch.randn(6, 2)
    assert network.num_classes == 3
    logits = [network(points, torch.full((6,), label)) for label in range(3)]
    assert not torch.equal(logits[0], logits[1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_features": 0}, "num_features must be a positive integer, found 0"),
        ({"lowest": 0.0}, "expected 0 < lowest <= highest, both finite, found 0.0 and 100.0"),
        ({"lowest": 3.0, "highest": 2.0}, "both finite, found 3.0 and 2.0"),
        ({"highest": math.inf}, "both finite, found 0.5 and inf"),
        ({"decay": -0.5}, "decay must not be negative, found -0.5"),
        ({"lowest": math.nan}, "both finite, found nan and 100.0"),
    ],
    ids=str,
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        FourierFeatures((2,), **settings)
