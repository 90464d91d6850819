"""The files of MNIST: the published ones, or on request others of that form."""

import gzip
import hashlib
from pathlib import Path

import pytest

from gan_lightning.data import MNIST
from gan_lightning.data import mnist_files as files_module
from gan_lightning.errors import InputError


def mnist(tmp_path, **options):
    module = MNIST(
        **{"root": str(tmp_path), "download": False, "num_val": 10, "official": False, **options}
    )
    module.setup("fit")
    return module


def changed(content, place, value):
    """Return a file's content with one byte changed."""
    return content[:place] + bytes([value]) + content[place + 1 :]


LABELS, IMAGES = "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"
OF_ANOTHER_FORM = {
    "found 255 at 7": (LABELS, lambda content: changed(content, 8 + 7, 255)),
    "found 10 at 0": (LABELS, lambda content: changed(content, 8, 10)),
    "found 59 labels and 60 images": (LABELS, lambda c: changed(c, 7, 59)[:-1]),
    "found 61 labels and 60 images": (LABELS, lambda c: changed(c, 7, 61) + b"\0"),
    "found 20 labels and 5 images": (IMAGES, lambda c: changed(c, 7, 5)[: 16 + 5 * 784]),
    "found 14×56": (IMAGES, lambda c: changed(changed(c, 11, 14), 15, 56)),
}


@pytest.mark.parametrize("words", OF_ANOTHER_FORM)
def test_files_of_another_form_are_refused_though_they_are_the_users_own(
    mnist_files, tmp_path, words
):
    name, change = OF_ANOTHER_FORM[words]
    path = tmp_path / "MNIST" / "raw" / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError) as error:
        mnist(tmp_path)
    assert words in str(error.value)
    assert str(path.parent) in str(error.value)


@pytest.fixture
def published(mnist_files, tmp_path, monkeypatch):
    """The folder of small files that pass for the published ones."""
    folder = tmp_path / "MNIST" / "raw"
    sums = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    monkeypatch.setitem(files_module.PUBLISHED, "MNIST", sums)
    return folder


@pytest.mark.parametrize("place", [0, 3, 16, 20_000, -1])
@pytest.mark.parametrize("name", sorted(files_module.PUBLISHED["MNIST"]))
def test_one_changed_bit_in_the_published_files_is_noticed(published, tmp_path, name, place):
    assert len(mnist(tmp_path, official=True).test.x) == 20
    content = bytearray((published / name).read_bytes())
    content[place % len(content)] ^= 1
    (published / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        mnist(tmp_path, official=True)
    assert f"{published / name} is not the published file of MNIST" in str(error.value)
    assert "set official to false" in str(error.value)


def test_a_users_own_files_are_accepted_on_request(mnist_files, tmp_path):
    with pytest.raises(InputError, match="set official to false"):
        mnist(tmp_path, official=True)
    assert len(mnist(tmp_path, official=False).test.x) == 20


def test_a_set_with_checksums_of_its_archives_only_is_compared_with_them(
    tmp_path, write_idx, monkeypatch
):
    folder = tmp_path / "KMNIST" / "raw"
    write_idx(folder)
    with pytest.warns(UserWarning, match="Only the form of .* is checked") as told:
        mnist(tmp_path, dataset="kmnist", official=True)
    assert len(told) == 4
    sums = []
    for path in list(folder.iterdir()):
        archive = gzip.compress(path.read_bytes())
        path.with_name(f"{path.name}.gz").write_bytes(archive)
        sums.append((f"{path.name}.gz", hashlib.md5(archive).hexdigest()))
    monkeypatch.setattr("torchvision.datasets.KMNIST.resources", sums)
    mnist(tmp_path, dataset="kmnist", official=True)
    path = folder / IMAGES
    path.write_bytes(changed(path.read_bytes(), 500, 7))
    with pytest.raises(InputError, match="is not the published file of KMNIST"):
        mnist(tmp_path, dataset="kmnist", official=True)


AT_HAND = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.skipif(not AT_HAND.is_dir(), reason="MNIST is not at hand")
def test_the_published_files_pass():
    module = MNIST(str(AT_HAND), download=False)
    module.setup("fit")
    assert (len(module.train.x), len(module.val.x), len(module.test.x)) == (55_000, 5_000, 10_000)


@pytest.mark.parametrize("num_val", [60, 59_999])
def test_no_more_images_are_held_out_than_there_are(mnist_files, tmp_path, num_val):
    with pytest.raises(InputError, match=f"num_val: {num_val} of 60 training images cannot be"):
        mnist(tmp_path, num_val=num_val)
