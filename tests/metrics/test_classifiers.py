"""Classifiers as judges: of samples whose fault is known."""

import math

import numpy as np
import pytest

from gan_lightning.metrics import classifiers
from gan_lightning.metrics.classifiers import Labelled, transfer_accuracies, two_sample_accuracy

NUM_ROWS = 150


def drawn(num_rows=NUM_ROWS, seed=0, correlation=0.9):
    """Pairs of normal columns, rounded to 0.1 as measurements are."""
    covariance = [[1, correlation], [correlation, 1]]
    rng = np.random.default_rng(seed)
    return rng.multivariate_normal([0, 0], covariance, num_rows).round(1)


def labelled(num_rows=NUM_ROWS, seed=0, noise=0.0):
    """Rows in [0, 1]², and which of two halves they lie in, up to a share of wrong labels."""
    rng = np.random.default_rng(seed)
    x = rng.random((num_rows, 2))
    wrong = rng.random(num_rows) < noise
    return Labelled(x, ((x[:, 0] > 0.5) ^ wrong).astype(np.int64))


def test_a_half_is_what_two_draws_of_one_distribution_have_on_average():
    accuracies = [
        two_sample_accuracy(drawn(45, seed=seed), drawn(45, seed=100 + seed)) for seed in range(8)
    ]
    # 90 rows have a standard error of 0.05, the mean of eight one of 0.02
    assert np.mean(accuracies) == pytest.approx(0.5, abs=0.06)


def test_sets_that_do_not_overlap_are_told_apart():
    assert two_sample_accuracy(drawn(), 10 + drawn(seed=1)) == 1


def test_the_accuracy_grows_with_the_fault():
    real, fair = drawn(seed=0), drawn(seed=1)
    shuffled = np.stack([fair[:, 0], np.random.default_rng(0).permutation(fair[:, 1])], 1)
    noisy = (fair + 0.3 * np.random.default_rng(1).normal(size=fair.shape)).round(1)
    accuracies = [two_sample_accuracy(real, rows) for rows in (fair, noisy, shuffled, 0 * fair)]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] < 0.57
    assert accuracies[2] > 0.6  # the marginals are perfect
    assert accuracies[3] > 0.95


def test_a_few_rows_over_and_over_are_noticed():
    assert two_sample_accuracy(drawn(), np.resize(drawn(10, seed=1), (150, 2))) > 0.9


def test_the_larger_set_is_cut_to_the_smaller_so_that_a_half_is_chance():
    small, large = drawn(40), drawn(100, seed=1)
    for sets in [(small, large), (large, small)]:
        assert two_sample_accuracy(*sets) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(("sizes", "rounds"), [((9, 9), 1), ((9, 20), 2), ((900, 9), 5)])
def test_the_larger_set_is_drawn_from_as_often_as_it_reaches_but_five_times(
    monkeypatch, sizes, rounds
):
    seen = []

    def told(trees, x, y, cv):
        seen.append((len(x), y.mean(), cv.get_n_splits()))
        return np.array([len(seen), len(seen) + 2.0])

    monkeypatch.setattr(classifiers, "cross_val_score", told)
    accuracy = two_sample_accuracy(drawn(sizes[0]), drawn(sizes[1]))
    assert seen == [(18, 0.5, 5)] * rounds
    assert accuracy == pytest.approx(np.mean(np.arange(rounds) + 2))


def test_the_order_of_rows_does_not_matter():
    real, generated = drawn(30), drawn(50, seed=1)
    expected = two_sample_accuracy(real, generated)
    assert two_sample_accuracy(real[::-1], generated[::-1]) == expected


@pytest.mark.parametrize("num_rows", [2, 3, 4])
def test_a_few_rows_are_enough(num_rows):
    assert two_sample_accuracy(drawn(num_rows), 9 + drawn(num_rows)) == 1


def test_one_row_and_rows_that_are_not_finite_cannot_be_judged():
    assert math.isnan(two_sample_accuracy(drawn(1), drawn()))
    broken = drawn()
    broken[0, 0] = np.inf
    assert math.isnan(two_sample_accuracy(drawn(), broken))
    rows, unknown = labelled(), Labelled(broken, labelled().y)
    assert all(map(math.isnan, transfer_accuracies(rows, unknown, rows).values()))


def test_perfect_samples_are_as_good_as_real_rows_to_learn_from():
    sets = [labelled(seed=seed) for seed in range(3)]
    for accuracy in transfer_accuracies(*sets).values():
        assert accuracy > 0.95


def test_wrong_labels_lower_both_directions_and_not_the_scale():
    found = transfer_accuracies(labelled(), labelled(seed=1, noise=0.5), labelled(seed=2))
    assert found["trtr"] > 0.95
    assert found["tstr"] < 0.7
    assert found["trts"] == pytest.approx(0.5, abs=0.15)


def test_missing_classes_are_seen_by_training_on_samples_alone():
    everything = labelled(seed=1)
    one_class = Labelled(everything.x[everything.y == 1], everything.y[everything.y == 1])
    real = labelled(seed=2)
    found = transfer_accuracies(labelled(), one_class, real)
    assert found["tstr"] == pytest.approx(real.y.mean())
    assert found["trts"] > 0.95


def test_training_rows_in_place_of_samples_have_what_they_are_compared_with():
    train = labelled()
    found = transfer_accuracies(train, train, labelled(seed=1, noise=0.2))
    assert found["tstr"] == found["trtr"]
    assert found["trts"] == 1


def test_what_is_learned_does_not_depend_on_the_order_of_rows():
    train, generated, real = (labelled(seed=seed, noise=0.3) for seed in range(3))
    turned = [Labelled(rows.x[::-1], rows.y[::-1]) for rows in (train, generated, real)]
    assert transfer_accuracies(*turned) == transfer_accuracies(train, generated, real)
