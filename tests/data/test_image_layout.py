"""How folders of a user's pictures are understood, reported or refused."""

import os
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.data import ImageFolder
from gan_lightning.data.memory import DataMemory
from gan_lightning.errors import InputError


@pytest.fixture
def root(tmp_path):
    return tmp_path / "root"


@pytest.fixture
def fill(root):
    """Write pictures, each of a grey of its own, into folders below the root."""
    greys = iter(range(256))

    def fill(**folders):
        written = {}
        for name, count in folders.items():
            folder = root / name.replace("__", "/").rstrip("/")
            folder.mkdir(parents=True, exist_ok=True)
            written[name] = {next(greys) for _ in range(count)}
            for grey in written[name]:
                Image.fromarray(np.full((8, 8), grey, np.uint8)).save(folder / f"{grey}.png")
        return written

    return fill


def read(root, **options):
    """Read a folder and return it with what was reported."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        data = ImageFolder(str(root), **{"size": 8, "channels": 1, "val_fraction": 0, **options})
        data.setup("fit")
    return data, " ".join(str(warning.message) for warning in told)


def greys(split):
    return {int(x.float().mean()) for x in split.x}


def by_class(data):
    found = {}
    for x, label in zip(*data.train, strict=True):
        found.setdefault(data.classes[label], set()).add(int(x.float().mean()))
    return found


# Classes, or none


def test_pictures_beside_folders_of_pictures_have_no_classes_and_all_are_used(root, fill):
    written = fill(**{".": 5, "thumbnails": 3, "thumbnails__old": 2})
    data, told = read(root)
    assert greys(data.train) == set.union(*written.values())
    assert data.classes == []
    assert data.num_classes == 1
    assert "no classes, as images lie beside the folders thumbnails" in told
    assert "10 of 10 images are used" in told


def test_pictures_of_nested_folders_have_the_class_of_the_uppermost(root, fill):
    written = fill(cat=2, cat__kittens__black=3, dog__puppies=4)
    data, told = read(root)
    assert by_class(data) == {
        "cat": written["cat"] | written["cat__kittens__black"],
        "dog": written["dog__puppies"],
    }
    assert told == ""


def test_folders_without_a_picture_are_not_classes_and_are_named(root, fill):
    fill(cat=2, dog=2)
    (root / "owl" / "nothing").mkdir(parents=True)
    (root / "notes").mkdir()
    (root / "notes" / "a.txt").write_text("text")
    data, told = read(root)
    assert data.classes == ["cat", "dog"]
    assert "no image in notes, owl" in told


def test_a_folder_called_like_a_file_is_a_folder(root, fill):
    written = fill(**{"cats.png": 2, "dogs.jpg": 3})
    data, told = read(root)
    assert by_class(data) == written
    assert told == ""


def test_an_empty_folder_beside_pictures_is_named_and_changes_nothing(root, fill):
    fill(**{".": 4})
    (root / "empty.png").mkdir()
    data, told = read(root)
    assert len(data.train.x) == 4
    assert "no image in empty.png" in told


def test_a_class_of_broken_pictures_is_reported(root, fill):
    fill(cat=3, dog=1)
    (broken,) = (root / "dog").iterdir()
    broken.write_bytes(broken.read_bytes()[:45])
    data, told = read(root)
    assert data.classes == ["cat", "dog"]  # whose labels stay what they are
    assert "no image of dog can be read" in told
    assert f"dog/{broken.name} is skipped" in told


def test_what_is_hidden_is_left_alone(root, fill):
    fill(**{".": 3, ".thumbnails": 3, "__MACOSX": 3, ".ipynb_checkpoints": 2})
    (root / "._0.png").write_bytes(b"of another system")
    data, told = read(root)
    assert len(data.train.x) == 3
    assert data.classes == []
    assert told == ""


def test_a_folder_whose_name_begins_with_an_underscore_is_a_class(root, fill):
    fill(_cat=2, dog=3)
    assert read(root)[0].classes == ["_cat", "dog"]


# Links


def test_links_to_folders_and_files_are_followed(root, fill, tmp_path):
    written = fill(cat=2, dog=2)
    (tmp_path / "elsewhere").mkdir()
    (root / "dog").rename(tmp_path / "elsewhere" / "dog")
    (root / "dog").symlink_to(tmp_path / "elsewhere" / "dog")
    (outer,) = fill(**{"../far": 1}).values()
    (root / "cat" / "far").symlink_to(tmp_path / "far")
    data, told = read(root)
    assert by_class(data) == {"cat": written["cat"] | outer, "dog": written["dog"]}
    assert told == ""


@pytest.mark.parametrize("target", [".", "..", "../dog"])
def test_a_link_in_a_circle_or_into_another_class_adds_nothing(root, fill, target):
    written = fill(cat=2, dog=2)
    (root / "cat" / "link").symlink_to(target)
    assert by_class(read(root)[0]) == written


def test_what_is_not_a_file_is_skipped_by_name(root, fill):
    fill(**{".": 3})
    os.mkfifo(root / "fifo.png")
    os.mkfifo(root / "pipe")
    (root / "gone.jpg").symlink_to("nowhere")
    data, told = read(root)
    assert len(data.train.x) == 3
    assert "3 of 6 images are used" in told
    assert "fifo.png is skipped: not a regular file" in told
    assert "pipe is skipped: not a regular file" in told
    assert "gone.jpg is skipped: a link to nothing" in told


def test_a_file_that_may_not_be_read_is_skipped_by_name(root, fill, monkeypatch):
    fill(**{".": 5})
    path = sorted(root.iterdir())[2]
    opened = Image.open

    def refuse(file, *arguments, **options):
        if file == path:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(file, *arguments, **options)

    monkeypatch.setattr(Image, "open", refuse)
    data, told = read(root)
    assert len(data.train.x) == 4
    assert f"{path.name} is skipped: Permission denied" in told


# Splits


@pytest.mark.parametrize(
    "names", [("train", "test"), ("Training", "TEST"), ("train2017", "testset")]
)
def test_train_and_test_are_a_split_with_the_classes_below(root, fill, names):
    train, test = names
    written = fill(**{f"{part}__{name}": 4 for part in names for name in ("cat", "dog")})
    data, told = read(root)
    assert data.classes == ["cat", "dog"]
    assert by_class(data) == {name: written[f"{train}__{name}"] for name in ("cat", "dog")}
    assert greys(data.test) == written[f"{test}__cat"] | written[f"{test}__dog"]
    assert data.test.labels.bincount().tolist() == [4, 4]
    assert data.val is data.train
    assert data.described("test") == "8 test points"
    assert told == ""


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("cache_above", [0, 2.0])
def test_each_folder_of_a_split_is_a_part(root, fill, flip, cache_above):
    written = fill(train=6, valid=3, test=4)
    data, told = read(root, val_fraction=0.5, flip=flip, cache_above=cache_above)
    assert data.classes == []
    parts = {"train": data.train, "valid": data.val, "test": data.test}
    assert {name: greys(part) for name, part in parts.items()} == written
    assert [len(part.x) for part in parts.values()] == [12 if flip else 6, 3, 4]
    assert [data.described(stage) for stage in ("val", "test")] == [
        "3 validation points",
        "4 test points",
    ]
    assert told == ""


def test_without_a_folder_for_validation_a_share_of_train_is_held_out(root, fill):
    written = fill(train=20, test=5)
    data, _ = read(root, val_fraction=0.2)
    assert len(data.val.x) == 4
    assert greys(data.val) | greys(data.train) == written["train"]
    assert greys(data.test) == written["test"]
    again = ImageFolder(str(root), size=8, channels=1, val_fraction=0.5)
    again.remember(DataMemory.from_state(data.state_dict()))
    again.setup("fit")
    assert greys(again.val) == greys(data.val)


def test_a_class_that_one_part_alone_has_keeps_its_label(root, fill):
    fill(train__cat=2, train__owl=2, test__owl=2, test__dog=2)
    data, _ = read(root)
    assert data.classes == ["cat", "dog", "owl"]
    assert data.train.labels.bincount().tolist() == [2, 0, 2]
    assert data.test.labels.bincount(minlength=3).tolist() == [0, 2, 2]


def test_train_alone_is_a_split_and_among_other_classes_a_class(root, fill):
    fill(train__cat=2, train__dog=2)
    assert read(root)[0].classes == ["cat", "dog"]
    fill(plane=3)
    assert read(root)[0].classes == ["plane", "train"]


@pytest.mark.parametrize(
    "folders",
    [
        ["test"],
        ["val", "test"],
        ["train", "test", "more"],
        ["cat", "dog", "test"],
        ["val", "valid", "train"],
    ],
)
def test_a_split_that_can_be_understood_in_two_ways_is_refused_by_name(root, fill, folders):
    fill(**dict.fromkeys(folders, 2))
    with pytest.raises(
        InputError, match=f"holds the folders {', '.join(sorted(folders))}: expected"
    ):
        read(root)


def test_a_split_below_the_classes_is_refused_by_name(root, fill):
    fill(cat__train=2, cat__test=2, dog__train=2, dog__test=2)
    with pytest.raises(
        InputError, match="cat holds a split of its own, test, train: expected train"
    ):
        read(root)


def test_pictures_beside_the_folders_of_a_split_are_reported(root, fill):
    fill(**{".": 2, "train": 4, "test": 4})
    data, told = read(root)
    assert len(data.train.x) == 4
    assert "images beside test, train are left out" in told


# Files


def test_every_file_that_is_a_picture_is_used_whatever_it_is_called(root, fill):
    fill(**{".": 2})
    for name in ("a.jfif", "b", "c.txt", "d.PNG", "e.avif", "f.dat"):
        kind = {"a.jfif": "JPEG", "e.avif": "AVIF"}.get(name, "PNG")
        Image.new("L", (8, 8), 7).save(root / name, format=kind)
    data, told = read(root)
    assert len(data.train.x) == 8
    assert told == ""


def test_one_line_says_what_is_used_and_what_is_left_out_and_why(root, fill, capsys):
    fill(cat=5, dog=7)
    (root / "cat" / "empty.jpg").touch()
    (root / "dog" / "notes").write_text("no picture")
    (root / "labels.csv").write_text("a,b")
    cut_short = sorted((root / "dog").glob("*.png"))[0]
    cut_short.write_bytes(cut_short.read_bytes()[:45])
    _, told = read(root)
    assert told == (
        f"{root}: 11 of 13 images are used (11 for training); classes: cat 5, dog 6; "
        f"cat/empty.jpg is skipped: empty; dog/{cut_short.name} is skipped: "
        "image file is truncated; no images: dog/notes, labels.csv."
    )
    assert capsys.readouterr().err == ""


def test_where_all_are_used_one_line_says_so_without_a_warning(root, fill, capsys):
    fill(cat=5, dog=7)
    _, told = read(root, flip=True)
    assert told == ""
    assert capsys.readouterr().err == (
        f"{root}: 12 of 12 images are used (12 for training); classes: cat 5, dog 7.\n"
    )


def test_conversions_are_counted(root, fill, capsys):
    fill(**{".": 2})
    for i in range(3):
        Image.new("RGBA", (8, 8), (i, 0, 0, 9)).save(root / f"{i}.png")
    Image.fromarray(np.full((8, 8), 60000 + i, np.uint16)).save(root / "deep.png")
    read(root)
    said = capsys.readouterr().err
    assert "3 transparent, laid on the background" in said
    assert "1 of more than 8 bits, scaled" in said


def test_many_names_are_cut_short(root, fill):
    fill(**{".": 2})
    for i in range(30):
        (root / f"broken{i:02d}.png").touch()
    _, told = read(root)
    assert "broken19.png is skipped" in told
    assert "broken20" not in told
    assert "and 10 more" in told


def test_without_a_readable_picture_the_reasons_are_in_the_error(root, fill):
    fill(**{".": 1})
    (root / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"holds 1 readable.*a\.png is skipped: not an image that"):
        read(root)


def test_a_folder_of_files_unknown_to_pillow_is_refused_with_their_kind(root, fill):
    fill(**{".": 1})
    for name in ("IMG_1.HEIC", "notes.txt"):
        (root / name).write_bytes(b"\0\0\0\x18ftypheic")
    expected = r"IMG_1\.HEIC is skipped: not an image that Pillow knows; no images: notes\.txt\.$"
    with pytest.raises(InputError, match=expected):
        read(root)


# Small folders


@pytest.mark.parametrize("count", [4, 5, 12, 19])
def test_a_small_folder_holds_out_as_many_as_a_comparison_needs(root, fill, count):
    fill(**{".": count})
    data, _ = read(root, val_fraction=0.1)
    assert (len(data.val.x), len(data.train.x)) == (2, count - 2)
    for stage in ("val", "test"):
        metric = data.metrics(stage)
        metric.update(*data.val, real=True)
        metric.update(*data.train, real=False)
        assert torch.tensor(list(metric.compute().values())).isfinite().all()


@pytest.mark.parametrize("num_batches", [1, 7])
def test_an_epoch_has_the_requested_number_of_batches_and_images_are_repeated(
    root, fill, num_batches
):
    written = fill(**{".": 12})
    data, _ = read(root, batch_size=8, batches_per_epoch=num_batches)
    batches = list(data.train_dataloader())
    assert [len(x) for x, _ in batches] == [8] * num_batches
    shown = {round((float(x.mean()) + 1) * 127.5) for batch, _ in batches for x in batch}
    assert len(shown) == min(8 * num_batches, 12)
    assert shown <= written["."]


def test_a_number_of_batches_that_is_not_positive_is_refused(root, fill):
    fill(**{".": 4})
    with pytest.raises(InputError, match="batches_per_epoch must be a positive integer, found 0"):
        read(root, batches_per_epoch=0)


@pytest.mark.parametrize("count", [2, 3])
def test_where_none_can_be_held_out_the_setting_is_named(root, fill, count):
    fill(**{".": count})
    data, told = read(root, val_fraction=0.1)
    assert data.val is data.train
    assert len(data.train.x) == count
    assert "none can be held out" in told
    assert "val_fraction of 0.1: samples are compared with the training images" in told


def test_copies_of_one_picture_cannot_be_held_out(root):
    root.mkdir()
    for i in range(50):
        Image.new("L", (8, 8), 7).save(root / f"{i}.png")
    data, told = read(root, val_fraction=0.1)
    assert data.val is data.train
    assert "none can be held out, as they are too few or all the same" in told


@pytest.mark.parametrize(("count", "val_fraction"), [(2, 0.5), (10, 0.99)])
def test_a_share_that_leaves_nothing_to_do_is_refused_by_name(root, fill, count, val_fraction):
    fill(**{".": count})
    with pytest.raises(InputError, match=f"val_fraction {val_fraction} of the images in .* leaves"):
        read(root, val_fraction=val_fraction)
