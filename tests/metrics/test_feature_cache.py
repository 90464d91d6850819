"""Features of real images are computed once, and nothing that goes wrong on disk matters."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from gan_lightning.metrics import FeatureExtractor, Features, feature_cache
from gan_lightning.metrics.feature_cache import NUM_PROBES, FeatureCache


class Counted(FeatureExtractor):
    """Sees pixels times a weight, and counts how often it looks at more than a few images."""

    def __init__(self, name="Counted 1", with_classes=True, weight=1.0):
        self.name = name
        self.with_classes = with_classes
        self.weight = weight
        self.looks = 0

    def extract(self, images):
        self.looks += len(images) > NUM_PROBES
        pixels = self.weight * images.flatten(1).float()
        return Features(pixels, pixels / 2, pixels[:, :3] if self.with_classes else None)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where this test's files lie; nothing is in memory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(feature_cache, "_IN_MEMORY", {})
    return tmp_path / "cache" / "gan_lightning"


@pytest.fixture
def forget(monkeypatch):
    """What a new process has in memory: nothing."""
    return lambda: monkeypatch.setattr(feature_cache, "_IN_MEMORY", {})


@pytest.fixture
def images():
    return torch.randint(256, (20, 1, 4, 4), dtype=torch.uint8)


def assert_same(features, expected):
    for one, other in zip(features, expected, strict=True):
        assert (one is None and other is None) or torch.equal(one, other)


@pytest.mark.parametrize("with_classes", [True, False])
def test_features_are_computed_once_and_read_again_by_the_next_process(
    images, forget, with_classes
):
    extractor = Counted(with_classes=with_classes)
    expected = extractor(images)
    extractor.looks = 0
    for _ in range(2):
        assert_same(FeatureCache(extractor)(images), expected)
    assert extractor.looks == 1
    forget()
    assert_same(FeatureCache(extractor)(images.clone()), expected)
    assert extractor.looks == 1


def test_another_extractor_and_other_images_have_features_of_their_own(images, folder, forget):
    names, sets = ("Counted 1", "Counted 2"), (images, images.flip(0), images[:10])
    for name in names:
        for points in sets:
            FeatureCache(Counted(name))(points)
    assert len(list(folder.iterdir())) == len(names) * len(sets)
    forget()
    for name in names:
        for points in sets:
            extractor = Counted(name)
            assert_same(FeatureCache(extractor)(points), Counted()(points))
            assert extractor.looks == 0


class Edited(Counted):
    """Has the name of another extractor, and sees something else in one of its features."""

    def extract(self, images):
        middle, last, logits = super().extract(images)
        last[:, 0] += 3
        return Features(middle, last, logits)


@pytest.mark.parametrize("edited", [Edited(), Counted(weight=1.01), Counted(with_classes=False)])
@pytest.mark.parametrize("in_a_new_process", [False, True])
def test_an_edited_extractor_that_kept_its_name_has_features_of_its_own(
    images, folder, forget, edited, in_a_new_process
):
    FeatureCache(Counted())(images)
    if in_a_new_process:
        forget()
    expected = edited(images)
    assert_same(FeatureCache(edited)(images), expected)
    forget()
    edited.looks = 0
    assert_same(FeatureCache(edited)(images), expected)
    assert edited.looks == 0
    assert len(list(folder.iterdir())) == 1  # features that nobody will ask for again are removed


def test_an_extractor_that_rounds_otherwise_is_the_same(images):
    FeatureCache(Counted())(images)
    on_another_device = Counted(weight=1 + 1e-5)
    assert_same(FeatureCache(on_another_device)(images), Counted()(images))
    assert on_another_device.looks == 0


def test_the_same_bytes_in_another_shape_are_other_images(images):
    flat = FeatureCache(Counted())(images)
    wide = FeatureCache(Counted())(images.reshape(20, 4, 2, 2))
    halves = FeatureCache(Counted())(images.reshape(10, 1, 4, 8))
    assert flat.middle.shape == wide.middle.shape == (20, 16)
    assert halves.middle.shape == (10, 32)


def test_images_that_are_a_view_count_by_their_content(images, forget):
    extractor = Counted()
    FeatureCache(extractor)(images.flip(0).clone())
    forget()
    FeatureCache(extractor)(images.flip(0))
    view = torch.cat([images, images])[::2][:10]
    assert_same(FeatureCache(extractor)(view), Counted()(view))
    assert extractor.looks == 2


@pytest.mark.parametrize("content", [b"", b"nonsense", None], ids=["empty", "nonsense", "cut"])
def test_a_damaged_file_is_computed_and_written_again(images, folder, forget, content):
    extractor = Counted()
    expected = FeatureCache(extractor)(images)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    forget()
    assert_same(FeatureCache(extractor)(images), expected)
    assert extractor.looks == 2
    assert path.read_bytes() == whole


def test_a_file_that_lacks_something_is_computed_and_written_again(images, folder, forget):
    extractor = Counted()
    FeatureCache(extractor)(images)
    (path,) = folder.iterdir()
    save_file({"last": torch.zeros(2, 2)}, path)
    forget()
    FeatureCache(extractor)(images)
    assert extractor.looks == 2
    assert set(load_file(path)) == {"middle", "last", "logits"}


def test_a_folder_that_cannot_be_made_causes_no_error(images, tmp_path, forget):
    (tmp_path / "cache").write_text("a file in the way")
    extractor = Counted()
    expected = Counted()(images)
    for _ in range(2):
        assert_same(FeatureCache(extractor)(images), expected)
    assert extractor.looks == 1  # memory is left
    forget()
    FeatureCache(extractor)(images)
    assert extractor.looks == 2


def test_large_sets_are_remembered_in_memory_alone(images, folder, monkeypatch):
    monkeypatch.setattr(feature_cache, "MAX_ON_DISK", 19)
    extractor = Counted()
    for _ in range(2):
        FeatureCache(extractor)(images)
    assert extractor.looks == 1
    assert not folder.exists()
    FeatureCache(extractor)(images[:19])
    assert len(list(folder.iterdir())) == 1


def test_a_write_that_breaks_off_leaves_no_file(images, folder, monkeypatch):
    def break_off(tensors, path):
        with open(path, "wb") as file:
            file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(feature_cache, "save_file", break_off)
    extractor = Counted()
    assert_same(FeatureCache(extractor)(images), Counted()(images))
    assert not list(folder.rglob("*"))


def test_nothing_but_the_file_is_left_where_all_goes_well(images, folder):
    FeatureCache(Counted("Some features, 3f2a/91c0"))(images)
    (path,) = folder.rglob("*")
    assert path.suffix == ".safetensors"
    assert path.name.startswith("Some-features-3f2a-91c0-20x1x4x4-")


def test_files_lie_in_the_users_cache_by_default(tmp_path, monkeypatch):
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("XDG_CACHE_HOME")
        else:
            monkeypatch.setenv("XDG_CACHE_HOME", unset)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert FeatureCache(Counted()).folder == tmp_path / ".cache" / "gan_lightning"
