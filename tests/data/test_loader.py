"""Batches in memory: their order, their state and their shares."""

import itertools
import json

import pytest
import torch

from gan_lightning.data import TensorLoader
from gan_lightning.errors import InputError


def make(num_points=10, batch_size=3, seed=0, **kwargs):
    """A loader whose labels are the indices of its points, and whose points are twice these."""
    labels = torch.arange(num_points)
    return TensorLoader(2.0 * labels[:, None], labels, batch_size, seed, **kwargs)


def drawn(batches):
    """The points of each batch by index."""
    return [labels.tolist() for _, labels in batches]


def flat(batches):
    return list(itertools.chain(*batches))


def epoch_of(loader, epoch):
    loader.set_epoch(epoch)
    return drawn(loader)


# An epoch


@pytest.mark.parametrize("seed", [None, 0, 2**63 + 5])
@pytest.mark.parametrize(("num_points", "batch_size"), [(11, 3), (9, 3), (2, 5), (1, 1)])
def test_an_epoch_shows_every_point_once_and_keeps_the_last_partial_batch(
    num_points, batch_size, seed
):
    loader = make(num_points, batch_size, seed)
    batches = drawn(loader)
    assert sorted(flat(batches)) == list(range(num_points))
    assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    assert len(batches[-1]) == (num_points - 1) % batch_size + 1


@pytest.mark.parametrize(("num_points", "batch_size"), [(10, 3), (9, 3), (2, 5), (0, 4)])
@pytest.mark.parametrize("world_size", [1, 2])
def test_the_length_is_the_number_of_batches(num_points, batch_size, world_size):
    loader = make(num_points, batch_size, world_size=world_size)
    assert len(loader) == len(drawn(loader))


@pytest.mark.parametrize(("num_points", "batch_size"), [(10, 3), (7, 2), (3, 2)])
def test_a_remainder_of_one_point_is_joined_by_the_first_of_a_shuffled_order(
    num_points, batch_size
):
    order = flat(drawn(make(num_points, num_points)))
    *whole, last = drawn(make(num_points, batch_size))
    assert flat(whole) + last == [*order, order[0]]
    assert len(last) == 2
    assert drawn(make(num_points, batch_size, seed=None))[-1] == [num_points - 1]


@pytest.mark.parametrize(("num_points", "batch_size"), [(5, 1), (1, 4)])
def test_batches_of_one_are_those_of_a_batch_size_of_one_or_of_a_single_point(
    num_points, batch_size
):
    assert [len(batch) for batch in drawn(make(num_points, batch_size))] == [1] * num_points


def test_points_keep_their_labels():
    for x, labels in make():
        assert torch.equal(x[:, 0], 2.0 * labels)


def test_without_a_seed_the_order_is_the_given_one_in_every_epoch():
    loader = make(seed=None)
    for _ in range(2):
        assert drawn(loader) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]


def test_an_order_is_a_function_of_seed_and_epoch_alone():
    torch.manual_seed(1)
    first = epoch_of(make(100), 4)
    torch.manual_seed(2)
    assert epoch_of(make(100), 4) == first


def test_drawing_an_order_leaves_the_runs_random_numbers_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    drawn(make())
    assert torch.equal(torch.rand(3), expected)


def test_different_seeds_and_epochs_give_different_orders():
    orders = [
        flat(epoch_of(make(100, seed=seed), epoch)) for seed in range(4) for epoch in range(4)
    ]
    assert len({tuple(order) for order in orders}) == 16


def test_epochs_follow_each_other_without_being_announced():
    loader, told = make(100), make(100)
    for epoch in range(3):
        assert drawn(loader) == epoch_of(told, epoch)


def test_announcing_the_epoch_that_comes_next_changes_nothing():
    loader, untold = make(100), make(100)
    for epoch in range(3):
        assert epoch_of(loader, epoch) == drawn(untold)


def test_an_epoch_that_was_broken_off_starts_again_from_its_first_batch():
    loader = make()
    next(iter(loader))
    assert drawn(loader) == drawn(make())


@pytest.mark.parametrize("batch_size", [0, -2])
def test_a_batch_size_that_is_not_positive_is_refused(batch_size):
    with pytest.raises(
        InputError, match=f"batch_size must be a positive integer, found {batch_size}"
    ):
        make(batch_size=batch_size)


def test_lightning_finds_the_epoch_through_the_sampler():
    loader = make(100)
    loader.sampler.set_epoch(3)
    assert drawn(loader) == epoch_of(make(100), 3)


# Its state


def interrupted(taken, epoch=2):
    """The state after some batches, as a checkpoint keeps it, and the batches that were to come."""
    loader = make()
    loader.set_epoch(epoch)
    batches = iter(loader)
    for _ in range(taken):
        next(batches)
    state = json.loads(json.dumps(loader.state_dict()))  # numbers only
    return state, drawn(batches)


def resumed(state):
    loader = make(seed=77)  # the state knows the seed of its order
    loader.load_state_dict(state)
    return loader


@pytest.mark.parametrize("taken", range(5))
def test_a_loader_resumes_with_the_exact_next_batch(taken):
    state, rest = interrupted(taken)
    assert drawn(resumed(state)) == rest
    loader = resumed(state)
    loader.set_epoch(2)  # Lightning tells the epoch before it asks for batches
    assert drawn(loader) == rest


@pytest.mark.parametrize("taken", range(1, 5))
def test_the_epoch_after_a_resumed_one_is_whole(taken):
    state, _ = interrupted(taken)
    loader = resumed(state)
    drawn(loader)
    assert drawn(loader) == epoch_of(make(), 3)


@pytest.mark.parametrize("taken", range(5))
def test_the_position_of_another_epoch_is_dropped(taken):
    state, _ = interrupted(taken)
    assert epoch_of(resumed(state), 5) == epoch_of(make(), 5)


