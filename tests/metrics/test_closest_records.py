"""Distances to training rows, worked out by hand and from samplers that copy."""

import math

import numpy as np
import pytest

from gan_lightning.metrics.closest_records import (
    closest_record_ratio,
    copied_share,
    repeated_share,
)


def drawn(num_rows, width=3, seed=0):
    return np.random.default_rng(seed).normal(size=(num_rows, width))


def test_the_ratio_of_a_few_rows_is_that_worked_out_by_hand():
    train = np.array([[0.0], [1.0], [3.0]])  # closest others: 1, 1, 2, on average 4/3
    samples = np.array([[0.5], [5.0]])  # closest: 0.5, 2, on average 5/4
    assert closest_record_ratio(samples, train) == pytest.approx((5 / 4) / (4 / 3))


@pytest.mark.parametrize("width", [2, 30])
def test_new_points_have_a_ratio_of_one_and_copies_of_zero(width):
    train = drawn(400, width)
    assert closest_record_ratio(drawn(2000, width, seed=1), train) == pytest.approx(1, abs=0.1)
    assert closest_record_ratio(train, train) == pytest.approx(0, abs=1e-6)
    assert closest_record_ratio(np.repeat(train[:10], 50, 0), train) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_each_copy_lowers_the_ratio_by_its_share(share):
    train, samples = drawn(400), drawn(400, seed=1)
    copied = round(share * 400)
    mixed = np.concatenate([train[:copied], samples[copied:]])
    expected = (1 - share) * closest_record_ratio(samples[copied:], train)
    assert closest_record_ratio(mixed, train) == pytest.approx(expected)
    assert copied_share(mixed, train) == share


def test_the_ratio_grows_from_copies_over_blurred_copies_to_noise():
    train, noise = drawn(300), drawn(300, seed=1)
    blurred = [closest_record_ratio(train + width * noise, train) for width in (0, 0.01, 0.1, 5)]
    assert blurred == sorted(blurred)
    assert blurred[1] < 0.1
    assert blurred[3] > 3


def test_the_unit_of_a_common_scale_cancels():
    train, samples = drawn(50), drawn(50, seed=1)
    assert closest_record_ratio(9 * samples, 9 * train) == pytest.approx(
        closest_record_ratio(samples, train)
    )


@pytest.mark.parametrize("train", [drawn(1), np.ones((5, 3)), np.full((5, 3), np.nan)])
def test_training_rows_without_a_distance_from_one_another_measure_nothing(train):
    assert math.isnan(closest_record_ratio(drawn(4), train))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_samples_that_are_not_finite_have_no_ratio_and_are_no_copies(broken):
    samples = drawn(4)
    samples[0, 0] = broken
    assert math.isnan(closest_record_ratio(samples, drawn(9)))
    assert copied_share(samples, samples[1:]) == 3 / 4


def test_a_copy_equals_a_row_in_every_column():
    train = np.array([[1.0, 2.0], [3.0, 4.0]])
    samples = np.array([[1.0, 4.0], [3.0, 4.0], [3.0, 4.0 + 1e-12], [1.0, 2.0]])
    assert copied_share(samples, train) == 2 / 4


def test_repeated_rows_are_what_a_perfect_sampler_copies():
    codes = np.random.default_rng(0).integers(9, size=(2, 150, 2)).astype(float)
    train, held_out = codes
    assert repeated_share(train) == pytest.approx(copied_share(held_out, train), abs=0.1)
    assert repeated_share(np.array([[1.0], [2.0], [1.0], [1.0]])) == 3 / 4
    assert repeated_share(drawn(20)) == 0
