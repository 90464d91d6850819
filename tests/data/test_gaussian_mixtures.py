"""Points in the plane against their exact density."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from gan_lightning.data import GaussianRing, StandardNormal
from gan_lightning.errors import InputError


def drawn(module):
    module.setup("fit")
    return module


def grid_sum(module, reach, cells):
    """The integral of the density over a square, by the midpoint rule."""
    line = (torch.arange(cells, dtype=torch.float64) + 0.5) / cells * 2 * reach - reach
    density = module.log_prob(torch.cartesian_prod(line, line)).exp()
    return density.sum().item() * (2 * reach / cells) ** 2


@pytest.mark.parametrize(
    ("module", "reach"),
    [
        (StandardNormal(), 7.0),
        (GaussianRing(8, std=0.05), 1.5),
        (GaussianRing(1, std=0.1), 2.0),
        (GaussianRing(3, std=0.4), 4.0),
    ],
)
def test_the_density_integrates_to_one(module, reach):
    assert grid_sum(module, reach, cells=400) == pytest.approx(1, abs=1e-6)


def test_the_log_density_is_that_of_the_mixture_of_normals():
    module = GaussianRing(5, std=0.3)
    points = torch.randn(50, 2, generator=torch.Generator().manual_seed(0)).double()
    modes = MultivariateNormal(module.centres().double()[:, None], 0.3**2 * torch.eye(2).double())
    expected = modes.log_prob(points).exp().mean(0).log()
    torch.testing.assert_close(module.log_prob(points), expected)


def test_the_log_density_of_the_standard_normal_is_known_at_the_origin_and_far_out():
    points = torch.tensor([[0.0, 0.0], [30.0, 40.0]])
    expected = [-math.log(2 * math.pi), -math.log(2 * math.pi) - 1250]  # no underflow to -inf
    assert StandardNormal().log_prob(points).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("num_modes", [1, 2, 8, 25])
def test_the_modes_of_a_ring_are_evenly_spaced_on_the_unit_circle(num_modes):
    module = GaussianRing(num_modes)
    centres = module.centres().double()
    assert centres.shape == (num_modes, 2)
    assert centres.norm(dim=1).tolist() == pytest.approx([1] * num_modes)
    if num_modes > 1:
        assert centres.sum(0).tolist() == pytest.approx([0, 0], abs=1e-5)
        chords = (centres - centres.roll(1, 0)).norm(dim=1)
        assert chords.tolist() == pytest.approx(
            [2 * math.sin(math.pi / num_modes)] * num_modes, rel=1e-5
        )
    assert module.num_classes == num_modes


@pytest.mark.parametrize("std", [0.01, 0.2])
def test_the_points_of_each_mode_have_its_mean_and_standard_deviation(std):
    module = drawn(GaussianRing(4, std=std, num_samples=8000))
    for label, centre in enumerate(module.centres()):
        points = module.train.x[module.train.labels == label]
        assert points.shape[0] == pytest.approx(2000, abs=200)  # 5 standard deviations of 39
        error = std / math.sqrt(len(points))
        assert (points.mean(0) - centre).abs().max() < 5 * error
        assert points.std(0).tolist() == pytest.approx([std, std], rel=5 / math.sqrt(2 * 1800))


def test_the_points_have_the_entropy_of_the_density():
    module = drawn(StandardNormal(num_samples=8000))
    entropy = -module.log_prob(module.train.x).mean().item()
    # log(2 pi e); -log p has variance 1, thus a standard error of 1/sqrt(8000)
    assert entropy == pytest.approx(math.log(2 * math.pi * math.e), abs=5 / math.sqrt(8000))


@pytest.mark.parametrize("std", [0.01, 0.1, 1.0])
def test_the_entropy_of_a_single_mode_is_that_of_a_normal_distribution(std):
    expected = math.log(2 * math.pi * math.e * std**2)
    assert GaussianRing(1, std=std).entropy() == pytest.approx(expected)


def test_modes_that_lie_apart_add_the_logarithm_of_their_number_to_the_entropy():
    apart, one = GaussianRing(8, std=0.01), GaussianRing(1, std=0.01)
    assert apart.entropy() == pytest.approx(one.entropy() + math.log(8))


@pytest.mark.parametrize("module", [GaussianRing(3, std=0.4), GaussianRing(8, std=0.2)])
def test_the_entropy_of_modes_that_overlap_is_the_integral_over_the_plane(module):
    line = (torch.arange(400, dtype=torch.float64) + 0.5) / 400 * 8 - 4
    log_density = module.log_prob(torch.cartesian_prod(line, line))
    expected = -(log_density.exp() * log_density).sum().item() * (8 / 400) ** 2
    assert module.entropy() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("stage", ["val", "test"])
def test_true_points_come_close_to_the_values_of_a_perfect_sampler(stage):
    module = drawn(GaussianRing(num_samples=8000))
    metric = module.metrics(stage)
    metric.update(module.unscale(module.val.x), real=True)
    metric.update(module.unscale(module.train.x), real=False)
    found = metric.compute()
    # the KS statistic and the Wasserstein distance of 8000 and 800 points are about 0.03
    for name, goal in metric.goals.items():
        assert found[name].item() == pytest.approx(goal, abs=0.08), name


def test_validation_and_test_points_are_a_tenth_as_many_and_drawn_apart():
    module = drawn(GaussianRing(num_samples=1000))
    splits = [module.train.x, module.val.x, module.test.x]
    assert [len(x) for x in splits] == [1000, 100, 100]
    assert len(torch.cat(splits).unique(dim=0)) == 1200


def test_points_are_a_function_of_their_seed_alone():
    torch.manual_seed(1)
    first = drawn(GaussianRing(data_seed=3, num_samples=100)).train.x
    torch.manual_seed(2)
    assert torch.equal(drawn(GaussianRing(data_seed=3, num_samples=100)).train.x, first)
    assert not torch.equal(drawn(GaussianRing(data_seed=4, num_samples=100)).train.x, first)


def test_drawing_points_leaves_the_runs_random_numbers_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    drawn(StandardNormal(num_samples=100))
    assert torch.equal(torch.rand(3), expected)


def test_points_are_not_scaled():
    module = drawn(GaussianRing(num_samples=100))
    assert torch.equal(module.unscale(module.train.x), module.train.x.double())


def test_a_draw_of_the_ring_finds_all_its_own_modes():
    module = drawn(GaussianRing(num_samples=4000))
    metric = module.metrics("val")
    metric.update(module.unscale(module.val.x), real=True)
    metric.update(module.unscale(module.train.x), real=False)
    found = metric.compute()
    assert found["modes"] == 8
    assert found["high_quality"].item() == pytest.approx(1 - math.exp(-4.5), abs=0.01)


def test_written_points_have_the_header_x_y_and_lose_nothing(tmp_path):
    points = torch.tensor([[1 / 3, -1e-300], [0.1, 2.0]], dtype=torch.float64)
    StandardNormal().write(points, tmp_path / "points.csv")
    header, *lines = (tmp_path / "points.csv").read_text(encoding="utf-8").splitlines()
    assert header == "x,y"
    assert [[float(value) for value in line.split(",")] for line in lines] == points.tolist()


@pytest.mark.parametrize("std", [0.0, -0.1])
def test_a_std_that_is_not_positive_is_refused(std):
    with pytest.raises(InputError, match=f"positive std .* found {std}"):
        GaussianRing(std=std)


@pytest.mark.parametrize("num_samples", [0, 9])
def test_too_few_points_for_a_tenth_of_them_are_refused(num_samples):
    with pytest.raises(InputError, match=f"at least 10 num_samples.* {num_samples}"):
        StandardNormal(num_samples=num_samples)


@pytest.mark.parametrize("num_modes", [0, -1])
def test_a_ring_without_modes_is_refused(num_modes):
    with pytest.raises(
        InputError, match=f"num_modes must be a positive integer, found {num_modes}"
    ):
        GaussianRing(num_modes)
