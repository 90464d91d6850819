"""Pictures of latent spaces."""

import pytest
import torch

from gan_lightning.figures import (
    image_pairs,
    interpolated,
    latent_scatter,
    plane_of_quantiles,
    traversed,
)


def test_counterparts_stand_right_below():
    above = torch.full((7, 1, 4, 4), 10, dtype=torch.uint8)
    pixels = image_pairs(above, above + 90, per_row=3)  # two complete rows of pairs
    assert pixels.shape == (4 * 6 + 2, 3 * 6 + 2, 3)
    for row, value in enumerate([10, 100, 10, 100]):
        assert pixels[2 + 6 * row, 2, 0] == value


def test_fewer_pairs_than_a_row_are_all_shown():
    above = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    assert image_pairs(above, above).shape == (2 * 6 + 2, 2 * 6 + 2, 3)


def test_quantiles_halve_the_standard_normal_evenly():
    plane = plane_of_quantiles(10)
    assert plane.shape == (100, 2)
    shares = torch.special.ndtr(plane)
    torch.testing.assert_close(shares[:10, 0], (torch.arange(10) + 0.5) / 10)
    assert torch.equal(plane[:10, 1], plane[:1, 1].expand(10))  # a row has one height
    assert plane[0, 1] > 0 > plane[-1, 1]  # the upper is on top


def test_interpolations_are_straight_from_end_to_end():
    first, last = torch.randn(2, 5), torch.randn(2, 5)
    lines = interpolated(first, last, 5).unflatten(0, (2, 5))
    torch.testing.assert_close(lines[:, 0], first)
    torch.testing.assert_close(lines[:, -1], last)
    torch.testing.assert_close(lines[:, 2], (first + last) / 2)


def test_a_traversal_moves_the_units_that_vary_most_and_nothing_else():
    latents = torch.randn(1000, 3) * torch.tensor([0.1, 5.0, 1.0])
    moved = traversed(torch.ones(3), latents, 2, 11).unflatten(0, (2, 11))
    assert moved[0, :, [0, 2]].eq(1).all()
    assert moved[1, :, [0, 1]].eq(1).all()
    assert moved[0, 0, 1].item() == pytest.approx(-12.5, rel=0.1)
    assert moved[0, -1, 1].item() == pytest.approx(12.5, rel=0.1)


def test_a_scatter_names_each_label():
    figure = latent_scatter(torch.randn(30, 2), torch.arange(30) % 3)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["0", "1", "2"]
    assert figure.get_suptitle() == "30 latents"
