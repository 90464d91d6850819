"""One contract for all points in the plane: an exact density, and any model trains on them."""

import inspect
import math

import pytest
import torch
from sklearn.datasets import make_moons

from gan_lightning import data
from gan_lightning.data import Checkerboard, GaussianGrid, GaussianRing, Spiral, TwoMoons
from gan_lightning.data.plane import PlanePoints
from gan_lightning.data.points import GaussianMixture
from gan_lightning.errors import InputError
from gan_lightning.losses import HingeLoss, LeastSquaresLoss
from gan_lightning.models import GAN, R3GAN, WGAN, WGANGP, FlowMatching
from gan_lightning.networks import MLPDiscriminator, MLPGenerator, Packing

SETS = {
    "standard normal": data.StandardNormal,
    "ring of 8": GaussianRing,
    "wide ring": lambda **kwargs: GaussianRing(3, std=0.4, **kwargs),
    "grid of 25": GaussianGrid,
    "grid of 100": lambda **kwargs: GaussianGrid(10, **kwargs),
    "grid that overlaps": lambda **kwargs: GaussianGrid(2, spacing=1.0, std=0.5, **kwargs),
    "two moons": TwoMoons,
    "wide moons": lambda **kwargs: TwoMoons(std=0.3, **kwargs),
    "spiral": Spiral,
    "checkerboard": Checkerboard,
    "blurred checkerboard": lambda **kwargs: Checkerboard(std=0.2, **kwargs),
}


@pytest.fixture(params=SETS)
def make(request):
    return SETS[request.param]


def drawn(module):
    module.setup("fit")
    return module


def test_every_set_of_the_package_is_held_to_this_contract():
    known = {c for c in vars(data).values() if inspect.isclass(c) and issubclass(c, PlanePoints)}
    assert {type(make()) for make in SETS.values()} == {
        c for c in known if not inspect.isabstract(c)
    }


