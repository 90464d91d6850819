"""Folders of images that are too many for memory."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.data import ImageFolder
from gan_lightning.errors import InputError


@pytest.fixture
def root(tmp_path):
    """Six cats and five dogs."""
    random = np.random.default_rng(0)
    for i in range(11):
        path = tmp_path / "pictures" / ("cats" if i < 6 else "dogs") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (10, 12, 3), np.uint8)).save(path)
    return tmp_path / "pictures"


def folder_of(root, **options):
    module = ImageFolder(str(root), **{"size": 8, "cache_above": 0, **options})
    module.prepare_data()
    module.setup("fit")
    return module


def caches(root):
    return sorted((root / ".decoded").iterdir())


@pytest.fixture
def reading(monkeypatch):
    """The paths that are decoded."""
    paths, read = [], ImageFolder._read
    monkeypatch.setattr(
        ImageFolder, "_read", lambda self, path: paths.append(path) or read(self, path)
    )
    return paths


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("val_fraction", [0, 0.3])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_holds_what_memory_would(root, flip, val_fraction, channels):
    options = {"flip": flip, "val_fraction": val_fraction, "channels": channels}
    large, small = folder_of(root, **options), folder_of(root, cache_above=2.0, **options)
    for name in ("train", "val", "test"):
        for kept, expected in zip(getattr(large, name), getattr(small, name), strict=True):
            assert kept.dtype == expected.dtype
            assert torch.equal(kept, expected)
    assert (large.val is large.train) == (val_fraction == 0)


def test_small_folders_are_left_without_a_file(root):
    num_bytes = 11 * 3 * 8 * 8
    folder_of(root, cache_above=num_bytes / 1e9)
    assert not (root / ".decoded").exists()
    folder_of(root, cache_above=(num_bytes - 1) / 1e9)
    assert len(caches(root)) == 1


def test_images_are_decoded_once_and_never_again(root, reading):
    first = folder_of(root)
    assert len(reading) == len(set(reading)) == 11
    second = folder_of(root, val_fraction=0.5, batch_size=2)  # what the images do not depend on
    assert len(reading) == 11
    assert torch.equal(
        torch.cat([second.val.x, second.train.x]), torch.cat([first.val.x, first.train.x])
    )


def test_the_process_that_prepares_the_data_decodes_for_all(root, reading):
    ImageFolder(str(root), size=8, cache_above=0).prepare_data()
    assert len(reading) == 11
    other = ImageFolder(str(root), size=8, cache_above=0)
    other.setup("fit")
    assert len(reading) == 11
    assert len(other.train.x) == 9  # two are held out, the fewest that can be compared


def test_each_combination_of_settings_has_a_file_of_its_own(root, reading):
    forms = [{}, {"size": 9}, {"channels": 1}, {"flip": True}]
    for form in 2 * forms:
        module = folder_of(root, **form)
        assert module.train.x.shape[1:] == module.data_shape
    assert len(caches(root)) == 4
    assert len(reading) == 4 * 11


def rewrite(root):
    Image.new("RGB", (8, 8)).save(root / "cats" / "0.png")


CHANGES = {
    "another content": rewrite,
    "another time": lambda root: os.utime(root / "cats" / "0.png", (1, 1)),
    "another name": lambda root: (root / "cats" / "0.png").rename(root / "cats" / "00.png"),
    "another label": lambda root: (root / "cats" / "0.png").rename(root / "dogs" / "0.png"),
    "one less": lambda root: (root / "cats" / "0.png").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_files_rebuilds_the_cache_and_drops_the_old_one(root, change):
    folder_of(root)
    (old,) = caches(root)
    change(root)
    module = folder_of(root, val_fraction=0)
    (new,) = caches(root)
    assert new != old
    expected = folder_of(root, val_fraction=0, cache_above=2.0).train
    assert torch.equal(module.train.x, expected.x)
    assert torch.equal(module.train.labels, expected.labels)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_a_stop_in_the_middle_leaves_no_half_file(root, monkeypatch, interruption):
    def read(self, path):
        if path.stem == "7":
            raise interruption
        return torch.zeros(3, 8, 8, dtype=torch.uint8)

    with monkeypatch.context() as patch:
        patch.setattr(ImageFolder, "_read", read)
        with pytest.raises(interruption):
            folder_of(root)
    assert not caches(root)
    assert len(folder_of(root, val_fraction=0).train.x) == 11


def test_another_share_is_held_out_of_the_same_file(root, reading):
    assert len(folder_of(root, val_fraction=0.2).val.x) == 2
    data = folder_of(root, val_fraction=0)
    assert data.val is data.train
    assert data.train.labels.bincount().tolist() == [6, 5]
    assert len(folder_of(root, val_fraction=0.5).val.x) == 6
    assert len(reading) == 11


def test_leftovers_of_a_kill_are_not_read_and_are_removed_when_old(root):
    folder_of(root)
    (cache,) = caches(root)
    old, young = (cache.with_name(f"{cache.name}.{name}.partial") for name in ("old", "young"))
    cache.rename(old)
    young.write_bytes(b"another process writes here")
    os.utime(old, 2 * (time.time() - 7200,))
    assert len(folder_of(root, val_fraction=0).train.x) == 11
    assert caches(root) == [cache, young]


def test_broken_pictures_are_named_when_they_are_decoded_and_afterwards(root):
    path = root / "cats" / "3.png"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.warns(UserWarning, match=r"3\.png is skipped"):
        ImageFolder(str(root), size=8, cache_above=0).prepare_data()
    with pytest.warns(UserWarning, match=r"10 of 11 .*cats/3\.png is skipped: unreadable"):
        module = folder_of(root, val_fraction=0)
    assert module.train.labels.bincount().tolist() == [5, 5]


def test_too_few_pictures_are_an_error_and_leave_no_file(root):
    for path in sorted(root.rglob("*.png"))[1:]:
        path.write_bytes(b"no picture")
    with pytest.raises(
        InputError, match=r"holds 1 readable images; at least 2.*/\d\.png is skipped"
    ):
        folder_of(root)
    assert not caches(root)


def test_a_folder_that_cannot_be_written_to_is_an_error_in_a_sentence(root):
    (root / ".decoded").write_text("a file in the place of the folder")
    with pytest.raises(InputError) as error:
        folder_of(root)
    assert str(error.value) == (
        f"{root} holds more than cache_above, 0 GB, of images, and {root}/.decoded cannot hold "
        "them: File exists."
    )


def own_memory():
    """Bytes of this process that no file stands for."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return 1024 * int(line.split()[1])
    return pytest.skip("this system does not tell")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_neither_decoding_nor_an_epoch_takes_the_memory_of_the_images(tmp_path, monkeypatch):
    Image.new("L", (1, 1)).save(tmp_path / "0.png")
    for i in range(1, 300):
        (tmp_path / f"{i}.png").write_bytes(
            (tmp_path / "0.png").read_bytes() + bytes([i % 256] * i)
        )
    image = torch.randint(0, 256, (3, 256, 256), dtype=torch.uint8)
    monkeypatch.setattr(ImageFolder, "_read", lambda self, path: image)
    before = own_memory()
    module = folder_of(tmp_path, size=256, flip=True, batch_size=2)
    decoded = own_memory()
    highest, seen = decoded, 0
    for x, _ in module.train_dataloader():
        highest, seen = max(highest, own_memory()), seen + len(x)
    assert seen * image.numel() > 100e6
    assert decoded - before < 10e6
    assert highest - before < 40e6  # some batches of floats, each 2 · 4 · 3 · 256² = 1.6 MB
