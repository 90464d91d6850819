"""Images: bytes in memory, floats in a batch, files on disk."""

import gzip
import shutil
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.data import MNIST, Digits, ImageFolder
from gan_lightning.errors import InputError
from gan_lightning.features import DigitFeatures, FilterFeatures


def mnist(tmp_path, **options):
    module = MNIST(
        **{"root": str(tmp_path), "download": False, "num_val": 10, "official": False, **options}
    )
    module.prepare_data()
    module.setup("fit")
    return module


def picture(path, size=(20, 30), mode="RGB", seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(path)
    return path


@pytest.fixture
def flat(tmp_path):
    """Ten pictures of different sizes in one folder."""
    folder = tmp_path / "pictures"
    for i in range(10):
        picture(folder / f"{i}.png", (20 + i, 30 - i), seed=i)
    return folder


def folder_of(root, **options):
    module = ImageFolder(str(root), **{"size": 16, **options})
    module.setup("fit")
    return module


def every_byte():
    return torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)


# Bytes and floats


@pytest.mark.parametrize(
    ("value_range", "black", "white"), [("[-1, 1]", -1.0, 1.0), ("[0, 1]", 0.0, 1.0)]
)
def test_black_and_white_are_the_ends_of_the_value_range(value_range, black, white):
    x = Digits(value_range=value_range).scale(every_byte())
    assert x.dtype == torch.float32
    assert x.min().item() == black
    assert x.max().item() == white
    steps = x.flatten().diff()
    torch.testing.assert_close(steps, torch.full_like(steps, (white - black) / 255))


@pytest.mark.parametrize("value_range", ["[-1, 1]", "[0, 1]"])
def test_unscaling_is_the_inverse_of_scaling_on_every_byte(value_range):
    data = Digits(value_range=value_range)
    assert torch.equal(data.unscale(data.scale(every_byte())), every_byte())


@pytest.mark.parametrize("value_range", ["[-1, 1]", "[0, 1]"])
def test_what_lies_outside_the_range_becomes_black_or_white(value_range):
    samples = Digits(value_range=value_range).unscale(torch.tensor([-9.0, 9.0]))
    assert samples.tolist() == [0, 255]


@pytest.mark.parametrize("value_range", ["unit", "[0, 1]", [0, 1], (0, 1)])
def test_a_value_range_is_a_text_a_name_or_a_list(value_range):
    assert Digits(value_range=value_range).value_range == "[0, 1]"


@pytest.mark.parametrize("value_range", ["[0,1]", "tanh", (0, 2), None])
@pytest.mark.parametrize("make", [Digits, MNIST])
def test_another_value_range_is_refused_and_never_taken_for_the_default(make, value_range):
    with pytest.raises(InputError) as error:
        make(value_range=value_range)
    assert str(error.value) == (
        f"value_range must be [-1, 1] (or signed) or [0, 1] (or unit), found {value_range!r}."
    )


def test_images_stay_bytes_in_memory_and_become_floats_a_batch_at_a_time(mnist_files, tmp_path):
    module = mnist(tmp_path, batch_size=7)
    for split in (module.train, module.val, module.test):
        assert split.x.dtype == torch.uint8
    x, _ = next(iter(module.train_dataloader()))
    assert x.dtype == torch.float32
    assert x.shape == (7, 1, 28, 28)


def test_images_are_scaled_on_the_device_of_the_run(mnist_files, tmp_path):
    module = mnist(tmp_path)
    module.trainer = SimpleNamespace(strategy=SimpleNamespace(root_device=torch.device("meta")))
    assert module.scale(every_byte()).device.type == "meta"


# MNIST


