"""A classifier that tells samples from data, on samples whose fault is known."""

import math

import numpy as np
import pytest
import torch

from gan_lightning.metrics import two_sample, two_sample_accuracy
from gan_lightning.metrics.two_sample import boosted_auc

NUM_ROWS = 150


def drawn(num_rows=NUM_ROWS, seed=0, correlation=0.9):
    """Pairs of normal columns, rounded to 0.1 as measurements are."""
    covariance = [[1, correlation], [correlation, 1]]
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.multivariate_normal([0, 0], covariance, num_rows).round(1))


def test_a_half_is_what_two_draws_of_one_distribution_have_on_average():
    accuracies = [
        two_sample_accuracy(drawn(45, seed=seed), drawn(45, seed=100 + seed)) for seed in range(8)
    ]
    # 90 rows have a standard error of 0.05, the mean of eight one of 0.02
    assert np.mean(accuracies) == pytest.approx(0.5, abs=0.06)


def test_sets_that_do_not_overlap_are_told_apart():
    assert two_sample_accuracy(drawn(), 10 + drawn(seed=1)) == 1


def test_the_accuracy_grows_with_the_fault():
    real, fair = drawn(), drawn(seed=1)
    noisy = (fair + 0.3 * torch.randn(fair.shape)).round(decimals=1)
    shuffled = torch.stack([fair[:, 0], fair[torch.randperm(NUM_ROWS), 1]], 1)
    accuracies = [two_sample_accuracy(real, rows) for rows in (fair, noisy, shuffled, 0 * fair)]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] < 0.57
    assert accuracies[2] > 0.6  # the marginals are perfect
    assert accuracies[3] > 0.95


def test_a_few_rows_over_and_over_are_noticed():
    assert two_sample_accuracy(drawn(), drawn(10, seed=1).repeat(15, 1)) > 0.9


def test_the_larger_set_is_cut_to_the_smaller_so_that_a_half_is_chance():
    small, large = drawn(40), drawn(100, seed=1)
    for sets in [(small, large), (large, small)]:
        assert two_sample_accuracy(*sets).item() == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(("sizes", "rounds"), [((9, 9), 1), ((9, 20), 2), ((900, 9), 5)])
def test_the_larger_set_is_drawn_from_as_often_as_it_lasts_up_to_five_times(
    monkeypatch, sizes, rounds
):
    seen = []

    def told(trees, x, y, cv):
        seen.append((len(x), y.mean(), cv.get_n_splits()))
        return np.array([len(seen), len(seen) + 2.0])

    monkeypatch.setattr(two_sample, "cross_val_score", told)
    accuracy = two_sample_accuracy(drawn(sizes[0]), drawn(sizes[1]))
    assert seen == [(18, 0.5, 5)] * rounds
    assert accuracy.item() == pytest.approx(np.mean(np.arange(rounds) + 2))


def test_the_order_of_rows_does_not_matter():
    real, generated = drawn(30), drawn(50, seed=1)
    expected = two_sample_accuracy(real, generated)
    assert two_sample_accuracy(real.flip(0), generated.flip(0)) == expected


@pytest.mark.parametrize("num_rows", [2, 3, 4])
def test_a_few_rows_are_enough(num_rows):
    assert two_sample_accuracy(drawn(num_rows), 9 + drawn(num_rows)) == 1


def test_one_row_and_rows_that_are_not_finite_cannot_be_judged():
    broken = drawn()
    broken[0, 0] = math.inf
    for real, generated in [(drawn(1), drawn()), (drawn(), broken), (broken, drawn())]:
        assert two_sample_accuracy(real, generated).isnan()


def test_boosted_trees_see_what_categories_say_together_and_single_columns_do_not():
    random = torch.Generator().manual_seed(0)
    first, second = torch.randint(5, (2, 1200), generator=random)
    chance = torch.stack([first, second], 1).double()
    bound = torch.stack([first, (first * 2) % 5], 1).double()
    assert boosted_auc(chance[:600], chance[600:], [0, 1]) == pytest.approx(0.5, abs=0.06)
    assert boosted_auc(chance[:600], bound[600:], [0, 1]) > 0.8


def test_boosted_trees_take_missing_cells_and_more_categories_than_they_have_bins():
    codes = torch.arange(1200).double()[:, None] % 600
    missing = torch.where(codes % 2 == 0, torch.nan, codes)
    assert boosted_auc(codes, codes.flip(0), [0]) == pytest.approx(0.5, abs=0.1)
    assert boosted_auc(codes, missing, [0]) > 0.7


@pytest.mark.parametrize("size", [6, 12, 20, 30])
def test_boosted_trees_tell_few_rows_apart_too(size):
    far = boosted_auc(drawn(size).double(), 9 + drawn(size).double())
    assert far == pytest.approx(1)


@pytest.mark.parametrize("present", [0, 1, 2, 5])
@pytest.mark.parametrize("categorical", [[], [0]])
def test_boosted_trees_take_a_column_that_is_almost_always_missing(present, categorical):
    column = torch.full((40, 1), torch.nan, dtype=torch.float64)
    column[:present] = torch.arange(present)[:, None].double()
    rows = torch.cat([column, drawn(40).double()], 1)
    other = torch.cat([column, 9 + drawn(40).double()], 1)
    assert boosted_auc(rows, other, categorical) == pytest.approx(1)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_too_few_rows_for_boosted_trees_have_no_number(size):
    assert boosted_auc(torch.zeros(size, 1), torch.ones(size, 1)).isnan()


def test_missing_cells_of_a_column_with_many_categories_stay_missing(monkeypatch):
    seen = []

    def predicted(trees, x, *args, **kwargs):
        seen.append(x)
        return np.full((len(x), 2), 0.5)

    monkeypatch.setattr("gan_lightning.metrics.two_sample.cross_val_predict", predicted)
    codes = torch.arange(600, dtype=torch.float64)
    column = torch.cat([codes, codes])[:, None]
    rows = column.clone()
    rows[0] = torch.nan  # rarer than any category
    boosted_auc(rows, column, categorical=[0])
    (x,) = seen
    assert np.isnan(x).sum() == 1
    assert np.nanmax(x) < 255
