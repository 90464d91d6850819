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


def accuracy(images, labels):
    return (DigitFeatures()(images).logits.argmax(1) == labels).float().mean().item()


def test_the_weights_are_small_and_the_ones_that_the_code_names():
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
def test_it_knows_the_test_images_of_mnist():
    data = MNIST(str(MNIST_AT_HAND), download=False)
    data.setup("test")
    assert accuracy(data.test.x, data.test.labels) >= 0.993


def test_it_knows_the_digits_of_others_within_a_margin_like_mnists():
    data = Digits(18, num_val=0)
    data.setup("fit")
    assert accuracy(pad(data.train.x, [5] * 4), data.train.labels) > 0.85


def test_data_whose_classes_it_does_not_know_do_not_claim_so():
    data = Digits(28, num_val=0)  # without a margin
    data.setup("fit")
    known = accuracy(data.train.x, data.train.labels) > 0.8
    assert data.knows_classes == known


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


def test_the_last_features_are_what_the_classes_are_told_by():
    features = DigitFeatures()(torch.randint(256, (4, 1, 28, 28)).byte())
    linear = digits._network().head[-1].cpu()
    torch.testing.assert_close(linear(features.last), features.logits)