def test_mnist_splits_hold_each_image_of_the_files_once(mnist_files, tmp_path):
    module = mnist(tmp_path)
    images, labels = mnist_files["train"]
    assert len(module.train.x) == 50
    assert len(module.val.x) == 10
    kept = torch.cat([module.train.x, module.val.x])
    order = [(images == image).flatten(1).all(1).nonzero().item() for image in kept]
    assert sorted(order) == list(range(60))  # disjoint, and none is lost
    assert torch.equal(torch.cat([module.train.labels, module.val.labels]), labels[order])
    assert torch.equal(module.test.x, mnist_files["t10k"][0])
    assert torch.equal(module.test.labels, mnist_files["t10k"][1])
    assert module.described("val") == "10 validation points"
    assert module.described("test") == "20 test points"


def test_without_held_out_images_validation_uses_those_of_test(mnist_files, tmp_path):
    module = mnist(tmp_path, num_val=0)
    assert module.val is module.test
    assert module.described("val") == module.described("test") == "20 test points"
    assert len(module.train.x) == 60


def test_size_32_is_a_black_margin_of_two_around_the_image(mnist_files, tmp_path):
    module = mnist(tmp_path, size=32, num_val=0)
    assert module.data_shape == module.train.x.shape[1:] == (1, 32, 32)
    assert torch.equal(module.train.x[:, :, 2:-2, 2:-2], mnist_files["train"][0])
    assert module.train.x.sum() == mnist_files["train"][0].sum()  # the margin is black


@pytest.mark.parametrize("size", [14, 56])
def test_other_sizes_are_resized_and_keep_their_brightness(mnist_files, tmp_path, size):
    module = mnist(tmp_path, size=size, num_val=0)
    assert module.data_shape == module.train.x.shape[1:] == (1, size, size)
    assert module.train.x.dtype == torch.uint8
    before = mnist_files["train"][0].float().mean()
    assert module.train.x.float().mean().item() == pytest.approx(before.item(), abs=1)