def test_a_state_saved_after_the_last_batch_neither_loses_nor_repeats_an_epoch():
    # Lightning knows the length and takes no further step, so the epoch is not closed.
    state, rest = interrupted(len(make()))
    assert rest == []
    assert epoch_of(resumed(state), 2) == []
    assert epoch_of(resumed(state), 3) == epoch_of(make(), 3)


def test_a_state_saved_after_an_epoch_was_closed_begins_the_next():
    loader = make()
    epoch_of(loader, 2)
    state = loader.state_dict()
    assert drawn(resumed(state)) == epoch_of(make(), 3)
    assert epoch_of(resumed(state), 3) == epoch_of(make(), 3)


def test_an_iterator_made_and_dropped_costs_nothing():
    state, rest = interrupted(2)
    loader = resumed(state)
    iter(loader)
    assert loader.state_dict() == state
    loader.set_epoch(2)
    assert drawn(loader) == rest

    fresh = make()
    iter(fresh)
    assert drawn(fresh) == drawn(make())


def test_a_resumed_loader_counts_its_position_from_the_epochs_start():
    state, rest = interrupted(1)
    loader = resumed(state)
    batches = iter(loader)
    next(batches)
    again = resumed(loader.state_dict())
    assert drawn(again) == rest[1:]


def test_a_resumed_rank_keeps_its_share():
    def loader(rank):
        return make(20, 3, rank=rank, world_size=2)

    for rank in range(2):
        first = loader(rank)
        batches = iter(first)
        next(batches)
        second = loader(rank)
        second.load_state_dict(first.state_dict())
        assert drawn(second) == drawn(batches)


# Its shares

SPLITS = [(24, 3, 2), (10, 3, 2), (11, 3, 2), (25, 2, 4), (27, 4, 3), (4, 5, 4), (3, 5, 4)]
every_split = pytest.mark.parametrize(("num_points", "batch_size", "world_size"), SPLITS)


def shares(num_points, batch_size, world_size, seed=0):
    return [
        drawn(make(num_points, batch_size, seed, rank=rank, world_size=world_size))
        for rank in range(world_size)
    ]


@every_split
@pytest.mark.parametrize("seed", [None, 0])
def test_ranks_cover_all_points_and_repeat_only_what_evens_them_out(
    num_points, batch_size, world_size, seed
):
    seen = flat(flat(shares(num_points, batch_size, world_size, seed)))
    assert set(seen) == set(range(num_points))
    rest = num_points % (batch_size * world_size)  # of the last global batch
    needed = -(-rest // world_size) * world_size  # as many for each
    if seed is not None and rest:
        needed = max(needed, 2 * world_size)
    assert len(seen) == num_points + needed - rest


@every_split
def test_no_rank_trains_on_a_single_point_or_sees_one_twice_in_a_batch(
    num_points, batch_size, world_size
):
    for batch in flat(shares(num_points, batch_size, world_size)):
        assert len(set(batch)) == len(batch) >= 2


@every_split
def test_ranks_share_no_point_of_a_batch(num_points, batch_size, world_size):
    for batches in zip(*shares(num_points, batch_size, world_size), strict=True):
        together = flat(batches)
        repeated = len(together) - len(set(together))
        assert repeated == max(len(together) - num_points, 0)  # only where there are too few points


@every_split
def test_ranks_yield_equally_many_batches_of_equal_size(num_points, batch_size, world_size):
    sizes = [[len(b) for b in batches] for batches in shares(num_points, batch_size, world_size)]
    assert all(of_rank == sizes[0] for of_rank in sizes)
    assert all(0 < size <= batch_size for size in sizes[0])


@every_split
def test_a_global_batch_is_the_batch_of_one_device_with_as_many_points(
    num_points, batch_size, world_size
):
    ranks = shares(num_points, batch_size, world_size)
    alone = drawn(make(num_points, batch_size * world_size))
    for whole, *parts in zip(alone, *ranks, strict=True):
        assert set(whole) <= set(flat(parts))
        if len(whole) == len(flat(parts)):
            assert sorted(whole) == sorted(flat(parts))


@pytest.mark.parametrize(("num_points", "world_size", "size"), [(1, 4, 1), (3, 8, 2), (2, 2, 2)])
def test_even_a_rank_beyond_the_last_point_gets_as_many_points(num_points, world_size, size):
    x = torch.arange(num_points)
    for rank in range(world_size):
        (batch,) = [batch.tolist() for batch, _ in TensorLoader(x, x, 2, 0, rank, world_size)]
        assert len(set(batch)) == len(batch) == size


def test_a_state_counts_points_so_that_another_batch_size_continues_there():
    x = torch.arange(64)
    old = TensorLoader(x, x, 8, seed=1)
    seen = [batch for batch, _ in zip(old, range(4), strict=False)]
    new = TensorLoader(x, x, 16, seed=2)
    new.load_state_dict(old.state_dict())
    rest = [batch for batch, _ in new]
    assert sorted(torch.cat([b for b, _ in seen] + rest).tolist()) == x.tolist()


@pytest.mark.parametrize(("batch_size", "world_size"), [(8, 1), (5, 3), (110, 1), (16, 7)])
def test_an_epoch_that_was_seen_whole_is_over_for_any_batch_size(batch_size, world_size):
    loader = make(num_points=100, batch_size=8)
    drawn(loader)
    whole = {**loader.state_dict(), "epoch": 0, "points": 13 * 8}  # the last batch was not full
    other = make(num_points=100, batch_size=batch_size, world_size=world_size)
    other.load_state_dict(whole)
    assert other.first_batch == len(other)
    assert drawn(other) == []
