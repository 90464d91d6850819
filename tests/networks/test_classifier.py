"""What the classifier of images sees at three depths."""

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.networks import ConvClassifier


@pytest.mark.parametrize("size", [8, 28, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_each_stage_has_the_same_number_of_features_for_any_images(size, channels):
    network = ConvClassifier((channels, size, size), num_classes=7, base_channels=4)
    stages = network.stages(torch.rand(5, channels, size, size))
    assert stages.middle.shape == (5, 9 * 8)
    assert stages.last.shape == (5, 16)
    assert stages.logits.shape == (5, 7)


def test_for_mnist_it_is_as_small_as_documented():
    network = ConvClassifier((1, 28, 28), num_classes=10)
    convolutions = [1 * 32 * 25, 32 * 64 * 9, 64 * 64 * 9, 64 * 128 * 9]
    normalisations = [2 * 32, 2 * 64, 2 * 64, 2 * 128]
    expected = sum(convolutions) + sum(normalisations) + 128 * 10 + 10
    assert sum(p.numel() for p in network.parameters()) == expected
    assert round(expected, -3) == 132_000
    pixels = [14 * 14, 7 * 7, 7 * 7, 7 * 7]
    multiplications = sum(c * p for c, p in zip(convolutions, pixels, strict=True)) + 128 * 10
    assert multiplications == pytest.approx(6.5e6, rel=0.01)


def test_the_verdict_is_that_of_the_last_stage():
    network = ConvClassifier((1, 8, 8), 3, base_channels=4).eval()
    x = torch.rand(5, 1, 8, 8)
    assert torch.equal(network(x), network.stages(x).logits)
    linear = network.head[-1]
    torch.testing.assert_close(network(x), linear(network.stages(x).last))


def test_features_are_dropped_only_in_training():
    network = ConvClassifier((1, 8, 8), 3, base_channels=4, dropout=0.5)
    x = torch.rand(5, 1, 8, 8)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_the_middle_knows_where_a_stroke_is_and_the_last_features_do_not():
    network = ConvClassifier((1, 32, 32), 3, base_channels=4).eval()
    image = torch.zeros(1, 1, 32, 32)
    image[..., 12:16, 12:16] = 1
    stages = network.stages(image)
    shifted = network.stages(image.roll((4, 4), (2, 3)))  # as far as the middle's stride
    torch.testing.assert_close(shifted.last, stages.last)
    assert not torch.allclose(shifted.middle, stages.middle)


@pytest.mark.parametrize(("shape", "base_channels"), [((4,), 8), ((28, 28), 8), ((1, 8, 8), 0)])
def test_anything_but_an_image_is_refused_with_what_was_found(shape, base_channels):
    with pytest.raises(InputError, match=rf"ConvClassifier is for images .* {base_channels}\."):
        ConvClassifier(shape, 10, base_channels)