@pytest.mark.parametrize(
    ("dataset", "name"),
    [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST"), ("kmnist", "KMNIST")],
)
def test_missing_files_are_named_with_their_folder_and_a_way_out(tmp_path, dataset, name):
    module = MNIST(str(tmp_path), dataset, download=False)
    with pytest.raises(InputError) as error:
        module.setup("fit")
    assert str(error.value) == (
        f"{name} was not found in {tmp_path / name / 'raw'}: put its files there, or use the data "
        "module Digits, which needs no download."
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dataset", ["fashion_mnist", "kmnist"])
def test_the_other_two_sets_are_read_from_folders_of_their_own(tmp_path, dataset, write_idx):
    name = {"fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}[dataset]
    arrays = write_idx(tmp_path / name / "raw", seed=3)
    assert torch.equal(mnist(tmp_path, dataset=dataset).test.x, arrays["t10k"][0])


def test_another_set_is_refused_with_the_names_of_the_known_ones():
    with pytest.raises(InputError, match="one of mnist, fashion_mnist, kmnist; found 'emnist'"):
        MNIST(dataset="emnist")


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [("mnist", DigitFeatures), ("fashion_mnist", FilterFeatures), ("kmnist", FilterFeatures)],
)
def test_digit_features_judge_only_digits_unless_they_are_chosen(dataset, expected):
    assert type(MNIST(dataset=dataset).features) is expected
    assert type(MNIST(dataset=dataset, features=DigitFeatures()).features) is DigitFeatures


def test_pictures_of_the_user_are_judged_by_filters(flat):
    assert type(ImageFolder(str(flat)).features) is FilterFeatures
    assert type(Digits().features) is DigitFeatures


BROKEN = {
    "truncated": lambda content: content[: len(content) * 3 // 4],
    "only a header": lambda content: content[:16],
    "half a header": lambda content: content[:3],
    "empty": lambda content: b"",
    "no IDX": lambda content: b"<html>404: not found</html>" * 100,
    "still packed": gzip.compress,
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_broken_file_is_an_error_in_a_sentence(mnist_files, tmp_path, change, name):
    path = tmp_path / "MNIST" / "raw" / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match=str(path.parent)):
        mnist(tmp_path)


@pytest.mark.parametrize("num_val", [-1, 60000])
def test_mnist_keeps_images_for_training(tmp_path, num_val):
    with pytest.raises(InputError, match=rf"num_val must lie in \[0, 60000\), found {num_val}"):
        mnist(tmp_path, num_val=num_val)


# Digits


@pytest.mark.parametrize("size", [8, 28, 32])
def test_digits_are_1797_real_images_of_any_size(size):
    digits = Digits(size)
    digits.setup("fit")
    everything = torch.cat([digits.train.x, digits.val.x])
    assert everything.shape == (1797, 1, size, size)
    assert everything.dtype == torch.uint8
    assert everything.max() > 200  # white
    assert everything.min() == 0
    assert (len(digits.train.x), len(digits.val.x)) == (1500, 297)
    assert digits.test is digits.val


def test_digits_of_eight_pixels_are_the_originals_and_the_splits_share_none():
    from sklearn.datasets import load_digits

    digits = Digits(8)
    digits.setup("fit")
    originals = torch.from_numpy(load_digits().images * 255 / 16).round()
    found = torch.cat([digits.train.x, digits.val.x])[:, 0].double()
    expected = sorted(map(tuple, originals.flatten(1).tolist()))
    assert sorted(map(tuple, found.flatten(1).tolist())) == expected


def test_digits_need_no_network(monkeypatch):
    monkeypatch.setattr("socket.socket", lambda *_, **__: pytest.fail("the network was asked"))
    digits = Digits()
    digits.prepare_data()
    digits.setup("fit")
    assert set(digits.train.labels.tolist()) == set(range(10))


def test_digits_without_held_out_images_validate_with_those_of_training():
    digits = Digits(8, num_val=0)
    digits.setup("fit")
    assert digits.val is digits.train
    assert len(digits.train.x) == 1797


# Folders


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 17, 64])
def test_pictures_of_any_size_become_squares_of_the_chosen_one(flat, channels, size):
    module = folder_of(flat, size=size, channels=channels, val_fraction=0)
    assert module.train.x.shape == (10, channels, size, size)
    assert module.data_shape == (channels, size, size)
    assert module.train.x.dtype == torch.uint8
    assert module.num_classes == 1
    assert module.train.labels.eq(0).all()


@pytest.mark.parametrize("size", [(40, 20), (20, 40)])
def test_what_is_cropped_is_the_margin_and_not_the_centre(tmp_path, size):
    """A white square at the centre of a black picture twice as long as it is wide."""
    for i in range(2):
        pixels = np.zeros((size[1], size[0], 3), np.uint8)
        top, left = (size[1] - 20) // 2, (size[0] - 20) // 2
        pixels[top : top + 20, left : left + 20] = 255
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    assert folder_of(tmp_path, size=20, val_fraction=0).train.x.eq(255).all()


def test_grey_pictures_become_colour_and_colour_grey(tmp_path):
    picture(tmp_path / "0.png", (16, 16), "L")
    picture(tmp_path / "1.png", (16, 16), "RGB")
    colour = folder_of(tmp_path, val_fraction=0).train.x
    assert colour[0, 0].equal(colour[0, 1])
    assert not colour[1, 0].equal(colour[1, 1])
    grey = folder_of(tmp_path, val_fraction=0, channels=1).train.x
    assert grey[0, 0].equal(colour[0, 0])
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]  # of light, ITU-R 601
    assert (grey[1, 0] - (weights * colour[1]).sum(0)).abs().max() <= 1


def test_class_folders_are_labels_in_alphabetical_order(tmp_path):
    for name, count in [("owls", 3), ("cats", 2), ("dogs", 4)]:
        for i in range(count):
            picture(tmp_path / name / f"{i}.jpg", seed=i)
    module = folder_of(tmp_path, val_fraction=0)
    assert module.num_classes == 3
    assert module.classes == ["cats", "dogs", "owls"]
    assert module.train.labels.bincount().tolist() == [2, 4, 3]


