"""Runs side by side in TensorBoard."""

from functools import partial
from itertools import accumulate
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from gan_lightning.callbacks import Checkpoints, HyperparameterTable, SampleMetrics
from gan_lightning.callbacks.run_settings import run_settings
from gan_lightning.data import GaussianRing, Iris
from gan_lightning.losses import R1, LeastSquaresLoss
from gan_lightning.models import GAN, R3GAN
from gan_lightning.networks import MLPDiscriminator, MLPGenerator


def fit(tmp_path, data, model=None, **settings):
    trainer = Trainer(
        accelerator="cpu",
        logger=TensorBoardLogger(tmp_path, "experiment", version=0, default_hp_metric=False),
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing="callbacks" in settings,
        **{
            "max_epochs": 1,
            "limit_val_batches": 0,
            "callbacks": [HyperparameterTable()],
            **settings,
        },
    )
    checkpoint = tmp_path / "last.ckpt"
    resumed = checkpoint if checkpoint.is_file() else None
    trainer.fit(model or gan(data), datamodule=data, ckpt_path=resumed, weights_only=True)
    trainer.save_checkpoint(checkpoint)
    return trainer.log_dir


def gan(data):
    return GAN(
        data.data_shape,
        generator=partial(MLPGenerator, latent_dim=3, hidden_dims=[8, 9]),
        discriminator=partial(MLPDiscriminator, hidden_dims=[8]),
        loss=LeastSquaresLoss(),
        penalties=[R1(2.0)],
        g_optimizer=partial(torch.optim.Adam, lr=1e-3, betas=(0.5, 0.9)),
    )


def tables(folder):
    """What the events of a run hold for the HParams tab: experiments, and starts of sessions."""
    experiments, starts = [], []
    # Reading the files one by one shows summaries that were written again.
    for path in sorted(p for p in folder.rglob("events.*")):
        board = EventAccumulator(str(path)).Reload()
        content = board.summary_metadata
        for tag in (metadata.EXPERIMENT_TAG, metadata.SESSION_START_INFO_TAG):
            if tag in content:
                data = HParamsPluginData.FromString(content[tag].plugin_data.content)
                (experiments if data.HasField("experiment") else starts).append(data)
    return experiments, starts


def values_of(start):
    return {
        name: getattr(value, value.WhichOneof("kind"))
        for name, value in start.session_start_info.hparams.items()
    }


@pytest.mark.parametrize("make_data", [Iris, partial(GaussianRing, num_samples=200)])
def test_a_run_is_ranked_by_the_datas_own_metric(tmp_path, make_data):
    data = make_data()
    fit(tmp_path, data)
    (experiment,), (start,) = tables(tmp_path)
    metrics = [metric.name.tag for metric in experiment.experiment.metric_infos]
    assert metrics == [data.monitor, f"{data.monitor}_best"]
    assert values_of(start)["data"] == type(data).__name__


def test_the_table_has_the_last_and_the_best_value_of_the_runs_own_monitor(tmp_path):
    data = Iris(val_fraction=0.3)
    checkpoints = Checkpoints(monitor="val/wasserstein")
    board = EventAccumulator(
        fit(
            tmp_path,
            data,
            callbacks=[SampleMetrics(50), HyperparameterTable(), checkpoints],
            limit_val_batches=None,
            max_epochs=4,
        )
    ).Reload()
    values = [event.value for event in board.Scalars("val/wasserstein")]
    best = board.Scalars("val/wasserstein_best")
    assert [event.value for event in best] == list(accumulate(values, min))
    assert [e.step for e in best] == [e.step for e in board.Scalars("val/wasserstein")]
    (experiment,), _ = tables(tmp_path)
    tags = [metric.name.tag for metric in experiment.experiment.metric_infos]
    assert tags == ["val/wasserstein", "val/wasserstein_best"]


def test_runs_of_several_seeds_and_sizes_differ_in_the_table(tmp_path):
    seed_everything(7, verbose=False)
    fit(tmp_path, Iris(batch_size=50))
    _, (start,) = tables(tmp_path)
    values = values_of(start)
    weights = (3 * 8 + 8) + (8 * 9 + 9) + (9 * 4 + 4) + (4 * 8 + 8) + (8 * 1 + 1)
    assert (values["seed"], values["batch_size"], values["weights"]) == (7, 50, weights)


def test_arguments_of_the_model_are_listed_by_name_unless_they_are_defaults(tmp_path):
    fit(tmp_path, Iris(species_column=True))
    _, (start,) = tables(tmp_path)
    values = values_of(start)
    expected = {
        "model": "GAN",
        "data": "Iris",
        "model.generator.latent_dim": 3,
        "model.generator.hidden_dims": "8, 9",
        "model.loss": "LeastSquaresLoss",
        "model.penalties": "R1",
        "model.g_optimizer.lr": 1e-3,
        "model.g_optimizer.betas": "0.5, 0.9",
        "model.d_optimizer.lr": 1e-3,  # the default: a rate is always there
    }
    assert {name: values.get(name) for name in expected} == expected
    defaults = ("n_critic", "generator", "g_optimizer", "g_optimizer.eps", "lr_scheduler")
    assert not any(f"model.{name}" in values for name in (*defaults, "data_shape", "_class_path"))


def test_a_resumed_run_writes_no_second_table(tmp_path):
    data = Iris()
    fit(tmp_path, data, max_epochs=1)
    before = len(list(tmp_path.rglob("events.*")))
    fit(tmp_path, data, max_epochs=2)
    assert len(list(tmp_path.rglob("events.*"))) > before
    experiments, starts = tables(tmp_path)
    assert len(experiments) == len(starts) == 1


def test_the_table_adds_no_value_to_the_curve_of_the_metric(tmp_path):
    data = Iris()
    board = EventAccumulator(fit(tmp_path, data)).Reload()
    assert data.monitor not in board.Tags()["scalars"]  # nothing was validated
    assert not any(tag.startswith("hp") for tag in board.Tags()["scalars"])


def test_another_class_is_named_and_only_its_own_defaults_are_left_out():
    model = GAN((4,), g_optimizer=partial(torch.optim.SGD, lr=0.1, nesterov=False, momentum=0.5))
    told = run_settings(model, Iris())
    assert told["model.g_optimizer"] == "SGD"
    assert told["model.g_optimizer.lr"] == 0.1
    assert told["model.g_optimizer.momentum"] == 0.5
    assert "model.g_optimizer.nesterov" not in told
    assert "model.d_optimizer" not in told


def test_ranks_other_than_the_first_and_other_loggers_write_nothing(tmp_path):
    data = Iris()
    model = R3GAN(data.data_shape)
    logger = TensorBoardLogger(tmp_path, "experiment")
    for rank, loggers in [(1, [logger]), (0, [])]:
        trainer = SimpleNamespace(
            datamodule=data,
            loggers=loggers,
            checkpoint_callbacks=[],
            is_global_zero=rank == 0,
            fit_loop=SimpleNamespace(total_batch_idx=-1),
        )
        HyperparameterTable().on_train_start(trainer, model)
    assert not list(tmp_path.rglob("events.*"))
