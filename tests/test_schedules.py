"""Numbers by the points seen in training."""

import math
from itertools import pairwise

import pytest

from gan_lightning import schedules
from gan_lightning.errors import InputError
from gan_lightning.safe_classes import listed_paths
from gan_lightning.schedules import Cosine, Exponential, Linear, value_at

every_schedule = pytest.mark.parametrize("make", [Cosine, Exponential, Linear])

MEANS = {  # of the start and the end, where a schedule is half-way
    Cosine: lambda start, end: (start + end) / 2,
    Exponential: lambda start, end: math.sqrt(start * end),
    Linear: lambda start, end: (start + end) / 2,
}
ANYWHERE = [(10.0, 2.0), (0.0, 1.0), (-1.0, 3.0)]
EVERY_DIRECTION = [
    *[(make, *ends) for make in (Cosine, Linear) for ends in ANYWHERE],
    *[(Exponential, *ends) for ends in [(10.0, 2.0), (1e-4, 1.0)]],
]
every_direction = pytest.mark.parametrize(("make", "start", "end"), EVERY_DIRECTION)


@every_direction
def test_a_schedule_goes_from_its_start_over_the_mean_to_its_end_and_stays(make, start, end):
    schedule = make(start, end, points=1000)
    assert schedule(0) == pytest.approx(start)
    assert schedule(500) == pytest.approx(MEANS[make](start, end))
    for points_seen in (1000, 1001, 10**9):
        assert schedule(points_seen) == pytest.approx(end)


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


def test_an_exponential_divides_by_the_same_factor_everywhere():
    schedule = Exponential(16.0, 1.0, points=400)
    assert [schedule(n) for n in (0, 100, 200, 300, 400)] == pytest.approx([16, 8, 4, 2, 1])


def test_an_exponential_holds_its_start_and_then_divides():
    schedule = Exponential(4.0, 1.0, points=300, hold=100)
    assert [schedule(n) for n in (0, 99, 100)] == [4, 4, 4]
    assert [schedule(n) for n in (200, 300, 400)] == pytest.approx([2, 1, 1])


@pytest.mark.parametrize("hold", [-1, 300, math.nan])
def test_an_exponential_that_holds_its_start_to_the_end_is_refused(hold):
    with pytest.raises(InputError, match=r"hold must lie in \[0, points\), found"):
        Exponential(4.0, 1.0, points=300, hold=hold)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 0.0), (-1.0, -2.0), (math.nan, 1.0)])
def test_an_exponential_between_numbers_that_are_not_positive_is_refused(start, end):
    with pytest.raises(InputError, match="Exponential: start and end must be positive, found"):
        Exponential(start, end, points=1000)


@every_schedule
@pytest.mark.parametrize("points", [0, -5, math.nan])
def test_a_schedule_of_no_points_is_refused(make, points):
    with pytest.raises(InputError, match=f"{make.__name__}: points must be positive, found"):
        make(1.0, 0.5, points)


def test_a_number_is_a_constant_schedule():
    assert value_at(0.5, 0) == value_at(0.5, 10**9) == 0.5
    assert value_at(Linear(0.0, 1.0, 10), 5) == 0.5


@pytest.mark.parametrize("name", sorted({*schedules.__all__} - {"Schedule"}))
def test_a_checkpoint_may_name_every_schedule(name):
    assert {f"gan_lightning.{name}", f"gan_lightning.schedules.{name}"} <= listed_paths()