def test_flipping_doubles_the_training_images_with_their_mirror_images(flat):
    plain = folder_of(flat, val_fraction=0.2)
    flipped = folder_of(flat, val_fraction=0.2, flip=True)
    assert len(plain.train.x) == 8
    assert torch.equal(flipped.train.x[::2], plain.train.x)
    assert torch.equal(flipped.train.x[1::2], plain.train.x.flip(-1))  # left and right
    assert len(flipped.train.labels) == 16
    assert torch.equal(flipped.val.x, plain.val.x)  # what is measured against stays as it is


def test_a_share_of_the_pictures_is_held_out(flat):
    module = folder_of(flat, val_fraction=0.3)
    kept = torch.cat([module.train.x, module.val.x])
    assert (len(module.train.x), len(module.val.x)) == (7, 3)
    assert len(kept.unique(dim=0)) == 10
    assert module.test is module.val


def test_pictures_are_decoded_once(flat):
    module = folder_of(flat)
    train = module.train
    shutil.rmtree(flat)
    module.setup("test")
    assert module.train is train


UNREADABLE = {
    "text": lambda content: b"no picture",
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "a wrong checksum": lambda content: content[:60] + bytes([content[60] ^ 255]) + content[61:],
    "a wrong header": lambda content: content[:20] + b"\xff" * 8 + content[28:],
}


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_a_broken_picture_is_named_and_skipped(flat, change):
    path = flat / "3.png"
    path.write_bytes(change(path.read_bytes()))
    with pytest.warns(UserWarning, match=r"3\.png is skipped") as warned:
        module = folder_of(flat, val_fraction=0)
    assert len(module.train.x) == 9
    assert len(warned) == 1


