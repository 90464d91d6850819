"""The digit classifier that is shipped with the package."""

import hashlib
from pathlib import Path

import pytest
import torch
from torch.nn.functional import pad

from gan_lightning.data import MNIST, Digits
from gan_lightning.errors import InputError
from gan_lightning.features import DigitFeatures, digits

MNIST_AT_HAND = Path(__file__).parents[2].parent / "shared" / "data"


def accuracy(features, images, labels):
    return (features(images).logits.argmax(1) == labels).float().mean().item()


def test_the_weights_are_small_and_have_the_checksum_in_the_code():
    content = digits.WEIGHTS.read_bytes()
    assert len(content) < 1_000_000
    assert hashlib.sha256(content).hexdigest() == digits.SHA256
    assert DigitFeatures().name == f"DigitFeatures {digits.SHA256[:8]}"


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b[:-1] + bytes([b[-1] ^ 1])])
def test_damaged_weights_are_refused_in_a_sentence(tmp_path, monkeypatch, change):
    path = tmp_path / "digits.safetensors"
    path.write_bytes(change(digits.WEIGHTS.read_bytes()))
    monkeypatch.setattr(digits, "WEIGHTS", path)
    monkeypatch.setattr(digits, "_network", digits._network.__wrapped__)  # reads at each call
    with pytest.raises(InputError, match=f"{path} is damaged: install the package again"):
        DigitFeatures()(torch.zeros(1, 1, 28, 28).byte())


def test_the_weights_are_read_once_a_process():
    assert digits._network() is digits._network()


@pytest.mark.skipif(not MNIST_AT_HAND.is_dir(), reason="MNIST is not at hand")
def test_it_recognises_the_test_images_of_mnist():
    data = MNIST(str(MNIST_AT_HAND), download=False)
    data.setup("test")
    assert accuracy(data.features, data.test.x, data.test.labels) >= 0.993


@pytest.mark.parametrize("size", [8, 16, 28, 32])
def test_it_recognises_other_digits_given_a_margin_like_mnists(size):
    data = Digits(size, num_val=0)
    data.setup("fit")
    assert data.knows_classes
    assert accuracy(data.features, data.train.x, data.train.labels) > 0.85
    assert accuracy(DigitFeatures(), data.train.x, data.train.labels) < 0.7


def test_a_margin_is_the_same_as_black_pixels_around_the_image():
    inner = torch.randint(256, (4, 1, 18, 18)).byte()
    found, expected = DigitFeatures(margin=5)(inner), DigitFeatures()(pad(inner, [5] * 4))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_extractors_of_different_margins_have_different_names():
    assert len({DigitFeatures(margin).name for margin in (0, 4, 5)}) == 3


@pytest.mark.parametrize("margin", [-1, 14])
def test_a_margin_that_leaves_no_image_is_refused(margin):
    with pytest.raises(InputError, match=rf"margin must lie in \[0, 14\), found {margin}"):
        DigitFeatures(margin)


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 8), (3, 28, 28), (3, 32, 32), (1, 20, 30)])
def test_images_of_any_size_and_colour_have_features_of_the_same_number(shape):
    features = DigitFeatures()(torch.randint(256, (4, *shape)).byte())
    assert features.middle.shape == (4, 576)
    assert features.last.shape == (4, 128)
    assert features.logits.shape == (4, 10)


def test_a_grey_image_in_three_colours_is_the_same_image():
    grey = torch.randint(256, (4, 1, 28, 28)).byte()
    for found, expected in zip(
        DigitFeatures()(grey.expand(-1, 3, -1, -1)), DigitFeatures()(grey), strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_the_last_features_tell_the_classes_apart():
    features = DigitFeatures()(torch.randint(256, (4, 1, 28, 28)).byte())
    linear = digits._network().head[-1].cpu()
    torch.testing.assert_close(linear(features.last), features.logits)