def test_the_density_integrates_to_one(make):
    module = make()
    # In cells of two thirds of a standard deviation the midpoint rule errs by 1e-19.
    num_cells = math.ceil(3 * module.reach / module.std)
    side = 2 * module.reach / num_cells
    line = (torch.arange(num_cells, dtype=torch.float64) + 0.5) * side - module.reach
    total = 0.0
    for x in line.split(max(1, 20_000 // num_cells)):
        total += module.log_prob(torch.cartesian_prod(x, line)).exp().sum().item() * side**2
    assert total == pytest.approx(1, abs=1e-6)


def test_points_have_the_entropy_of_their_density(make):
    module = drawn(make(num_samples=20_000))
    surprises = -module.log_prob(module.train.x.double())
    error = surprises.std().item() / math.sqrt(len(surprises))
    assert surprises.mean().item() == pytest.approx(module.entropy(), abs=4 * error + 1e-6)


def test_points_fall_into_cells_as_often_as_their_density_says(make):
    """Pearson's statistic over 8 by 8 cells of the frame, whose probabilities are integrals."""
    module = drawn(make(num_samples=20_000))
    num_cells, fine = 8, max(8, math.ceil(module.reach / module.std / 2))
    line = (torch.arange(num_cells * fine, dtype=torch.float64) + 0.5) / (num_cells * fine)
    line = (2 * line - 1) * module.reach
    density = torch.cat(
        [module.log_prob(torch.cartesian_prod(x, line)).exp() for x in line.split(fine)]
    )
    expected = density.reshape(num_cells, fine, num_cells, fine).sum((1, 3)).flatten()
    expected = 20_000 * expected / expected.sum()
    cell = ((module.train.x / module.reach + 1) / 2 * num_cells).long().clamp(0, num_cells - 1)
    counts = (cell[:, 0] * num_cells + cell[:, 1]).bincount(minlength=num_cells**2)
    likely = expected >= 5
    statistic = ((counts - expected).square() / expected)[likely].sum().item()
    freedom = int(likely.sum()) - 1
    assert statistic < freedom + 5 * math.sqrt(2 * max(1, freedom))


def test_log_probs_are_finite_far_out_and_keep_their_type(make):
    module = make()
    far = torch.tensor([[1e3, -1e3], [0.0, 50.0]])
    for points in (far, far.double()):
        log_prob = module.log_prob(points)
        assert log_prob.dtype == points.dtype
        assert log_prob.shape == (2,)
        assert log_prob.isfinite().all()
        assert (log_prob < -100).all()


def test_the_frame_holds_all_points_and_labels_are_in_range(make):
    module = drawn(make())
    assert module.train.x.abs().max() < module.reach
    assert module.train.labels.unique().tolist() == list(range(module.num_classes))


def test_true_points_reach_every_goal(make):
    module = drawn(make(num_samples=4000))
    metric = module.metrics("val")
    metric.update(module.unscale(module.train.x), real=False)
    metric.update(module.unscale(module.val.x), real=True)
    found = metric.compute()
    goals = dict(metric.goals)
    if make in (SETS["wide ring"], SETS["grid that overlaps"]):
        del goals["width"]  # of modes that lie apart
    for name, goal in goals.items():
        spread = module.reach if name == "wasserstein" else 1
        assert found[name].item() == pytest.approx(goal, abs=0.11 * spread), name


def test_the_picture_says_how_samples_fare(make):
    module = drawn(make(num_samples=1000))
    title = module.figures(module.train.x)["points"].get_suptitle()
    counted = isinstance(module, GaussianMixture)
    assert title.startswith(f"{module.num_classes} of" if counted else "Mean log-density")


def test_the_moons_are_those_of_scikit_learn():
    curve, _ = make_moons(2000, shuffle=False)
    centres = TwoMoons(std=0.02).curves(0.02).double()
    for moon, expected in zip(centres, torch.from_numpy(curve).split(1000), strict=True):
        assert torch.cdist(moon, expected).min(1).values.max() < 0.01


@pytest.mark.parametrize("std", [0.01, 0.1])
def test_the_centres_of_a_spiral_are_evenly_spaced_along_it(std):
    (centres,) = Spiral(std).curves(std).double()
    steps = (centres[1:] - centres[:-1]).norm(dim=1)
    assert steps.max() <= std * (1 + 1e-6)
    assert steps[10:].min() > 0.95 * steps.max()
    assert centres.norm(dim=1).diff().min() > 0


def test_a_grid_is_centred_and_has_its_spacing():
    centres = GaussianGrid(10, spacing=2.0).centres()
    assert centres.shape == (100, 2)
    assert sorted(set(centres.flatten().tolist())) == [-9, -7, -5, -3, -1, 1, 3, 5, 7, 9]


@pytest.mark.parametrize("make_set", [TwoMoons, Spiral, Checkerboard, GaussianGrid])
@pytest.mark.parametrize("std", [0.0, -0.1, math.nan])
def test_a_std_that_is_not_positive_is_refused(make_set, std):
    with pytest.raises(InputError, match=f"std.*found {std}"):
        make_set(std=std)


def test_a_grid_without_modes_or_spacing_is_refused():
    with pytest.raises(InputError, match="side must be a positive integer, found 0"):
        GaussianGrid(0)
    with pytest.raises(InputError, match="spacing must be a positive number, found -1"):
        GaussianGrid(spacing=-1.0)


def generator(data_shape):
    return MLPGenerator(data_shape, 2, [16], output=torch.nn.Identity)


def discriminator(data_shape):
    return MLPDiscriminator(data_shape, [16])


PLAYERS = {"generator": generator, "discriminator": discriminator}
GAMES = {
    "GAN": lambda: GAN((2,), **PLAYERS),
    "least squares": lambda: GAN((2,), loss=LeastSquaresLoss(), **PLAYERS),
    "hinge": lambda: GAN((2,), loss=HingeLoss(), **PLAYERS),
    "WGAN": lambda: WGAN((2,), **PLAYERS),
    "WGAN-GP": lambda: WGANGP((2,), **PLAYERS),
    "R3GAN": lambda: R3GAN((2,), **PLAYERS),
    "packed GAN": lambda: GAN((2,), generator=generator, discriminator=Packing),
    "flow matching": lambda: FlowMatching((2,)),
}
NAMED = ("standard normal", "ring of 8", "grid of 25", "grid of 100")
NAMED += ("two moons", "spiral", "checkerboard")


@pytest.mark.sampled(9)
@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("make_game", GAMES.values(), ids=GAMES)
def test_every_game_trains_on_every_set(make_game, name, quiet_trainer):
    model, module = make_game(), SETS[name](num_samples=1600, batch_size=32)
    before = [weight.clone() for weight in model.parameters()]
    trainer = quiet_trainer(max_epochs=1, limit_val_batches=0)
    trainer.fit(model, datamodule=module)
    assert trainer.fit_loop.total_batch_idx == 49
    weights = list(model.parameters())
    assert all(weight.isfinite().all() for weight in weights)
    assert any(not torch.equal(old, new) for old, new in zip(before, weights, strict=True))
    assert module.log_prob(module.unscale(model.sample(50))).isfinite().all()
