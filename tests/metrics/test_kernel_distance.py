"""The kernel distance against NumPy and against values worked out by hand."""

import numpy as np
import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.metrics import features, kernel_distance, normalised


def numpy_kernel_distance(real, generated):
    """Bińkowski et al., 2018, Equation 4, pair by pair."""

    def kernel(x, y):
        return (np.dot(x, y) / len(x) + 1) ** 3

    def within(rows):
        pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows)) if i != j]
        return np.mean([kernel(rows[i], rows[j]) for i, j in pairs])

    across = np.mean([kernel(x, y) for x in real for y in generated])
    return within(real) + within(generated) - 2 * across


@pytest.fixture(params=[1, 3, 7, None], ids=lambda rows: f"blocks_of_{rows}")
def _any_block(request, monkeypatch):
    if request.param:  # rows of a block of pairs with 25 others in float64
        monkeypatch.setattr(features, "BLOCK_BYTES", request.param * 25 * 8)


@pytest.mark.usefixtures("_any_block")
def test_it_is_that_of_numpy_however_pairs_are_split():
    real, generated = torch.randn(40, 5).double(), 0.5 + torch.randn(25, 5).double()
    expected = numpy_kernel_distance(real.numpy(), generated.numpy())
    assert kernel_distance(real, generated).item() == pytest.approx(expected)


def test_two_rows_each_have_the_distance_worked_out_by_hand():
    real, generated = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [-1.0]])
    within_real, within_generated = 1, (-2 + 1) ** 3
    across = (1 + 1 + (2 + 1) ** 3 + (-1 + 1) ** 3) / 4
    expected = within_real + within_generated - 2 * across
    assert kernel_distance(real, generated).item() == pytest.approx(expected)


def test_it_is_what_the_papers_mean_over_subsets_estimates():
    real, generated = torch.randn(60, 5).double(), 0.2 + 1.5 * torch.randn(50, 5).double()
    draws = []
    for _ in range(100):  # as many subsets as in papers, but smaller ones
        parts = (rows[torch.randperm(len(rows))[:20]].numpy() for rows in (real, generated))
        draws.append(numpy_kernel_distance(*parts))
    error = float(np.std(draws)) / len(draws) ** 0.5
    assert kernel_distance(real, generated).item() == pytest.approx(np.mean(draws), abs=4 * error)


def test_it_is_zero_on_average_for_halves_of_one_set():
    distances = torch.stack(
        [kernel_distance(torch.randn(50, 4), torch.randn(50, 4)) for _ in range(200)]
    )
    error = distances.std() / len(distances) ** 0.5
    assert distances.mean().abs() < 4 * error
    assert (distances < 0).any()  # unbiased, hence not clamped


def test_it_grows_with_a_shift():
    real = torch.randn(400, 4)
    distances = [kernel_distance(real, torch.randn(400, 4) + shift) for shift in (0, 0.5, 1, 2)]
    assert distances == sorted(distances)
    assert distances[1] > 10 * abs(distances[0])


def test_it_depends_neither_on_which_set_is_real_nor_on_the_order_of_rows():
    real, generated = torch.randn(60, 6), 0.3 + torch.randn(50, 6)
    shuffled = generated[torch.randperm(50)]
    expected = kernel_distance(real, generated)
    torch.testing.assert_close(kernel_distance(shuffled, real.flip(0)), expected)


def test_it_is_the_same_every_time():
    real, generated = torch.randn(60, 6), torch.randn(50, 6)
    assert torch.equal(kernel_distance(real, generated), kernel_distance(real, generated))


def test_half_precision_is_compared_in_float64():
    real, generated = torch.randn(30, 6).half(), torch.randn(30, 6).half()
    expected = kernel_distance(real.double(), generated.double())
    assert torch.equal(kernel_distance(real, generated), expected)


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
def test_features_that_are_not_finite_have_no_distance(broken):
    generated = torch.randn(10, 3)
    generated[4, 1] = broken
    assert kernel_distance(torch.randn(10, 3), generated).isnan()


def test_a_single_row_has_no_pairs():
    with pytest.raises(InputError, match=r"The real set .* at least 2 rows"):
        kernel_distance(torch.randn(1, 3), torch.randn(5, 3))


def test_normalised_features_have_a_root_mean_square_of_one_and_keep_their_directions():
    real, generated = 7 * torch.randn(50, 3) + 2, torch.randn(20, 3)
    assert normalised(real, real).square().mean().item() == pytest.approx(1)
    factor = normalised(generated, real) / generated  # one and the same for both sets
    assert factor.std() < 1e-9
    torch.testing.assert_close(normalised(10 * generated, 10 * real), normalised(generated, real))


def test_features_that_are_all_zero_keep_their_unit():
    zeros = torch.zeros(4, 2)
    assert torch.equal(normalised(torch.ones(3, 2), zeros), torch.ones(3, 2).double())
