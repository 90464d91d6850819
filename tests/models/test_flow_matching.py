"""Flow matching against the closed forms of Gaussian data.

Of x_1 ~ N(m, s² I) and x_0 ~ N(0, I), x_t = (1 - t) x_0 + t x_1 has the mean t m and the variance
v_t = (1 - t)² + t² s², and x_1 - x_0 the covariance t s² - (1 - t) with it. The best velocity is
the mean m + (t s² - (1 - t)) / v_t · (x - t m), and what it leaves unexplained is the variance
1 + s² - (t s² - (1 - t))² / v_t = s² / v_t.
"""

import math
from functools import partial
from itertools import pairwise

import pytest
import torch
from lightning.pytorch import Callback
from torch import nn

from gan_lightning.callbacks import GeneratorEMA
from gan_lightning.data import TensorLoader
from gan_lightning.errors import InputError
from gan_lightning.models import FlowMatching
from gan_lightning.networks import MLPVelocity, VelocityField
from gan_lightning.schedules import Linear

MEAN, SCALE = 1.5, 0.4


class GaussianVelocity(VelocityField):
    """The best field of N(MEAN, SCALE² I)."""

    def __init__(self, data_shape):
        super().__init__()

    def forward(self, x, t, labels=None):
        t = t.view(-1, *[1] * (x.dim() - 1))
        slope = (t * SCALE**2 - (1 - t)) / ((1 - t) ** 2 + (t * SCALE) ** 2)
        return MEAN + slope * (x - t * MEAN)


SMALL = partial(MLPVelocity, hidden_dims=(16,))
LABELLED = partial(SMALL, embedding_dim=2)
SGD = partial(torch.optim.SGD, lr=1e-2)


def gaussian(shape=(2,), **settings):
    return FlowMatching(shape, velocity=GaussianVelocity, **settings).double()


def points(*shape):
    return MEAN + SCALE * torch.randn(*shape, dtype=torch.double)


