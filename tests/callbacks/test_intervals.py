"""How often something is written in runs of any length."""

import pytest

from gan_lightning.callbacks.intervals import is_due


@pytest.mark.parametrize("every", [1, 7, 1000])
def test_the_first_hundred_are_due_at_every_interval_and_then_fifty_in_each_doubling(every):
    due = [n for n in range(1, 1600 * every + 1) if n % every == 0 and is_due(n, every)]
    assert due[:100] == [every * (i + 1) for i in range(100)]
    for first in (100, 200, 400, 800):
        assert sum(first * every < n <= 2 * first * every for n in due) == 50


@pytest.mark.parametrize("batches", [1, 6, 8, 699, 701])
def test_nothing_is_due_between_intervals(batches):
    assert not is_due(batches, 7)
