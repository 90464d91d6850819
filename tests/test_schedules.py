"""Numbers by the points seen in training."""

import math
from itertools import pairwise

import pytest

from gan_lightning.errors import InputError
from gan_lightning.schedules import Cosine, Linear, value_at

every_schedule = pytest.mark.parametrize("make", [Cosine, Linear])
every_direction = pytest.mark.parametrize(("start", "end"), [(10.0, 2.0), (0.0, 1.0), (-1.0, 3.0)])


@every_schedule
@every_direction
def test_a_schedule_goes_from_its_start_over_the_mean_to_its_end_and_stays(make, start, end):
    schedule = make(start, end, points=1000)
    assert schedule(0) == pytest.approx(start)
    assert schedule(500) == pytest.approx((start + end) / 2)
    for points_seen in (1000, 1001, 10**9):
        assert schedule(points_seen) == pytest.approx(end)


@every_schedule
@every_direction
def test_a_schedule_moves_in_one_direction(make, start, end):
    schedule = make(start, end, points=70)
    values = [schedule(points_seen) for points_seen in range(71)]
    steps = [after - before for before, after in pairwise(values)]
    assert all(step * (end - start) > 0 for step in steps)


def test_a_line_has_the_same_slope_everywhere():
    schedule = Linear(2.0, 10.0, points=400)
    assert [schedule(n) for n in (0, 100, 200, 300, 400)] == [2, 4, 6, 8, 10]


def test_half_a_cosine_is_flat_at_both_ends_and_steepest_between():
    schedule = Cosine(1.0, 0.0, points=600)
    assert schedule(200) == pytest.approx((1 + math.cos(math.pi / 3)) / 2)  # 3/4
    assert schedule(400) == pytest.approx(1 / 4)
    assert schedule(1) == pytest.approx(1 - (math.pi / 600) ** 2 / 4)
    assert schedule(301) - schedule(300) == pytest.approx(-math.pi / 2 / 600, rel=1e-4)


@every_schedule
@pytest.mark.parametrize("points", [0, -5, math.nan])
def test_a_schedule_of_no_points_is_refused(make, points):
    with pytest.raises(InputError, match=f"{make.__name__}: points must be positive, found"):
        make(1.0, 0.0, points)


def test_a_number_is_a_constant_schedule():
    assert value_at(0.5, 0) == value_at(0.5, 10**9) == 0.5
    assert value_at(Linear(0.0, 1.0, 10), 5) == 0.5
