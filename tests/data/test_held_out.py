"""A user's points are held out by their content, not by their place."""

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.data import ImageFolder, Table
from gan_lightning.data.columns import Continuous
from gan_lightning.data.held_out import HeldOut, content_hash, digest, file_hash, parted
from gan_lightning.data.memory import DataMemory

HASHES = [content_hash(str(i).encode(), 0) for i in range(200)]


@pytest.mark.parametrize(("val", "test"), [(0.1, 0.0), (0.25, 0.25), (0.0, 0.5), (0.0, 0.0)])
def test_shares_are_exact_and_the_parts_hold_every_point_once(val, test):
    parts = parted(HASHES, val, test)
    assert [len(part) for part in parts] == [200 - 200 * (val + test), 200 * val, 200 * test]
    assert torch.cat(parts).sort().values.tolist() == list(range(200))


def test_order_does_not_matter_and_a_new_point_moves_at_most_one_other():
    held_out = {HASHES[i] for i in parted(HASHES, 0.1, 0.0)[1].tolist()}
    backwards = HASHES[::-1]
    assert {backwards[i] for i in parted(backwards, 0.1, 0.0)[1].tolist()} == held_out
    for new in range(1000, 1020):
        more = [*HASHES, content_hash(str(new).encode(), 0)]
        assert len(held_out - {more[i] for i in parted(more, 0.1, 0.0)[1].tolist()}) <= 1


def test_equal_points_stay_together():
    train, val, _ = parted(["a", "a", "a", "b"], 0.5, 0.0)
    assert (train.tolist(), val.tolist()) == ([0, 1, 2, 3], [])
    assert parted(["b", "a", "a", "c"], 0.5, 0.0)[1].tolist() == [1, 2]


def test_known_points_stay_held_out_and_new_ones_are_trained_on():
    train, val, test = parted(
        ["a", "b", "c", "d"], 0.5, 0.5, HeldOut(frozenset("c"), frozenset("a"))
    )
    assert (train.tolist(), val.tolist(), test.tolist()) == ([1, 3], [2], [0])


def test_a_file_has_the_hash_of_its_content(tmp_path):
    content = bytes(range(256)) * 10_000  # more than is read at once
    (tmp_path / "file").write_bytes(content)
    assert file_hash(tmp_path / "file", 3) == content_hash(content, 3)
    assert file_hash(tmp_path / "none", 3) == content_hash(b"", 3)


def test_a_digest_changes_with_a_number_and_with_its_place():
    x = torch.arange(6.0)
    assert digest(x) == digest(x.clone())
    assert len({digest(x), digest(x.flip(0)), digest(x + 1), digest(x, x)}) == 4


def own_table(rows):
    labels = torch.zeros(len(rows), dtype=torch.int64)
    return Table([Continuous("x")], rows, labels, 8, 0.2, 0.0, split_seed=0)


def test_rows_that_were_held_out_stay_so_when_rows_are_added():
    rows = torch.randn(50, 1, dtype=torch.float64)
    before = own_table(rows)
    before.setup("fit")
    after = own_table(torch.cat([torch.randn(25, 1, dtype=torch.float64), rows]))
    after.remember(DataMemory.from_state(before.state_dict()))
    after.setup("fit")
    assert (len(before.val.x), len(after.val.x)) == (10, 10)
    assert torch.equal(after.val.x, before.val.x)  # in the units of before, too


def pictures(folder, numbers):
    for i in numbers:
        Image.fromarray(np.full((8, 8), i, np.uint8)).save(folder / f"{i:03d}.png")


def greys(split):
    return {int(x.float().mean()) for x in split.x}


def test_pictures_that_were_held_out_stay_so_when_pictures_are_added_and_renamed(tmp_path):
    pictures(tmp_path, range(40))
    before = ImageFolder(str(tmp_path), size=8, channels=1, val_fraction=0.25)
    before.setup("fit")
    (tmp_path / "000.png").rename(tmp_path / "zebra.png")
    pictures(tmp_path, range(100, 160))
    after = ImageFolder(str(tmp_path), size=8, channels=1, val_fraction=0.25)
    after.remember(DataMemory.from_state(before.state_dict()))
    after.setup("fit")
    assert greys(after.val) == greys(before.val)
    assert len(greys(before.val)) == 10


def test_a_picture_that_cannot_be_read_moves_no_other_into_training(tmp_path):
    pictures(tmp_path, range(40))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    data = ImageFolder(str(tmp_path), size=8, channels=1, val_fraction=0.25)
    with pytest.warns(UserWarning, match=r"broken.png is skipped"):
        data.setup("fit")
    assert not greys(data.train) & greys(data.val)
    assert len(data.train.x) + len(data.val.x) == 40