def test_files_that_are_not_pictures_are_left_alone(flat):
    (flat / "notes.txt").write_text("not a picture")
    assert len(folder_of(flat, val_fraction=0).train.x) == 10


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pictures_are_an_error(tmp_path, count):
    for i in range(count):
        picture(tmp_path / f"{i}.png")
    with pytest.raises(InputError, match=rf"{tmp_path} holds {count} readable images; at least 2"):
        folder_of(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    missing = tmp_path / "nowhere"
    with pytest.raises(InputError, match=f"expected a folder of images at {missing}, found none"):
        folder_of(missing)
    with pytest.raises(InputError, match="expected a folder"):
        folder_of(picture(tmp_path / "file.png"))


@pytest.mark.parametrize(
    "options", [{"channels": 2}, {"size": 0}, {"val_fraction": 1.0}, {"val_fraction": -0.1}]
)
def test_settings_of_a_folder_that_make_no_sense_are_refused(flat, options):
    with pytest.raises(InputError, match="expected channels 1 or 3, a positive size and a val_fra"):
        folder_of(flat, **options)


# Files of samples


@pytest.fixture
def digits():
    digits = Digits(8)
    digits.setup("fit")
    return digits


def test_png_is_a_grid_of_the_samples(digits, tmp_path):
    samples = digits.val.x[:7]
    digits.write(samples, tmp_path / "SAMPLES.PNG")
    pixels = np.asarray(Image.open(tmp_path / "SAMPLES.PNG"))
    assert pixels.shape == (3 * (8 + 2) + 2, 3 * (8 + 2) + 2, 3)  # seven in rows of three
    np.testing.assert_array_equal(pixels[2:10, 12:20, 0], samples[1, 0])


def test_png_of_images_drawn_by_label_has_a_row_for_each_label(digits, tmp_path):
    samples, labels = digits.val.x[:6], torch.tensor([7, 0, 2, 7, 0, 2])  # in turn
    digits.write(samples, tmp_path / "samples.png", labels)
    pixels = np.asarray(Image.open(tmp_path / "samples.png"))
    assert pixels.shape == (3 * (8 + 2) + 2, 2 * (8 + 2) + 2, 3)
    for row, shown in enumerate([(1, 4), (2, 5), (0, 3)]):
        for column, i in enumerate(shown):
            top, left = 2 + 10 * row, 2 + 10 * column
            np.testing.assert_array_equal(pixels[top : top + 8, left : left + 8, 0], samples[i, 0])


def test_npz_holds_the_bytes_of_images_and_labels(digits, tmp_path):
    samples, labels = digits.val.x[:7], digits.val.labels[:7]
    digits.write(samples, tmp_path / "samples.npz", labels)
    with np.load(tmp_path / "samples.npz") as arrays:
        assert arrays["images"].dtype == np.uint8
        assert arrays["labels"].dtype == np.int64
        np.testing.assert_array_equal(arrays["images"], samples)
        np.testing.assert_array_equal(arrays["labels"], labels)


def test_npz_holds_no_labels_unless_they_were_requested(digits, tmp_path):
    digits.write(digits.val.x[:7], tmp_path / "samples.npz")
    with np.load(tmp_path / "samples.npz") as arrays:
        assert arrays.files == ["images"]


@pytest.mark.parametrize("count", [7, 12])
def test_a_name_without_an_ending_is_a_folder_of_single_images(digits, tmp_path, count):
    samples = digits.val.x[:count]
    digits.write(samples, tmp_path / "new" / "samples")
    paths = sorted((tmp_path / "new" / "samples").iterdir())
    assert [path.name for path in paths] == [f"{i:06d}.png" for i in range(count)]
    for path, sample in zip(paths, samples, strict=True):
        pixels = np.asarray(Image.open(path))
        np.testing.assert_array_equal(pixels[..., 0], sample[0])  # no margin


@pytest.mark.parametrize("name", ["samples.npz", "samples"])
def test_no_chunk_is_kept_after_it_is_written(digits, tmp_path, name):
    alive = []

    def chunks():
        for i in range(5):
            chunk = digits.val.x[i : i + 2].clone()
            alive.append(weakref.ref(chunk))
            yield chunk
            del chunk
            assert sum(ref() is not None for ref in alive) <= 1

    digits.write(chunks(), tmp_path / name)
    assert len(alive) == 5


def test_single_images_bear_their_labels(digits, tmp_path):
    digits.write(digits.val.x[:2], tmp_path / "samples", torch.tensor([7, 0]))
    names = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert names == ["000000_label7.png", "000001_label0.png"]


@pytest.mark.parametrize("name", ["samples.jpg", "samples.csv", "samples.npy"])
def test_other_endings_are_refused_and_leave_no_file(digits, tmp_path, name):
    with pytest.raises(InputError, match=rf"\.png, \.npz or to a folder.*{name}"):
        digits.write(digits.val.x[:2], tmp_path / name)
    assert not list(tmp_path.iterdir())


# Pictures


def test_real_pictures_have_a_row_for_each_label(digits):
    grid = digits.real_pictures()["real"]
    assert grid.shape == (10 * 10 + 2, 10 * 10 + 2, 3)
    for label in range(10):
        images = digits.train.x[digits.train.labels == label]
        top = 2 + 10 * label
        for column in (0, 9):
            left = 2 + 10 * column
            np.testing.assert_array_equal(
                grid[top : top + 8, left : left + 8, 0], images[column, 0]
            )


def test_real_pictures_of_few_images_have_a_row_for_each_label(tmp_path):
    for name, count in [("a", 3), ("b", 12)]:
        for i in range(count):
            picture(tmp_path / name / f"{i}.png", (8, 8), seed=i)
    module = folder_of(tmp_path, size=8, val_fraction=0)
    grid = module.real_pictures()["real"]
    first_b = module.train.x[module.train.labels == 1][0].permute(1, 2, 0)
    np.testing.assert_array_equal(grid[12:20, 2:10], first_b)
