"""The share of memorised samples, of memorisers and of honest samplers."""

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.metrics import (
    closest_record_ratio,
    features,
    memorised_share,
    nearest_distances,
)


@pytest.fixture
def training():
    return torch.randn(2000, 16)


@pytest.fixture
def held_out():
    return torch.randn(1000, 16)


@pytest.mark.parametrize("rows_of_a_block", [1, 7, 1000])
def test_nearest_distances_are_those_of_all_pairs(rows_of_a_block, monkeypatch):
    monkeypatch.setattr(features, "BLOCK_BYTES", rows_of_a_block * 70 * 4)
    points, reference = torch.randn(50, 6), torch.randn(70, 6)
    pairs = (points[:, None].double() - reference.double()).norm(dim=2)
    torch.testing.assert_close(nearest_distances(points, reference), pairs.min(1).values)


@pytest.mark.parametrize("offset", [0, 100])
def test_the_distance_of_a_copy_is_exactly_zero(offset, training):
    assert nearest_distances(training[:100] + offset, training + offset).max() == 0


def test_images_in_bytes_are_compared_as_numbers():
    reference = torch.zeros(1, 1, 2, 2, dtype=torch.uint8)
    points = torch.tensor([0, 0, 3, 4], dtype=torch.uint8).reshape(1, 1, 2, 2)
    assert nearest_distances(points, reference).item() == pytest.approx(5)  # √(9 + 16)


def test_a_memoriser_has_a_share_of_one(training, held_out):
    copies = training[torch.randint(10, (500,))]
    assert memorised_share(copies, training, held_out).item() == 1
    assert memorised_share(copies + 1e-3, training, held_out).item() == 1


@pytest.mark.parametrize("num_held_out", [45, 300, 999, 1500, 3001])
def test_fresh_data_have_a_share_of_one_in_a_thousand_or_the_least_that_so_few_rows_resolve(
    num_held_out,
):
    training = torch.zeros(1, 1)
    fresh = torch.linspace(0, 1, 20_001)[:, None]  # so that the share is the bar
    found = torch.stack(
        [memorised_share(fresh, training, torch.rand(num_held_out, 1)) for _ in range(400)]
    )
    rank = max(1, (num_held_out + 1) // 1000)  # of n uniform numbers, the k-th has k / (n + 1)
    spread = 1 / (rank * 400) ** 0.5
    assert found.mean().item() == pytest.approx(rank / (num_held_out + 1), rel=4 * spread)


def test_fresh_data_have_hardly_any_memorised_samples_in_many_dimensions_either(training, held_out):
    share = memorised_share(torch.randn(20_000, 16), training, held_out)
    assert share.item() < 0.005  # its expectation is 1 / 1001, its spread of the same size


def test_a_set_with_half_copies_has_a_share_of_one_half(training, held_out):
    samples = torch.cat([training[:300], torch.randn(300, 16) + 5])
    assert memorised_share(samples, training, held_out).item() == pytest.approx(0.5)


def test_the_bar_is_the_third_smallest_of_three_thousand_held_out_distances():
    training = torch.zeros(1, 1)
    held_out = torch.arange(1, 3002)[:, None]
    samples = torch.tensor([[2.0], [3.0], [4.0], [-3.0]])
    assert memorised_share(samples, training, held_out).item() == 0.75


@pytest.mark.parametrize("num_twins", [1, 100])
def test_images_in_both_sets_do_not_hide_a_memoriser(num_twins, training, held_out):
    held_out = torch.cat([training[:num_twins], torch.randn(2000, 16)])
    assert memorised_share(training[-300:], training, held_out).item() == 1
    assert memorised_share(torch.randn(300, 16), training, held_out).item() < 0.02


def test_the_order_of_rows_does_not_matter(training, held_out):
    samples = torch.cat([training[:30], torch.randn(70, 16)])
    expected = memorised_share(samples, training, held_out)
    turned = memorised_share(samples.flip(0), training.flip(0), held_out.flip(0))
    assert torch.equal(turned, expected)


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
def test_samples_that_are_not_finite_have_no_share(broken, training, held_out):
    samples = torch.randn(10, 16)
    samples[4, 1] = broken
    assert memorised_share(samples, training, held_out).isnan()


def test_an_empty_set_is_refused_by_name(training, held_out):
    with pytest.raises(InputError, match=r"The generated set .* at least 1 row, not"):
        memorised_share(training[:0], training, held_out)
    with pytest.raises(InputError, match="The held_out set needs 16 dimensions"):
        memorised_share(training, training, held_out[:, :3])


def test_the_closest_record_ratio_of_a_few_rows_is_that_worked_out_by_hand():
    training = torch.tensor([[0.0], [1.0], [3.0]])  # closest others: 1, 1, 2, on average 4/3
    generated = torch.tensor([[0.5], [5.0]])  # closest: 0.5, 2, on average 5/4
    expected = (5 / 4) / (4 / 3)
    assert closest_record_ratio(generated, training).item() == pytest.approx(expected)


def test_new_rows_have_a_closest_record_ratio_of_one_and_copies_of_zero(training, held_out):
    assert closest_record_ratio(held_out, training).item() == pytest.approx(1, abs=0.02)
    assert closest_record_ratio(training, training) == 0
    assert closest_record_ratio(training[:10].repeat(50, 1), training) == 0


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_copies_lower_the_closest_record_ratio_by_their_share(share, training, held_out):
    copied = round(share * len(held_out))
    mixed = torch.cat([training[:copied], held_out[copied:]])
    expected = (1 - share) * closest_record_ratio(held_out[copied:], training)
    torch.testing.assert_close(closest_record_ratio(mixed, training), expected)


def test_the_closest_record_ratio_grows_from_copies_over_blurred_ones_to_noise(training):
    rows = training[:200, :3]
    ratios = [
        closest_record_ratio(rows + width * torch.randn(200, 3), rows)
        for width in (0, 0.01, 0.1, 5)
    ]
    assert ratios == sorted(ratios)
    assert ratios[1] < 0.1
    assert ratios[3] > 3


@pytest.mark.parametrize("training", [torch.randn(1, 2), torch.ones(5, 2)])
def test_training_rows_without_a_distance_from_one_another_are_no_reference(training):
    assert closest_record_ratio(torch.randn(4, 2), training).isnan()


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
def test_rows_that_are_not_finite_have_no_closest_record(broken):
    generated = torch.randn(4, 2)
    generated[0, 0] = broken
    assert closest_record_ratio(generated, torch.randn(9, 2)).isnan()
    assert closest_record_ratio(torch.randn(9, 2), generated).isnan()
