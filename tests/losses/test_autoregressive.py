"""A likelihood of numbers that depend on those before them, on points that can be enumerated."""

import math

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.losses import AutoregressiveBernoulli, Bernoulli

SHAPES = [(1, 2, 3), (2, 1, 3), (1, 3, 2), (3, 2, 1), (6,)]  # six numbers each
EACH = [(shape, rows) for shape in SHAPES for rows in (0, 1, 5)]
every_window = pytest.mark.parametrize(("shape", "rows_above"), EACH)


def every_point(shape):
    """Return the 64 points of six numbers that are 0 or 1, in the order of binary numbers."""
    return torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 6).view(64, *shape)


def made(shape, rows_above=3, **options):
    """Return a likelihood with random weights, and a decoder's outputs for one latent."""
    torch.manual_seed(0)
    likelihood = AutoregressiveBernoulli(shape, hidden_dim=3, rows_above=rows_above, **options)
    for weight in likelihood.parameters():
        torch.nn.init.normal_(weight)
    return likelihood.requires_grad_(False), torch.randn(1, *shape)


def probabilities(likelihood, outputs):
    points = every_point(outputs.shape[1:])
    return likelihood.log_prob(points, outputs.expand_as(points)).exp()


@every_window
def test_probabilities_of_all_points_sum_to_one_and_are_the_frequencies_of_draws(shape, rows_above):
    likelihood, outputs = made(shape, rows_above)
    expected = probabilities(likelihood, outputs)
    assert expected.sum().item() == pytest.approx(1, rel=1e-5)
    draws = likelihood.sample(outputs.expand(20_000, *shape))
    assert draws.shape == (20_000, *shape)
    places = draws.flatten(1) @ 2.0 ** torch.arange(5, -1, -1)
    counts = torch.bincount(places.long(), minlength=64)
    often = expected > 1e-3  # where counts are nearly normal
    errors = (expected * (1 - expected) / 20_000).sqrt()
    assert ((counts / 20_000 - expected).abs() <= 5 * errors)[often].all()
    assert counts[~often].sum() <= 20_000 * 64 * 1e-3


@every_window
def test_the_mean_is_the_probability_of_each_number_after_the_likeliest(shape, rows_above):
    likelihood, outputs = made(shape, rows_above)
    found = likelihood.mean(outputs)
    assert torch.equal(found, likelihood.mean(outputs))
    assert torch.equal(found, made(shape, rows_above, noisy=False)[0].sample(outputs))
    points, share = every_point(shape), probabilities(likelihood, outputs)
    order = torch.arange(6).view(shape)
    if len(shape) == 3:
        order = order.permute(1, 2, 0)  # the channels of a pixel one after another
    fits = torch.ones(64, dtype=torch.bool)
    for number in order.flatten().tolist():
        ones = points.flatten(1)[:, number] == 1
        expected = (share[fits & ones].sum() / share[fits].sum()).item()
        assert found.flatten()[number].item() == pytest.approx(expected, abs=1e-5)
        fits &= ones == (expected > 0.5)


@pytest.mark.parametrize("rows_above", [0, 1, 2])
def test_rows_add_to_the_density_one_by_one_unless_one_sees_the_other(rows_above):
    likelihood, outputs = made((1, 4, 3), rows_above)
    x = torch.randint(2, (2, 2, 1, 4, 3)).float()
    x[:] = x[0, 0]
    for distance in (1, 2, 3):  # x[i, j] has row 0 inverted if i is 1, and this row if j is 1
        points = x.clone()
        points[1, :, :, 0] = 1 - x[1, :, :, 0]
        points[:, 1, :, distance] = 1 - x[:, 1, :, distance]
        density = likelihood.log_prob(points.flatten(0, 1), outputs.expand(4, 1, 4, 3)).view(2, 2)
        together = (density[1, 1] - density[1, 0] - density[0, 1] + density[0, 0]).abs()
        assert (together > 1e-3) == (distance <= rows_above), distance


@pytest.mark.parametrize("shape", SHAPES)
def test_before_training_it_is_bernoulli(shape):
    x, outputs = every_point(shape), torch.randn(64, *shape)
    likelihood, plain = AutoregressiveBernoulli(shape), Bernoulli()
    torch.testing.assert_close(likelihood.log_prob(x, outputs), plain.log_prob(x, outputs))
    torch.testing.assert_close(likelihood.mean(outputs), plain.mean(outputs))


def test_it_learns_what_independent_numbers_cannot_say():
    coins = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).view(4, 1, 2, 1)
    x, outputs = coins.expand(4, 1, 2, 3), torch.zeros(4, 1, 2, 3)  # all of a row are one coin
    likelihood = AutoregressiveBernoulli((1, 2, 3))
    optimizer = torch.optim.Adam(likelihood.parameters(), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        loss = -likelihood.log_prob(x, outputs).mean()
        loss.backward()
        optimizer.step()
    assert loss.item() == pytest.approx(2 * math.log(2), abs=0.05)  # from 6 log 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_points_have_the_precision_of_the_outputs_and_densities_float32(dtype):
    likelihood, outputs = made((1, 2, 3))
    likelihood, outputs = likelihood.to(dtype), outputs.to(dtype)
    for points in (likelihood.draw(outputs), likelihood.mean(outputs)):
        assert points.dtype == dtype
    assert likelihood.log_prob(torch.ones_like(outputs), outputs).dtype == torch.float32


@pytest.mark.parametrize("shape", [None, (), (2, 3), (1, 1, 2, 3)])
def test_points_without_rows_are_refused(shape):
    with pytest.raises(InputError) as error:
        AutoregressiveBernoulli(shape)
    assert str(error.value) == (
        "AutoregressiveBernoulli: expected points of shape (channels, height, width) or "
        f"(length,), found {shape}."
    )


@pytest.mark.parametrize("options", [{"hidden_dim": 0}, {"rows_above": -1}])
def test_impossible_sizes_are_refused(options):
    with pytest.raises(InputError, match="expected a hidden_dim of at least 1 and rows_above of"):
        AutoregressiveBernoulli((1, 2, 3), **options)


def test_grey_points_are_refused_with_the_first_of_their_numbers():
    likelihood = AutoregressiveBernoulli((1, 2, 3))
    x = torch.tensor([0.0, 1.0, 0.25, 1.0, 0.5, 0.0]).view(1, 1, 2, 3)
    with pytest.raises(InputError, match=r"numbers that are 0 or 1, found 0\.25: choose the"):
        likelihood.check(x)
    likelihood.check(x.round())
