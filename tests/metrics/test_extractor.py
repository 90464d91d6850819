"""What every feature extractor promises to the metrics."""

import copy
import pickle

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.features import DigitFeatures
from gan_lightning.metrics import CompleteImageMetrics, ImageMetrics, extractor


@pytest.fixture
def images():
    return torch.randint(256, (25, 1, 28, 28), dtype=torch.uint8)


@pytest.fixture
def features():
    return DigitFeatures()


def assert_identical(found, expected):
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: torch.rand(3, 1, 28, 28), r"found float32 of shape \[3, 1, 28, 28\]"),
        (lambda: torch.zeros(3, 1, 28, 28).long(), r"found int64 of shape"),
        (lambda: torch.zeros(3, 28, 28).byte(), r"found uint8 of shape \[3, 28, 28\]"),
    ],
)
def test_anything_but_bytes_of_images_is_refused_with_what_was_found(features, make, words):
    expected = r"DigitFeatures \w{8}: expected images as uint8 of shape \(num, channels, height, w"
    with pytest.raises(InputError, match=f"{expected}.*{words}"):
        features(make())


@pytest.mark.parametrize("chunk_size", [1, 7, 25])
def test_the_size_of_chunks_does_not_matter(features, images, monkeypatch, chunk_size):
    expected = features(images)
    monkeypatch.setattr(extractor, "CHUNK_SIZE", chunk_size)
    for found, value in zip(features(images), expected, strict=True):
        torch.testing.assert_close(found, value)


def test_features_are_float32_on_the_cpu_without_gradients(features, images):
    for values in features(images):
        assert values.dtype == torch.float32
        assert values.device.type == "cpu"
        assert not values.requires_grad
        assert len(values) == 25
        assert values.isfinite().all()


def test_reduced_precision_outside_changes_nothing(features, images):
    expected = features(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_identical(features(images), expected)


def test_settings_of_cudnn_are_given_back(features, images):
    before = torch.backends.cudnn.enabled, torch.backends.cudnn.allow_tf32
    features(images)
    assert (torch.backends.cudnn.enabled, torch.backends.cudnn.allow_tf32) == before


@pytest.fixture(params=[ImageMetrics, CompleteImageMetrics])
def metric(request, features, images):
    if request.param is ImageMetrics:
        return ImageMetrics(features, knows_classes=True)
    return CompleteImageMetrics(features, True, images, torch.arange(25) % 10)


def test_a_metric_neither_keeps_nor_trains_its_extractor(metric, images):
    expected = metric.extractor(images)
    metric.train()
    assert_identical(metric.extractor(images), expected)  # no dropout, and fixed normalisation
    metric.half()
    metric.to(torch.float64)
    assert_identical(metric.extractor(images), expected)
    assert not metric.state_dict()
    assert not list(metric.modules())[1:]
    assert not list(metric.parameters())


@pytest.mark.filterwarnings("ignore:You are using `torch.load`")  # PyTorch 2.4 unpickles by it
@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_metrics_copy_sees_the_same(metric, images, clone):
    metric.update(images[:15], real=True)
    metric.update(images[10:], real=False)
    expected = metric.compute()
    assert len(pickle.dumps(metric.extractor)) < 1000  # a name: no network travels with it
    twin = clone(metric)
    assert_identical(twin.extractor(images), metric.extractor(images))
    twin.update(images[:0], real=True)  # nothing new, but the result is forgotten
    found = twin.compute()
    assert found.keys() == expected.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name], msg=name)
