"""A digit in each colour, and the thousand classes that they make."""

import pytest
import torch

from gan_lightning.data import Digits, StackedMNIST
from gan_lightning.features import DigitFeatures, StackedDigitFeatures


def stacked(root, **options):
    module = StackedMNIST(
        str(root), **{"download": False, "num_val": 10, "official": False, **options}
    )
    module.setup("fit")
    return module


def test_the_label_is_the_number_of_the_digits(mnist_files, tmp_path):
    module = stacked(tmp_path)
    for split, digits in [
        (module.train, module.digits.train),
        (module.val, module.digits.val),
        (module.test, module.digits.test),
    ]:
        assert split.x.shape == (len(digits.x), 3, 28, 28)
        known = {image.numpy().tobytes(): int(k) for image, k in zip(*digits, strict=True)}
        for image, label in zip(*split, strict=True):
            red, green, blue = (known[channel.numpy().tobytes()] for channel in image)
            assert label == 100 * red + 10 * green + blue


def test_every_digit_of_a_split_is_once_in_each_channel(mnist_files, tmp_path):
    module = stacked(tmp_path)
    once = sorted(image.numpy().tobytes() for image in module.digits.train.x)
    orders = []
    for channel in module.train.x.unbind(1):
        assert sorted(image.numpy().tobytes() for image in channel) == once
        orders.append([image.numpy().tobytes() for image in channel])
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_the_shares_of_the_classes_are_products_of_those_of_the_digits(mnist_files, tmp_path):
    module = stacked(tmp_path)
    counts = module.digits.train.labels.bincount(minlength=10).double()
    expected = counts[3] * counts[0] * counts[7] / counts.sum() ** 3
    assert module.class_shares.shape == (1000,)
    assert module.class_shares.sum().item() == pytest.approx(1)
    assert module.class_shares[307].item() == pytest.approx(expected.item())


def test_without_held_out_images_the_test_images_serve(mnist_files, tmp_path):
    module = stacked(tmp_path, num_val=0)
    assert module.val is module.test
    assert module.described("val") == "20 test points, modes against their true shares"


def test_features_are_those_of_each_channel():
    digits = Digits(28, num_val=0)
    digits.setup("fit")
    grey = digits.train.x[:30]
    colour = torch.cat([grey[:10], grey[10:20], grey[20:]], 1)
    each = [DigitFeatures()(channel) for channel in colour.split(1, dim=1)]
    found = StackedDigitFeatures()(colour)
    torch.testing.assert_close(found.last, torch.cat([one.last for one in each], 1))
    torch.testing.assert_close(found.middle, torch.cat([one.middle for one in each], 1))
    red, green, blue = (one.logits.softmax(1) for one in each)
    joint = torch.einsum("ni,nj,nk->nijk", red, green, blue).flatten(1)
    torch.testing.assert_close(found.logits.softmax(1), joint)


def test_missing_modes_are_counted(mnist_files, tmp_path):
    module = stacked(tmp_path)
    metric = module.metrics("val")
    every = torch.arange(1000)
    digit = module.digits.train.x[:10]  # their classes do not matter: one of each channel
    metric.class_shares = torch.full((1000,), 1 / 1000)
    images = torch.cat([digit[every // 100], digit[every // 10 % 10], digit[every % 10]], 1)
    classes = module.features(images).logits.argmax(1)
    metric.update(images, every, real=True)
    metric.update(images, real=False)
    found = metric.compute()
    assert found["modes"] == len(classes.unique())
    shares = classes.bincount(minlength=1000) / 1000
    assert found["class_kl"].item() == pytest.approx(
        torch.special.xlogy(shares, shares * 1000).sum().item(), abs=1e-6
    )
