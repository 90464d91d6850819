"""Correlations of all kinds of pairs of columns against SciPy, NumPy and closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gan_lightning.metrics import correlation_errors, correlations, ks_statistic


def draws(kind, seed=0):
    """Two sets of 120 and 75 rows with three columns, float64."""
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(120, 3)), rng.normal(0.3, 1.4, size=(75, 3))
    if kind == "ties":  # few different values, as in measurements rounded to a place
        real, generated = real.round(0), generated.round(0)
    return torch.from_numpy(real), torch.from_numpy(generated)


def drawn_table(num_rows=200, seed=0):
    """A measured column, and two of three and four categories that depend on it and each other."""
    rng = np.random.default_rng(seed)
    first = rng.integers(3, size=num_rows)
    second = (first + (rng.random(num_rows) < 0.5) * rng.integers(4, size=num_rows)) % 4
    measured = 0.7 * first + rng.normal(size=num_rows)
    return torch.from_numpy(np.stack([measured, first, second], 1).astype(float))


@pytest.mark.parametrize("kind", ["continuous", "ties"])
def test_errors_of_measured_columns_are_the_differences_of_numpys_matrices(kind):
    real, generated = draws(kind)
    difference = np.abs(np.corrcoef(real.T) - np.corrcoef(generated.T))
    expected = difference[[0, 0, 1], [1, 2, 2]]
    assert correlation_errors(real, generated).tolist() == pytest.approx(expected)


def test_the_correlation_ratio_follows_from_scipys_f_statistic():
    rows = drawn_table()
    groups = [rows[rows[:, 1] == category, 0].numpy() for category in range(3)]
    f = stats.f_oneway(*groups).statistic
    # eta² = SSB / SST with F = (SSB / 2) / (SSW / 197); less chance: 1 - (1 - eta²) 199 / 197
    within = 197 / (2 * f + 197)
    expected = math.sqrt(1 - within * 199 / 197)
    assert correlations(rows, [1, 2])[0, 1].item() == pytest.approx(expected)


def test_cramers_v_is_scipys_less_what_chance_adds():
    rows = drawn_table()
    counts = stats.contingency.crosstab(rows[:, 1], rows[:, 2]).count
    v = stats.contingency.association(counts, "cramer")
    # phi² = 2 V² for 3 × 4 cells; under independence its mean is 2 · 3 / 199
    corrected = 2 * v**2 - 6 / 199
    most = 2 - 4 / 199
    expected = math.sqrt(corrected / most)
    assert correlations(rows, [1, 2])[1, 2].item() == pytest.approx(expected)


def test_a_matrix_is_symmetric_and_leaves_a_columns_correlation_with_itself_out():
    matrix = correlations(drawn_table(), [1, 2])
    assert torch.equal(matrix, matrix.T)
    assert matrix.diagonal().tolist() == [0, 0, 0]


def test_columns_that_determine_each_other_have_a_correlation_of_one():
    codes = torch.arange(60).double() % 4
    rows = torch.stack([codes.square(), codes, 3 - codes], 1)
    matrix = correlations(rows, [1, 2])
    assert matrix[0, 1].item() == pytest.approx(1)
    assert matrix[1, 2].item() == pytest.approx(1)


@pytest.mark.parametrize("num_rows", [45, 1000])
def test_independent_columns_of_any_kind_are_hardly_correlated_in_few_rows_too(num_rows):
    generator = torch.Generator().manual_seed(0)
    squares = torch.zeros(3)
    for _ in range(100):
        measured = torch.randn(num_rows, 2, generator=generator)
        codes = torch.randint(5, (num_rows, 2), generator=generator)
        matrix = correlations(torch.cat([measured, codes], 1), [2, 3])
        squares += torch.stack([matrix[0, 1], matrix[0, 2], matrix[2, 3]]).square() / 100
    # Pearson's square is 1/(n - 1) on average; uncorrected, eta² is 4 and V² 4 times that.
    assert (squares < 2.5 / (num_rows - 1)).all()


def test_names_of_categories_do_not_matter():
    real, generated = drawn_table(200), drawn_table(100, seed=1)
    expected = correlation_errors(real, generated, [1, 2])
    names = torch.tensor([2.0, 7.0, 0.0, 5.0])
    renamed = [rows.clone() for rows in (real, generated)]
    for rows in renamed:
        rows[:, 1:] = names[rows[:, 1:].long()]
    torch.testing.assert_close(correlation_errors(*renamed, [1, 2]), expected)


@pytest.mark.parametrize(("scale", "shift"), [(2.5, 0.0), (1e-3, 7.0)])
def test_correlations_do_not_depend_on_units_or_order(scale, shift):
    real, generated = drawn_table(200), drawn_table(100, seed=1)
    rescaled = real.clone()
    rescaled[:, 0] = scale * real[:, 0] + shift
    torch.testing.assert_close(
        correlation_errors(rescaled, generated.flip(0), [1, 2]),
        correlation_errors(real, generated, [1, 2]),
    )


def test_equal_sets_have_no_error():
    rows = drawn_table()
    assert correlation_errors(rows, rows, [1, 2]).tolist() == [0, 0, 0]


def test_opposite_correlations_differ_by_two():
    line = torch.linspace(-1, 1, 9).double()
    up, down = torch.stack([line, line], 1), torch.stack([line, -line], 1)
    assert correlation_errors(up, down).item() == pytest.approx(2)


def test_columns_shuffled_apart_lose_their_correlation():
    line = torch.randn(5000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(1))
    tied, apart = torch.stack([line, line], 1), torch.stack([line, line[order]], 1)
    # the marginals are equal, only the correlation tells: 1 against 0 up to 1/sqrt(5000)
    assert ks_statistic(tied, apart).max() == 0
    assert correlation_errors(tied, apart).item() == pytest.approx(1, abs=0.05)


def test_shuffling_any_column_is_seen_in_its_own_pairs_alone():
    rows = drawn_table(2000)
    order = torch.randperm(2000, generator=torch.Generator().manual_seed(1))
    for column, pairs in enumerate([[0, 1], [0, 2], [1, 2]]):
        shuffled = rows.clone()
        shuffled[:, column] = rows[order, column]
        errors = correlation_errors(rows, shuffled, [1, 2])
        assert (errors[pairs] > 0.2).all()
        assert errors.sum() - errors[pairs].sum() < 1e-9


def test_a_single_column_has_no_correlation_to_get_wrong():
    real, generated = draws("continuous")
    assert correlation_errors(real[:, [0]], generated[:, [0]]).tolist() == []


def test_a_constant_column_correlates_with_nothing():
    line = torch.linspace(-1, 1, 8).double()
    tied = torch.stack([line, line], 1)  # correlation 1
    collapsed = torch.stack([line, torch.full_like(line, 0.5)], 1)  # correlation 0, not NaN
    assert correlation_errors(tied, collapsed).item() == pytest.approx(1)


@pytest.mark.parametrize("num_rows", [3, 7, 45, 2000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_two_constant_columns_correlate_with_nothing_whatever_their_value(num_rows, dtype):
    real = torch.randn(50, 2, dtype=dtype)
    expected = abs(torch.corrcoef(real.T)[0, 1].item())  # against a correlation of 0
    for tenth in range(1, 80):
        collapsed = torch.tensor([tenth / 10, tenth / 10 + 0.3], dtype=dtype).repeat(num_rows, 1)
        assert correlation_errors(real, collapsed).item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("num_rows", [1, 2])
@pytest.mark.parametrize("categorical", [[], [0], [0, 1], [0, 1, 2]])
def test_one_or_two_rows_have_correlations_between_minus_one_and_one(num_rows, categorical):
    matrix = correlations(drawn_table(num_rows), categorical)
    assert matrix.abs().max() <= 1 + 1e-9


def test_rows_that_each_have_their_own_category_tell_nothing():
    rows = torch.stack([torch.arange(9), torch.arange(9), torch.arange(9) % 3], 1).double()
    assert correlations(rows, [1, 2])[1].tolist() == pytest.approx([0, 0, 0], abs=1e-6)


def test_a_nan_leaves_only_its_own_column_without_correlations():
    rows = drawn_table()
    broken = rows.clone()
    broken[3, 0] = torch.nan
    errors = correlation_errors(rows, broken, [1, 2])
    assert errors.isnan().tolist() == [True, True, False]
