"""The monitor names the disease that each tiny run was given."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.callbacks import HealthMonitor, SampleMetrics
from gan_lightning.callbacks.sample_health import novelty, spread
from gan_lightning.data import GaussianRing, Iris
from gan_lightning.models import R3GAN

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from causes_of_disease import CAUSES, by_heart, fall_ill

QUICK = ("a learning rate of a million", "a critic with no bound on its slope")
"""One run that stops and one that ends; the others take seconds each."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in CAUSES],
)
@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_each_disease_is_named_once_and_no_other_is(name, tmp_path, capsys):
    found = fall_ill(CAUSES[name], tmp_path).found
    assert [d.kind for d in found] == ([CAUSES[name].kind] if CAUSES[name].kind else [])
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Health: ")]
    stopped = name == "a learning rate of a million"  # the error says it
    assert len(said) == (0 if stopped else len(found))
    board = EventAccumulator(str(tmp_path / "cause" / "version_0")).Reload()
    if found:
        *_, event = board.Tensors("health/diagnosis/text_summary")
        assert found[0].problem.encode() in event.tensor_proto.string_val[0]
    else:
        assert "health/diagnosis/text_summary" not in board.Tags()["tensors"]


def test_a_diagnosis_is_not_repeated_when_a_run_resumes():
    monitor = HealthMonitor()
    monitor.curves = {"train/active_units": [(50 * i, 0.0) for i in range(20)]}
    trainer = SimpleNamespace(
        is_global_zero=True, loggers=[], fit_loop=SimpleNamespace(total_batch_idx=1000)
    )
    monitor.on_train_end(trainer, None)
    assert [diagnosis.kind for diagnosis in monitor.found] == ["posterior collapse"]
    resumed = HealthMonitor()
    resumed.load_state_dict(monitor.state_dict())
    resumed.on_train_end(trainer, None)
    assert resumed.found == monitor.found
    assert resumed.curves == monitor.curves


def test_a_loss_counts_in_steps_of_its_player_and_not_where_lightning_still_holds_the_last_one(
    quiet_trainer,
):
    monitor, model, data = HealthMonitor(), R3GAN((4,), n_critic=3), Iris(val_fraction=0.3)
    quiet_trainer(monitor, max_epochs=4, log_every_n_steps=1, limit_val_batches=0).fit(model, data)
    batches = [batch for batch, _ in monitor.curves["train/d_loss"]]
    assert batches == list(range(len(batches)))
    assert [batch for batch, _ in monitor.curves["train/g_loss"]] == batches[2::3]


def test_curves_stay_short_and_keep_their_latest_values():
    monitor = HealthMonitor()
    trainer = SimpleNamespace(fit_loop=SimpleNamespace(total_batch_idx=0))
    for batch in range(5000):
        trainer.fit_loop.total_batch_idx = batch
        monitor._add(trainer, "train/d_loss", float(batch))
    curve = monitor.curves["train/d_loss"]
    assert len(curve) <= 200
    assert curve[-1] == (4999, 4999.0)
    assert curve == sorted(curve)


def test_the_monitor_changes_no_weight_and_no_random_number(quiet_trainer):
    weights = []
    for callbacks in ([], [HealthMonitor()]):
        torch.manual_seed(0)
        model, data = R3GAN((4,)), Iris(val_fraction=0.3)
        trainer = quiet_trainer(SampleMetrics(50), *callbacks, max_epochs=3, log_every_n_steps=1)
        trainer.fit(model, data)
        weights.append(torch.nn.utils.parameters_to_vector(model.parameters()))
    assert torch.equal(*weights)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
def test_spread_is_the_deviation_of_samples_in_units_of_that_of_the_data(scale):
    real = torch.randn(5000, 3) * torch.tensor([1.0, 10.0, 0.0])
    assert spread(scale * real, real) == pytest.approx(scale)


def test_spread_ignores_missing_cells():
    real = torch.randn(2000, 2)
    holes = torch.where(torch.rand(2000, 2) < 0.2, torch.nan, real)
    assert spread(holes, real) == pytest.approx(1, abs=0.05)


def test_novelty_is_0_for_copies_and_1_for_new_points():
    data = GaussianRing(num_samples=2000)
    copies = by_heart(data)
    assert novelty(copies, data) == pytest.approx(0, abs=1e-3)
    new = copies
    new.generator.points.data = data.scale(data.test.x)
    assert novelty(new, data) == pytest.approx(1, abs=0.3)


def test_without_held_out_points_copies_are_not_diagnosed():
    data = Iris(val_fraction=0.0)
    assert novelty(by_heart(data), data) is None
