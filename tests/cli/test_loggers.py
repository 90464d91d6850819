"""Loggers other than TensorBoard's: numbers, texts, pictures, and runs that resume."""

import csv
import json
import os
import struct
import sys
import time
from pathlib import Path

import pytest

from gan_lightning.cli import main

ROOT = Path(__file__).parents[2]


class CSVFiles:
    """What Lightning's logger of CSV files stores."""

    name = "CSVLogger"
    arguments = "{save_dir: lightning_logs, name: small}"

    def rows(self, folder):
        (path,) = folder.rglob("metrics.csv")
        with path.open() as file:
            return list(csv.DictReader(file))

    def steps(self, folder, name):
        return [int(row["step"]) for row in self.rows(folder) if row[name]]

    def text(self, folder, name):
        (path,) = folder.rglob(f"{name.replace('/', '_')}.md")
        return path.read_text()

    def settings(self, folder):
        (path,) = folder.rglob("hparams.yaml")
        return path.read_text()


class MLflow:
    """MLflow's file store."""

    name = "MLFlowLogger"
    arguments = "{save_dir: ml}"
    package = "mlflow"

    def run(self, folder):
        from mlflow.tracking import MlflowClient

        client = MlflowClient(f"file:{folder / 'ml'}")
        experiment = client.get_experiment_by_name("lightning_logs")
        (run,) = client.search_runs([experiment.experiment_id])
        return client, run

    def steps(self, folder, name):
        client, run = self.run(folder)
        return sorted({metric.step for metric in client.get_metric_history(run.info.run_id, name)})

    def text(self, folder, name):
        (path,) = folder.rglob(f"artifacts/{name}.md")
        return path.read_text()

    def settings(self, folder):
        return str(self.run(folder)[1].data.params)

    def pictures(self, folder):
        return list(folder.rglob("artifacts/samples/points/*.png"))


class WeightsAndBiases:
    """Weights & Biases, offline."""

    name = "WandbLogger"
    arguments = "{offline: true, save_dir: wb}"
    package = "wandb"

    def finish(self):
        import wandb

        wandb.setup().finish_all_active_runs()  # as the end of a process does

    def records(self, folder):
        from wandb.proto.wandb_internal_pb2 import Record

        for _ in range(60):  # another process writes the files, some time later
            files = [
                [Record.FromString(chunk) for chunk in _chunks(path.read_bytes())]
                for path in sorted(folder.rglob("*.wandb"))
            ]
            if all(any(record.HasField("exit") for record in file) for file in files):
                break
            time.sleep(0.5)
        return [record for file in files for record in file]

    def steps(self, folder, name):
        found = set()
        for record in self.records(folder):
            items = {_key(i): json.loads(i.value_json) for i in record.history.item}
            if name in items:
                found.add(items["trainer/global_step"])
        return sorted(found)

    def text(self, folder, name):
        items = [i for record in self.records(folder) for i in record.summary.update]
        return next(json.loads(i.value_json) for i in items if _key(i) == name)

    def settings(self, folder):
        return " ".join(
            i.key + i.value_json
            for record in self.records(folder)
            for update in (record.config, record.run.config)
            for i in update.update
        )

    def pictures(self, folder):
        return list(folder.rglob("media/images/samples/*.png"))


def _chunks(content):
    """Yield the records of a file in LevelDB's format for logs: blocks of 32 KiB."""
    place, parts = 7, b""
    while place + 7 <= len(content):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        length, kind = struct.unpack("<HB", content[place + 4 : place + 7])
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""


def _key(item):
    return item.key or "/".join(item.nested_key)


LOGGERS = [CSVFiles(), MLflow(), WeightsAndBiases()]


@pytest.fixture(params=LOGGERS, ids=lambda logger: logger.name)
def logger(request):
    if package := getattr(request.param, "package", None):
        pytest.importorskip(package, reason=f"{package} is not installed")
    return request.param


@pytest.fixture
def fit(logger, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gan_lightning"])
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    config = tmp_path / "small.yaml"
    text = (ROOT / "configs" / "r3gan_ring.yaml").read_text()
    text = text.replace(
        "trainer:\n", f"trainer:\n  logger: {{class_path: {logger.name}, init_args: "
        f"{logger.arguments}}}\n"
    )  # fmt: skip
    config.write_text(text)

    def fit(*args):
        main(
            [
                *("fit", f"--config={config}", "--data.init_args.num_samples=256"),
                *("--pictures.num_samples=10", "--metrics.num_samples=50"),
                *("--trainer.check_val_every_n_epoch=1", "--trainer.log_every_n_steps=1"),
                *("--trainer.enable_progress_bar=false", "--trainer.accelerator=cpu"),
                *args,
            ]
        )
        getattr(logger, "finish", lambda: None)()

    return fit


@pytest.mark.pictures
@pytest.mark.filterwarnings("ignore")  # other packages warn of what is theirs to mend
def test_a_logger_gets_all_it_can_store_and_a_resumed_run_continues_in_it(
    logger, fit, tmp_path, capsys
):
    fit("--trainer.max_epochs=2")
    (last,) = tmp_path.rglob("last.ckpt")
    run = last.parent.parent
    assert run.parent.name == "small"
    assert f"run       {os.path.relpath(run)}" in capsys.readouterr().out
    assert logger.steps(tmp_path, "val/ks") == [0, 1]
    assert logger.steps(tmp_path, "train/d_loss") == [0, 1]
    assert "R3GAN" in logger.text(tmp_path, "run/config")
    assert "50 samples of the averaged weights" in logger.text(tmp_path, "val/protocol")
    if hasattr(logger, "pictures"):
        assert logger.pictures(tmp_path)
    for setting in ("batch_size", "seed", "GaussianRing", "model.g_optimizer.lr"):
        assert setting in logger.settings(tmp_path)

    fit("--trainer.max_epochs=4", "--ckpt_path=last")
    (same,) = tmp_path.rglob("last.ckpt")
    assert same == last
    assert logger.steps(tmp_path, "val/ks") == [0, 1, 2, 3]
    main(["sample", "--ckpt_path", str(last), "--num_samples=3", "--output=x.csv"])
    assert len((tmp_path / "x.csv").read_text().splitlines()) in (3, 4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_values_logged_after_the_checkpoint_are_dropped(logger, fit, tmp_path):
    if logger.name != "CSVLogger":
        pytest.skip("what a server has stored cannot be taken back")
    fit("--trainer.max_epochs=2")
    (last,) = tmp_path.rglob("last.ckpt")
    two = last.read_bytes()
    fit("--trainer.max_epochs=4", "--ckpt_path=last")
    last.write_bytes(two)  # as if a kill had come before the next one
    fit("--trainer.max_epochs=3", "--ckpt_path=last")
    assert logger.steps(tmp_path, "val/ks") == [0, 1, 2]