@pytest.mark.parametrize("shape", [(3,), (1, 2, 2)])
def test_the_loss_of_the_best_field_is_the_variance_that_it_leaves(shape):
    """∫ s² / ((1 - t)² + t² s²) dt over [0, 1] is π s / 2, by u = t / (1 - t)."""
    x = points(400_000 // math.prod(shape), *shape)
    loss = gaussian(shape).losses(x, torch.zeros(len(x)))["loss"].item()
    assert loss == pytest.approx(math.pi * SCALE / 2, rel=0.02)


@pytest.mark.parametrize(("times", "share"), [("uniform", 0.4621), ("logit_normal", 0.6827)])
def test_times_are_as_often_between_the_sigmoids_of_minus_1_and_1_as_asked(times, share):
    """Where 68 % of all normal numbers lie, and sigmoid(1) - sigmoid(-1) = 0.462 of [0, 1]."""
    seen = []
    model = gaussian((1,), times=times)
    model.velocity.register_forward_hook(lambda _, inputs, __: seen.append(inputs[1]))
    model.losses(points(100_000, 1), torch.zeros(100_000))
    odds = torch.logit(seen[0])
    assert (odds.abs() < 1).double().mean().item() == pytest.approx(share, abs=0.006)


@pytest.mark.parametrize("t", [0.0, 0.3, 0.8, 1.0])
def test_the_field_is_the_mean_of_the_lines_that_pass_and_leaves_their_variance(t):
    x_0, x_1 = torch.randn(400_000, dtype=torch.double), points(400_000)
    between = torch.lerp(x_0, x_1, t)
    field = gaussian((1,)).velocity_at(between[:, None], torch.full_like(x_0, t), None)[:, 0]
    errors = x_1 - x_0 - field
    assert errors.mean().item() == pytest.approx(0, abs=0.01)
    assert (errors * between).mean().item() == pytest.approx(0, abs=0.02)  # nothing left to learn
    unexplained = SCALE**2 / ((1 - t) ** 2 + (t * SCALE) ** 2)
    assert errors.var().item() == pytest.approx(unexplained, rel=0.02)


def test_another_field_loses_its_squared_distance_more():
    class Off(GaussianVelocity):
        def forward(self, x, t, labels=None):
            return super().forward(x, t) + 0.7

    x = points(200_000, 2)
    losses = []
    for field in (GaussianVelocity, Off):
        torch.manual_seed(1)
        losses.append(FlowMatching((2,), velocity=field).losses(x, torch.zeros(len(x)))["loss"])
    assert (losses[1] - losses[0]).item() == pytest.approx(0.7**2, rel=0.02)


def carried(num_steps, num_samples=1000):
    """Noise, and the points to which the best field carries it."""
    torch.manual_seed(2)
    samples = gaussian(num_steps=num_steps).sample(num_samples)
    torch.manual_seed(2)
    return torch.randn(num_samples, 2).double(), samples


def test_following_the_best_field_maps_noise_to_mean_plus_scale_times_noise():
    """Along x_t = t m + √v_t z each noise z keeps its place, since the field is linear in x."""
    z, samples = carried(num_steps=200)
    torch.testing.assert_close(samples, MEAN + SCALE * z, rtol=0, atol=2e-4)


def test_the_error_of_a_sample_falls_at_least_with_the_square_of_the_number_of_steps():
    errors = []
    for num_steps in (10, 20, 40, 80):
        z, samples = carried(num_steps)
        errors.append((samples - (MEAN + SCALE * z)).abs().max().item())
    assert all(coarse > 3.9 * fine for coarse, fine in pairwise(errors))


@pytest.mark.parametrize("num_steps", [1, 4, 50])
def test_a_step_follows_the_field_of_its_middle(num_steps):
    """Of v = x each step multiplies by 1 + h + h² / 2; of v = 3 t², Σ 3 h t_i² is 1 - h² / 4."""

    class Growth(GaussianVelocity):
        def forward(self, x, t, labels=None):
            return x

    class Clock(GaussianVelocity):
        def forward(self, x, t, labels=None):
            return 3 * t[:, None] ** 2 + 0 * x

    z, step = carried(1)[0], 1 / num_steps
    for field, expected in [
        (Growth, z * (1 + step + step**2 / 2) ** num_steps),
        (Clock, z + 1 - step**2 / 4),
    ]:
        torch.manual_seed(2)
        samples = FlowMatching((2,), velocity=field, num_steps=num_steps).double().sample(1000)
        torch.testing.assert_close(samples, expected)


def test_samples_have_the_mean_and_the_deviation_of_the_data():
    _, samples = carried(num_steps=20, num_samples=100_000)
    assert samples.mean(0).tolist() == pytest.approx([MEAN] * 2, abs=0.01)
    assert samples.std(0).tolist() == pytest.approx([SCALE] * 2, rel=0.03)


@pytest.mark.parametrize("shape", [(2,), (1, 4, 4)])
@pytest.mark.parametrize("num_samples", [0, 1, 7])
def test_samples_have_the_shape_of_the_data_and_no_gradient(shape, num_samples):
    model = FlowMatching(shape, velocity=SMALL)
    samples = model.sample(num_samples)
    assert samples.shape == (num_samples, *shape)
    assert samples.isfinite().all()
    assert not samples.requires_grad
    assert model.training  # as before


def test_samples_are_those_of_their_seed():
    model = FlowMatching((2,), velocity=SMALL)
    drawn = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        drawn.append(model.sample(5))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_labels_change_the_samples_of_a_field_that_takes_them_and_others_refuse_them():
    model = FlowMatching((2,), num_classes=3, velocity=LABELLED)
    drawn = []
    for label in (0, 0, 2):
        torch.manual_seed(0)
        drawn.append(model.sample(5, torch.full((5,), label)))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.allclose(drawn[0], drawn[2])
    assert model.sample(5).shape == (5, 2)  # of labels that the model draws
    unconditional = FlowMatching((2,), num_classes=3, velocity=SMALL)
    assert unconditional.num_classes is None
    with pytest.raises(InputError, match="takes no labels"):
        unconditional.sample(5, torch.zeros(5, dtype=torch.int64))


def test_every_parameter_learns_from_the_loss():
    model = FlowMatching((2,), num_classes=3, velocity=LABELLED)
    model.losses(torch.randn(9, 2), torch.arange(9) % 3)["loss"].backward()
    assert all(weight.grad.abs().sum() > 0 for weight in model.parameters())


def test_training_moves_the_samples_to_where_the_data_are():
    model = FlowMatching((2,), velocity=partial(MLPVelocity, hidden_dims=(32, 32)))
    assert model.sample(1000).mean().abs() < 0.3
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(300):
        optimizer.zero_grad()
        model.losses(points(256, 2).float(), torch.zeros(256))["loss"].backward()
        optimizer.step()
    samples = model.sample(4000)
    assert samples.mean(0).tolist() == pytest.approx([MEAN] * 2, abs=0.1)
    assert samples.std(0).tolist() == pytest.approx([SCALE] * 2, rel=0.2)


def test_the_field_is_averaged_and_samples_are_drawn_with_the_average(fit):
    model = FlowMatching((2,), num_classes=4, velocity=LABELLED, optimizer=SGD)
    fit(model, GeneratorEMA(half_life=50))
    assert model.label_counts.tolist() == [8, 8, 8, 8]  # sixteen points, twice
    torch.manual_seed(0)
    averaged = model.sample(5)
    for weight in model.velocity.parameters():
        nn.init.zeros_(weight)
    torch.manual_seed(0)
    random = model.sample(5)
    assert torch.equal(averaged, random)


class LearningRates(Callback):
    """Keeps the learning rate of each batch."""

    def __init__(self):
        self.rates = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.rates.append(trainer.optimizers[0].param_groups[0]["lr"])


@pytest.mark.parametrize(
    ("lr_scheduler", "factors"),
    [
        (None, [1, 1, 1, 1]),
        (Linear(1.0, 0.0, 64), [1, 7 / 8, 6 / 8, 5 / 8]),  # 8 of 64 points a batch
        (partial(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.1), [1, 1, 0.1, 0.1]),
    ],
)
def test_the_learning_rate_follows_a_schedule_by_points_or_epochs(fit, lr_scheduler, factors):
    found = LearningRates()
    model = FlowMatching((2,), velocity=SMALL, optimizer=SGD, lr_scheduler=lr_scheduler)
    fit(model, found)  # twice two batches
    assert found.rates == pytest.approx([1e-2 * factor for factor in factors])


def test_looking_at_the_validation_loss_leaves_the_training_as_it_is(fit):
    """Its noise is the same each time, and apart from the training's."""
    model = FlowMatching((2,), velocity=SMALL)
    fit(model)
    before, values = torch.get_rng_state(), []
    for _ in range(2):
        values += model.trainer.validate(
            model, TensorLoader(torch.ones(8, 2), torch.zeros(8), 8), verbose=False
        )
    assert torch.equal(torch.get_rng_state(), before)
    assert values[0] == values[1]
    assert values[0].keys() == {"val/velocity_loss"}


def test_what_cannot_be_used_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="num_steps must be a positive integer, found 0"):
        FlowMatching((2,), num_steps=0)
    with pytest.raises(InputError, match="velocity: expected a VelocityField, found Linear"):
        FlowMatching((2,), velocity=lambda shape: nn.Linear(2, 2))
    with pytest.raises(InputError, match="num_frequencies must be positive"):
        MLPVelocity((2,), num_frequencies=0)
    with pytest.raises(InputError, match="MLPVelocity needs the number of labels"):
        MLPVelocity((2,), embedding_dim=4)
