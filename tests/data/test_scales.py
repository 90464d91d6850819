"""Normal scores of columns: the scale where rows are few, and that it can be inverted."""

import numpy as np
import pytest
import torch

from gan_lightning.data.scales import NormalScores


def column(kind, num_rows):
    random = np.random.default_rng(0)
    values = {
        "normal": random.normal(40, 3, num_rows),
        "two humps": random.normal(0, 1, num_rows) + 9 * random.integers(0, 2, num_rows),
        "long tail": np.exp(random.normal(0, 2, num_rows)),
        "spike": np.where(random.random(num_rows) < 0.6, 0, random.normal(3, 1, num_rows)),
    }[kind]
    return torch.from_numpy(values)


def scores_of(values):
    return scaled(NormalScores.of([values], [0.0]), values[None], 0.5)


def scaled(scores, values, place):
    return scores.placed(scores.cells(values), torch.full_like(values, place))


@pytest.mark.parametrize("kind", ["normal", "two humps"])
def test_few_rows_without_tails_and_spikes_are_standardised(kind):
    values = column(kind, 200)
    expected = (values - values.mean()) / values.std(correction=0)
    torch.testing.assert_close(scores_of(values)[0], expected, atol=0.02, rtol=0)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_no_score_lies_between_a_value_far_away_and_the_others(share):
    values = torch.from_numpy(np.random.default_rng(0).integers(0, 50, 200)).double()
    values[: int(200 * share)] = -999
    scores = NormalScores.of([values], [1.0])
    back = scores.unscaled(torch.linspace(-3.5, 3.5, 4001, dtype=torch.float64)[None])
    assert ((back > -998.4) & (back < -0.6)).sum() <= 1


def test_a_spike_is_as_wide_as_its_share():
    values = column("spike", 300)
    scores = NormalScores.of([values], [0.0])
    ends = [scaled(scores, values[None], end) for end in (0.0, 1.0)]
    low, high = (float(torch.special.ndtr(end[0, values == 0].median())) for end in ends)
    assert high - low == pytest.approx(0.6, abs=0.08)


@pytest.mark.parametrize(
    ("kind", "num_rows"), [("two humps", 2000), ("long tail", 200), ("long tail", 2000)]
)
def test_other_columns_are_normal_on_their_scale(kind, num_rows):
    ranks = column(kind, num_rows).argsort().argsort()
    expected = torch.special.ndtri((ranks.double() + 0.5) / num_rows)
    inner = expected.abs() < 2
    torch.testing.assert_close(
        scores_of(column(kind, num_rows))[0][inner], expected[inner], atol=0.25, rtol=0
    )


@pytest.mark.parametrize("num_rows", [12, 200, 2000])
@pytest.mark.parametrize("kind", ["normal", "two humps", "long tail"])
def test_values_and_what_lies_beyond_them_come_back(kind, num_rows):
    values = column(kind, num_rows)
    scores = NormalScores.of([values], [0.0])
    more = torch.cat([values, values.min()[None] - 1, values.max()[None] + 1])[None]
    torch.testing.assert_close(scores.unscaled(scaled(scores, more, 0.5)), more)
