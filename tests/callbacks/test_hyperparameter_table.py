"""Runs beside each other in TensorBoard."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from gan_lightning.callbacks import HyperparameterTable
from gan_lightning.callbacks.hyperparameter_table import _flattened
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
        enable_checkpointing=False,
        limit_val_batches=0,
        callbacks=[HyperparameterTable()],
        **{"max_epochs": 1, **settings},
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
    (metric,) = experiment.experiment.metric_infos
    assert metric.name.tag == data.monitor
    assert values_of(start)["data"] == type(data).__name__


def test_what_the_model_was_built_from_is_there_by_name_as_plain_values(tmp_path):
    fit(tmp_path, Iris())
    _, (start,) = tables(tmp_path)
    values = values_of(start)
    expected = {
        "data": "Iris",
        "model.data_shape": "4",
        "model.generator": "MLPGenerator",
        "model.generator.latent_dim": 3,
        "model.generator.hidden_dims": "8, 9",
        "model.discriminator": "MLPDiscriminator",
        "model.loss": "LeastSquaresLoss",
        "model.penalties": "R1",
        "model.g_optimizer": "Adam",
        "model.g_optimizer.lr": 1e-3,
        "model.g_optimizer.betas": "0.5, 0.9",
        "model.d_optimizer": "Adam",
        "model.n_critic": 1,
    }
    assert {name: values.get(name) for name in expected} == expected
    assert "model.lr_scheduler" not in values  # there is none
    assert not any("_class_path" in name or "_instantiator" in name for name in values)


def test_a_run_that_goes_on_writes_no_second_table(tmp_path):
    data = Iris()
    fit(tmp_path, data, max_epochs=1)
    before = len(list(tmp_path.rglob("events.*")))
    fit(tmp_path, data, max_epochs=2)
    assert len(list(tmp_path.rglob("events.*"))) > before
    experiments, starts = tables(tmp_path)
    assert len(experiments) == len(starts) == 1


def test_the_curve_of_the_metric_gets_no_value_of_the_tables(tmp_path):
    data = Iris()
    board = EventAccumulator(fit(tmp_path, data)).Reload()
    assert data.monitor not in board.Tags()["scalars"]  # nothing was validated
    assert not any(tag.startswith("hp") for tag in board.Tags()["scalars"])


def test_a_model_that_the_command_line_has_configured_is_described_alike():
    configured = {
        "generator": {"class_path": "gan_lightning.networks.MLPGenerator", "init_args": {}},
        "gamma": 0.5,
        "flag": True,
        "norm": None,
        "_class_path": "gan_lightning.models.R3GAN",
    }
    assert dict(_flattened(configured, "model")) == {
        "model.generator": "MLPGenerator",
        "model.gamma": 0.5,
        "model.flag": True,
    }


def test_other_ranks_than_the_first_and_other_loggers_write_nothing(tmp_path):
    data = Iris()
    model = R3GAN(data.data_shape)
    logger = TensorBoardLogger(tmp_path, "experiment")
    for rank, loggers in [(1, [logger]), (0, [])]:
        trainer = SimpleNamespace(
            datamodule=data,
            loggers=loggers,
            is_global_zero=rank == 0,
            fit_loop=SimpleNamespace(total_batch_idx=-1),
        )
        HyperparameterTable().on_train_start(trainer, model)
    assert not list(tmp_path.rglob("events.*"))
