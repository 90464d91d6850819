"""Categories that never occur together."""

import pytest
import torch

from gan_lightning.networks.autoregressive import AutoregressiveCategories
from gan_lightning.networks.exclusions import MOST_LEVELS, Exclusions

SIZES = [2, 2, 2, 3]
"""Three one-hot columns of four kinds, the last of which has none, and one of its own."""


@pytest.fixture
def codes():
    """A thousand rows."""
    torch.manual_seed(0)
    kind, other = torch.randint(0, 4, (1000,)), torch.randint(0, 3, (1000,))
    return torch.stack([*(kind == k for k in range(3)), other], 1).long()


@pytest.fixture
def learned(codes):
    """What these rows exclude."""
    exclusions = Exclusions(SIZES)
    exclusions.learn(codes)
    return exclusions


def halves(num_rows):
    """Two categories that are equally frequent in each column."""
    return torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64).expand(num_rows, 4, 3)


def pairs_of_ones(codes):
    return int((codes[:, :3].sum(1) > 1).sum())


def test_ones_of_one_hot_columns_exclude_each_other_and_nothing_else_does(learned):
    never = torch.zeros(9, 9, dtype=torch.bool)
    for a in (1, 3, 5):
        for b in (1, 3, 5):
            never[a, b] = a != b
    assert torch.equal(learned.never, never)


def test_rows_learned_anew_replace_the_former_ones(learned):
    learned.learn(torch.randint(0, 2, (1000, 4)))
    assert not learned.never.any()


@pytest.mark.parametrize("together", [0, 1])
def test_a_pair_that_occurs_once_is_allowed(together):
    codes = torch.tensor([[1, 0], [0, 1], [0, 0]]).repeat(100, 1)
    codes[0] += together * torch.tensor([0, 1])
    exclusions = Exclusions([2, 2])
    exclusions.learn(codes)
    assert bool(exclusions.never[1, 3]) == (not together)


def test_a_pair_that_few_rows_would_have_by_chance_is_allowed():
    codes = torch.zeros(100, 2, dtype=torch.int64)
    codes[:10, 0] = codes[10:20, 1] = 1  # a single row is expected to have both
    exclusions = Exclusions([2, 2])
    exclusions.learn(codes)
    assert not exclusions.never.any()


def test_columns_of_many_categories_are_not_looked_at():
    exclusions = Exclusions([2, MOST_LEVELS + 1, 2])
    exclusions.learn(torch.stack([torch.arange(900) % k for k in (2, 21, 2)], 1))
    assert exclusions.never.shape == (4, 4)
    assert exclusions.never[0, 3]
    assert exclusions.never[1, 2]
    assert exclusions.concerned == [0, 2]


def test_wide_tables_look_at_a_part():
    exclusions = Exclusions([20] * 60)
    assert exclusions.never.shape == (1000, 1000)
    exclusions.learn(torch.randint(0, 20, (50, 60)))


def test_drawn_categories_keep_their_shares_and_exclude_each_other(codes, learned):
    shares = torch.stack(
        [torch.nn.functional.pad(c.bincount() / 1000, (0, 3 - len(c.unique()))) for c in codes.T]
    )
    correlation = torch.eye(4, dtype=torch.float64)
    correlation[:3, :3] += 0.3 - 0.3 * torch.eye(3)  # they would attract each other
    levels = torch.special.ndtr(
        torch.randn(20_000, 4).double() @ torch.linalg.cholesky(correlation).T
    )
    nothing, held = torch.zeros(20_000, 4).long(), torch.zeros(4) > 0
    plain = learned.drawn(shares.double().expand(20_000, -1, -1), levels, nothing, held)
    assert pairs_of_ones(plain) == 0
    assert plain[:, 2].double().mean() < 0.2  # what others exclude is missing
    weights = learned.weighted(shares.double(), levels[:4000])
    drawn = learned.drawn(weights.expand(20_000, -1, -1), levels, nothing, held)
    assert pairs_of_ones(drawn) == 0
    found = torch.nn.functional.one_hot(drawn, 3).double().mean(0)
    assert (found - shares).abs().max() < 0.02


def test_given_categories_stay_and_exclude_others(learned):
    shares = halves(50)
    given, held = torch.tensor([[0, 0, 1, 0]]).repeat(50, 1), torch.tensor([0, 0, 1, 0]) > 0
    drawn = learned.drawn(shares, torch.rand(50, 4).double(), given, held)
    assert (drawn[:, :3] == torch.tensor([0, 0, 1])).all()


def test_given_categories_that_leave_none_to_a_column_still_get_a_row():
    codes = torch.tensor([[0, 1, 0], [1, 0, 1]]).repeat(100, 1)  # the last excludes either
    exclusions = Exclusions([2, 2, 2])
    exclusions.learn(codes)
    given, held = torch.tensor([[0, 0, 0]]).repeat(50, 1), torch.tensor([1, 1, 0]) > 0
    shares = torch.full((50, 3, 2), 0.5, dtype=torch.float64)
    drawn = exclusions.drawn(shares, torch.rand(50, 3).double(), given, held)
    assert (drawn[:, :2] == 0).all()
    assert drawn[:, 2].unique().tolist() == [0, 1]
    network = AutoregressiveCategories([2, 2, 2])
    numbers = torch.zeros(50, 0)
    sampled = network.sample(given, held.expand(50, 3), numbers, numbers > 0, exclusions)
    assert (sampled[:, :2] == 0).all()


def test_rare_members_of_a_group_are_found_by_their_company_and_chance_is_not_taken_for_it():
    torch.manual_seed(0)
    kind = torch.tensor([0.5, 0.3, 0.14, 0.06]).multinomial(600, replacement=True)
    other = torch.rand(600, 3) < torch.tensor([0.1, 0.2, 0.5])
    codes = torch.cat([kind[:, None] == torch.arange(4), other], 1).long()
    exclusions = Exclusions([2] * 7)
    exclusions.learn(codes)
    ones = torch.arange(4) * 2 + 1
    assert exclusions.never[ones][:, ones].sum() == 12
    assert not exclusions.never[8:].any()


def test_a_loaded_model_excludes_what_the_saved_one_did(learned):
    loaded = Exclusions(SIZES)
    loaded.load_state_dict(learned.state_dict())
    assert loaded.concerned == learned.concerned == [0, 1, 2]


@pytest.mark.parametrize("given", [[], [2], [0, 3]])
def test_an_untrained_network_draws_no_excluded_pair(learned, given):
    network = AutoregressiveCategories(SIZES)
    codes, held = torch.zeros(500, 4).long(), torch.zeros(500, 4) > 0
    codes[:, given], held[:, given] = 1, True
    numbers = torch.zeros(500, 0)
    drawn = network.sample(codes, held, numbers, numbers > 0, learned)
    assert pairs_of_ones(drawn) == 0
    assert (drawn[:, given] == 1).all()
    free = network.sample(codes, held, numbers, numbers > 0, Exclusions(SIZES))
    assert pairs_of_ones(free) > 100


def test_a_checkpoint_from_before_excludes_nothing(learned):
    weights = {"known": torch.ones(1)}
    learned.complete(weights)
    assert not weights["never"].any()
    learned.complete(weights := {"never": learned.never})
    assert weights["never"].any()
