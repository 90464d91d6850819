"""What TensorBoard shows of a run: curves, texts and a layout."""

import math
from functools import partial

import pytest
from lightning.pytorch import Callback, Trainer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

from gan_lightning.callbacks import (
    Checkpoints,
    Dashboard,
    HyperparameterTable,
    SampleMetrics,
    TrainingCurves,
    WeightHistograms,
)
from gan_lightning.callbacks.monitored import curve_name
from gan_lightning.cli.run_logger import NewRunLogger
from gan_lightning.data import Digits, GaussianRing, Iris
from gan_lightning.losses import HingeLoss, LeastSquaresLoss, NonSaturatingLoss
from gan_lightning.models import GAN, R3GAN, VAE, WGAN
from gan_lightning.schedules import Linear


def fit(tmp_path, model, data, *callbacks, **settings):
    trainer = Trainer(
        accelerator="cpu",
        logger=NewRunLogger(tmp_path, "experiment", default_hp_metric=False),
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[
            TrainingCurves(),
            HyperparameterTable(),
            Dashboard(),
            SampleMetrics(50),
            *callbacks,
            Checkpoints(),
        ],
        **{"max_epochs": 3, "log_every_n_steps": 1, **settings},
    )
    trainer.fit(model, datamodule=data)
    return EventAccumulator(trainer.log_dir).Reload()


def layout_of(board):
    (event,) = board.Tensors("custom_scalars__config__")
    (category,) = Layout.FromString(event.tensor_proto.string_val[0]).category
    return {chart.title: list(chart.multiline.tag) for chart in category.chart}


GAMES = {
    "log-odds": (partial(GAN, loss=NonSaturatingLoss()), "d_accuracy_fake"),
    "least squares": (partial(GAN, loss=LeastSquaresLoss()), "d_output_real"),
    "scores": (partial(GAN, loss=HingeLoss()), "score_gap"),
    "a critic": (WGAN, "score_gap"),
    "pairs": (R3GAN, "d_pairs_won"),
}


@pytest.mark.parametrize(("make", "reading"), GAMES.values(), ids=GAMES)
def test_one_page_shows_the_losses_the_reading_of_the_logits_and_the_monitor_with_its_floor(
    tmp_path, make, reading
):
    board = fit(tmp_path, make((2,)), GaussianRing(num_samples=512))
    charts = layout_of(board)
    curves = board.Tags()["scalars"]
    assert charts["losses of both players"] == ["train/d_loss$", "train/g_loss$"]
    assert f"train/{reading}$" in charts["what the discriminator's logits mean"]
    shown = [tag.removesuffix("$") for tags in charts.values() for tag in tags]
    assert {"val/ks", "val/ks_best", "val/ks_floor", "val/modes"} <= set(shown)
    assert set(shown) <= set(curves)  # no chart is empty


def test_models_without_players_show_what_they_minimise(tmp_path):
    charts = layout_of(fit(tmp_path, VAE((2,)), GaussianRing(num_samples=512)))
    assert "losses" in charts
    assert not any("player" in title for title in charts)


def test_pictures_have_precision_against_recall(tmp_path):
    board = fit(tmp_path, R3GAN((1, 28, 28)), Digits(), max_epochs=1, limit_train_batches=1)
    assert layout_of(board)["precision and recall"] == ["val/precision$", "val/recall$"]


def test_no_tag_is_both_a_curve_and_a_folder_and_no_curve_is_constant(tmp_path):
    board = fit(tmp_path, R3GAN((7,)), Iris(species_column=True), WeightHistograms(2))
    curves = board.Tags()["scalars"]
    folders = {tag.rpartition("/")[0] for tag in [*curves, *board.Tags()["histograms"]]}
    assert not folders & set(curves)
    assert {"val/ks", "val_ks/petal_width", "val/tv", "val_tv/species"} <= set(curves)
    assert "epoch" not in curves
    same = [
        t
        for t in curves
        if not t.startswith("train/d_pairs") and len({e.value for e in board.Scalars(t)}) == 1
    ]
    assert set(same) <= {"val/ks_floor", "val/ks_best"}  # lines beside the curve of the monitor


def test_histograms_come_after_all_curves(tmp_path):
    board = fit(tmp_path, R3GAN((2,)), GaussianRing(num_samples=512), WeightHistograms(2))
    groups = sorted({tag.partition("/")[0] for kind in ("scalars", "histograms") for tag in
                     board.Tags()[kind]})  # fmt: skip
    assert groups == ["train", "val", "weights"]


@pytest.mark.parametrize(
    ("name", "curve"),
    [("ks", "val/ks"), ("ks/a/b", "val_ks/a/b"), ("class_fid/3", "val/class_fid/3")],
)
def test_parts_of_a_quantity_lie_beside_it(name, curve):
    assert curve_name("val", name, {"ks", "ks/a/b", "class_fid/3"}) == curve


def test_norms_of_gradients_rates_and_speed_are_curves(tmp_path):
    data = GaussianRing(num_samples=512)
    rates = {"lr_scheduler": Linear(1.0, 0.0, points=1536)}
    board = fit(tmp_path, R3GAN((2,), **rates), data)
    for player in ("discriminator", "generator"):
        assert all(e.value > 0 for e in board.Scalars(f"train/{player}_grad_norm"))
        values = [event.value for event in board.Scalars(f"train/{player}_lr")]
        assert values == sorted(values, reverse=True)
        assert values[0] > values[-1]
    assert all(e.value > 0 for e in board.Scalars("train/points_per_second"))
    steps = [event.step for event in board.Scalars("train/d_loss")]
    assert [event.step for event in board.Scalars("train/points_per_second")] == steps


def test_the_norm_of_a_gradient_is_that_of_all_weights_together(tmp_path):
    squares = []

    class Squares(Callback):
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            squares.append(sum(w.grad.square().sum().item() for w in pl_module.parameters()))

    board = fit(tmp_path, VAE((2,)), GaussianRing(num_samples=256), Squares(), max_epochs=1)
    (event,) = board.Scalars("train/grad_norm")
    assert event.value == pytest.approx(math.sqrt(squares[0]), rel=1e-4)
    assert "train/lr" not in board.Tags()["scalars"]  # a constant rate is no curve


def test_the_protocol_is_written_once_at_the_first_step(tmp_path):
    board = fit(tmp_path, R3GAN((2,)), GaussianRing(num_samples=512))
    (event,) = board.Tensors("val/protocol/text_summary")
    assert event.step == 0
    assert b"50 samples of the raw weights" in event.tensor_proto.string_val[0]
