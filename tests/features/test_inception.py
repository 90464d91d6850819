"""Inception's features where they are available; elsewhere nothing replaces them."""

import hashlib
import sys
from types import ModuleType
from typing import ClassVar

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.features import DigitFeatures, InceptionFeatures, inception
from gan_lightning.metrics import ImageMetrics, frechet, frechet_distance, kernel_distance


@pytest.fixture(autouse=True)
def _no_network_is_kept():
    inception._network.cache_clear()
    yield
    inception._network.cache_clear()


@pytest.fixture
def images():
    return torch.randint(256, (3, 1, 28, 28), dtype=torch.uint8)


class FakeInception(nn.Module):
    """Has torch-fidelity's signature, and records its arguments."""

    made: ClassVar = []

    def __init__(self, name, features_list, feature_extractor_weights_path=None):
        super().__init__()
        self.made.append((name, features_list, feature_extractor_weights_path))
        self.linear = nn.Linear(1, 1)
        self.dropout = nn.Dropout(0.9)

    def forward(self, x):
        assert x.dtype == torch.uint8
        assert x.shape[1] == 3
        assert not self.training
        assert not self.linear.weight.requires_grad
        pixels = self.dropout(x.float().flatten(1))
        return pixels[:, :768], torch.cat([pixels, pixels], 1)[:, :2048], pixels[:, :1008]


@pytest.fixture
def torch_fidelity(monkeypatch):
    monkeypatch.setattr(FakeInception, "made", [])
    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = FakeInception
    monkeypatch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return FakeInception


@pytest.fixture
def without_torch_fidelity(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)


def test_without_the_package_they_are_refused_in_a_sentence(without_torch_fidelity):
    with pytest.raises(InputError, match=r"InceptionFeatures are not available \(Module") as error:
        InceptionFeatures()
    assert "they need the package torch-fidelity" in str(error.value)
    assert "\n" not in str(error.value)


def test_with_the_package_its_network_sees_three_colours(torch_fidelity, images):
    features = InceptionFeatures()
    assert features.name == "InceptionFeatures"
    assert torch_fidelity.made == [
        ("inception-v3-compat", ["768", "2048", "logits_unbiased"], None)
    ]
    grey, coloured = features(images), features(images.expand(-1, 3, -1, -1))
    assert [value.shape[1] for value in grey] == [768, 2048, 1008]
    for found, expected in zip(grey, coloured, strict=True):
        assert torch.equal(found, expected)
    assert torch.equal(grey.middle[:, :768], images.float().flatten(1)[:, :768])  # the first colour


@pytest.mark.parametrize("own_unit", [pytest.param(True, marks=pytest.mark.slow), False])
def test_its_distances_are_those_of_the_papers_and_others_have_no_unit(
    torch_fidelity, own_unit, monkeypatch
):
    monkeypatch.setattr(frechet, "ROWS_PER_DIMENSION", 0)  # a few images will do
    features = InceptionFeatures() if own_unit else DigitFeatures()
    metric = ImageMetrics(features, knows_classes=False)
    real, generated = torch.randint(256, (2, 12, 1, 28, 28), dtype=torch.uint8)
    metric.update(real, real=True)
    metric.update(generated // 2, real=False)
    found = metric.compute()
    last, generated_last = features(real).last, features(generated // 2).last
    torch.testing.assert_close(found["fid"], frechet_distance(last, generated_last))
    unit = 1 if own_unit else last.double().square().mean().sqrt()
    expected = kernel_distance(last.double() / unit, generated_last.double() / unit)
    torch.testing.assert_close(found["kid"], expected)


def test_the_network_is_made_once_for_each_file_of_weights(torch_fidelity, tmp_path):
    for content in (b"one", b"two"):
        path = tmp_path / content.decode() / "weights.pth"
        path.parent.mkdir()
        path.write_bytes(content)
        names = {InceptionFeatures(str(path)).name for _ in range(2)}
        assert names == {f"InceptionFeatures {hashlib.sha256(content).hexdigest()[:8]}"}
    assert [weights for *_, weights in torch_fidelity.made] == [
        str(tmp_path / name / "weights.pth") for name in ("one", "two")
    ]


def test_missing_weights_are_named(torch_fidelity, tmp_path):
    with pytest.raises(InputError, match=r"are not available .*nowhere\.pth"):
        InceptionFeatures(str(tmp_path / "nowhere.pth"))
