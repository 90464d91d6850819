"""Precision, recall, density and coverage against NumPy and by hand."""

import numpy as np
import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.metrics import features, precision_recall_density_coverage


def numpy_scores(real, generated, k):
    """Kynkäänniemi et al., 2019; Naeem et al., 2020, row by row."""

    def radii(rows):
        distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
        return np.sort(distances, 1)[:, k]  # the first is the row itself

    across = np.linalg.norm(real[:, None] - generated[None], axis=2)
    inside = across <= radii(real)[:, None]
    inside_generated = across <= radii(generated)[None]
    return (
        inside.any(0).mean(),
        inside_generated.any(1).mean(),
        inside.sum(0).mean() / k,
        inside.any(1).mean(),
    )


@pytest.mark.parametrize("rows_of_a_block", [1, 13, 1000])
@pytest.mark.parametrize("k", [1, 5])
def test_they_are_those_of_numpy_however_pairs_are_split(k, rows_of_a_block, monkeypatch):
    monkeypatch.setattr(features, "BLOCK_BYTES", rows_of_a_block * 90 * 8)
    real, generated = torch.randn(120, 6).double(), 0.5 + 0.8 * torch.randn(90, 6).double()
    expected = numpy_scores(real.numpy(), generated.numpy(), k)
    assert [
        score.item() for score in precision_recall_density_coverage(real, generated, k)
    ] == pytest.approx(expected)


def test_points_on_a_line_have_the_scores_worked_out_by_hand():
    real = torch.tensor([[0.0], [1.0], [3.0], [10.0]])  # balls reach 1, 1, 2 and 7
    generated = torch.tensor([[0.5], [2.0], [20.0]])  # balls reach 1.5, 1.5 and 18
    precision, recall, density, coverage = precision_recall_density_coverage(real, generated, k=1)
    assert precision.item() == pytest.approx(2 / 3)  # 20 is in no ball
    assert recall.item() == 1  # [-1, 2], [0.5, 3.5] and [2, 38]
    assert density.item() == pytest.approx((2 + 2 + 0) / 3)  # 2 lies on two surfaces: inside
    assert coverage.item() == 3 / 4  # nothing in [3, 17]


def test_two_large_sets_of_one_distribution_have_density_one_and_the_coverage_of_naeem():
    real, generated = torch.randn(2000, 8), torch.randn(2000, 8)
    scores = precision_recall_density_coverage(real, generated, k=3)
    # Of n + m rows, a real row's k nearest are all real with the chance of k heads in a row.
    assert scores.coverage.item() == pytest.approx(1 - 0.5**3, abs=0.02)
    assert scores.density.item() == pytest.approx(1, abs=0.05)
    assert scores.precision.item() == pytest.approx(scores.recall.item(), abs=0.03)


def test_a_set_is_its_own_manifold():
    rows = torch.randn(100, 4)
    precision, recall, density, coverage = precision_recall_density_coverage(rows, rows.flip(0))
    assert (precision.item(), recall.item(), coverage.item()) == (1, 1, 1)
    assert density.item() == pytest.approx((5 + 1) / 5)  # every ball holds k others and its centre


def test_precision_of_one_set_is_recall_of_the_other():
    real, generated = torch.randn(80, 4), 0.7 * torch.randn(60, 4)
    there = precision_recall_density_coverage(real, generated)
    back = precision_recall_density_coverage(generated, real)
    assert (there.precision, there.recall) == (back.recall, back.precision)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_copies_of_one_row_are_a_ball_of_radius_zero(offset):
    real = torch.randn(50, 64).double() + offset
    generated = real[:1].repeat(30, 1)
    precision, recall, _, coverage = precision_recall_density_coverage(real, generated)
    assert precision.item() == 1  # it lies in its own ball, at the centre
    assert recall.item() == 1 / 50  # only the row itself is at distance 0
    assert coverage.item() < 0.5


def test_order_and_unit_do_not_matter():
    real, generated = torch.randn(200, 5).double(), 0.2 + torch.randn(150, 5).double()
    expected = precision_recall_density_coverage(real, generated)
    moved = [3 * rows + 100 for rows in (real[torch.randperm(200)], generated.flip(0))]
    torch.testing.assert_close(precision_recall_density_coverage(*moved), expected)


def test_half_precision_is_compared_in_float64():
    real, generated = torch.randn(40, 6).half(), torch.randn(40, 6).half()
    expected = precision_recall_density_coverage(real.double(), generated.double())
    assert precision_recall_density_coverage(real, generated) == expected


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
def test_features_that_are_not_finite_have_no_scores(broken):
    generated = torch.randn(10, 3)
    generated[4, 1] = broken
    scores = precision_recall_density_coverage(torch.randn(10, 3), generated)
    assert all(score.isnan() for score in scores)


@pytest.mark.parametrize(("num_real", "num_generated", "name"), [(5, 9, "real"), (9, 5, "gen")])
def test_a_fifth_neighbour_needs_six_rows(num_real, num_generated, name):
    with pytest.raises(InputError, match=rf"The {name}.* at least 6 rows, not \(5, 2\)"):
        precision_recall_density_coverage(torch.randn(num_real, 2), torch.randn(num_generated, 2))
    precision_recall_density_coverage(torch.randn(6, 2), torch.randn(6, 2))
