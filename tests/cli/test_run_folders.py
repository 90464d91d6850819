"""Runs are found wherever they are, kept apart, and never moved."""

import os
import shutil
import signal

import pytest
import torch

from gan_lightning.callbacks import Checkpoints
from gan_lightning.callbacks.run_lock import RunLock
from gan_lightning.cli import main
from gan_lightning.cli.run_logger import RunLogger, run_logger
from gan_lightning.cli.runs import Arguments
from gan_lightning.errors import InputError

CONFIG = """
data: {class_path: Iris, init_args: {batch_size: 40}}  # 3 batches an epoch
model: {class_path: GAN}
trainer:
  max_epochs: 1
  accelerator: cpu
  check_val_every_n_epoch: 1
  enable_model_summary: false
  enable_progress_bar: false
metrics: {num_samples: 20}
"""


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    """Run commands in an empty folder that holds a config of some name."""
    monkeypatch.chdir(tmp_path)

    def in_folder(name="small", settings=""):
        path = tmp_path / f"{name}.yaml"
        path.write_text(CONFIG.replace("metrics:", f"{settings}metrics:"))
        return f"--config={path.name}"

    return in_folder


def complaint(capsys, *args):
    with pytest.raises(SystemExit) as failure:
        main(args)
    assert failure.value.code == 2
    (line,) = (x for x in capsys.readouterr().err.splitlines() if x.startswith("Error: "))
    return line


def epochs(path):
    return torch.load(path, weights_only=True)["epoch"] + 1


PLACES = {
    "a folder of runs in the config": ("small", "  default_root_dir: elsewhere\n"),
    "brackets in the name": ("a[1]b", ""),
    "spaces in the name": ("two words", ""),
    "a logger of CSV files": (
        "small",
        "  logger: {class_path: CSVLogger, init_args: {save_dir: numbers}}\n",
    ),
    "a logger of CSV files with a name": (
        "small",
        "  logger: {class_path: CSVLogger, init_args: {save_dir: ., name: mine}}\n",
    ),
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize(("name", "settings"), PLACES.values(), ids=PLACES)
def test_last_and_best_are_found_wherever_the_config_puts_the_runs(
    in_folder, tmp_path, name, settings
):
    config = in_folder(name, settings)
    main(["fit", config])
    (last,) = tmp_path.rglob("last.ckpt")
    for which in ("last", "best"):
        main(["sample", config, f"--ckpt_path={which}", "--num_samples=2", "--output=x.csv"])
    main(["fit", config, "--ckpt_path=last", "--trainer.max_epochs=2"])
    newest = max(tmp_path.rglob("last.ckpt"), key=lambda path: path.stat().st_mtime)
    assert epochs(newest) == 2
    assert newest == last


def test_the_newest_run_of_any_experiment_is_found_where_no_config_is_named(in_folder, tmp_path):
    main(["fit", in_folder("a[1]b")])
    main(["sample", "--ckpt_path=last", "--num_samples=2", "--output=x.csv"])
    assert (tmp_path / "x.csv").exists()


@pytest.mark.slow
def test_a_folder_that_only_has_the_name_checkpoints_is_not_taken_for_that_of_a_run(
    in_folder, tmp_path
):
    config = in_folder()
    main(["fit", config])
    (last,) = tmp_path.rglob("last.ckpt")
    place = tmp_path / "a" / "b" / "checkpoints"
    place.mkdir(parents=True)
    kept = shutil.copy(last, place / "kept.ckpt")
    shutil.rmtree(tmp_path / "lightning_logs")
    with pytest.warns(UserWarning, match="kept.ckpt lies in no run's folder, so the run resumes"):
        main(["fit", config, f"--ckpt_path={kept}", "--trainer.max_epochs=2"])
    (last,) = tmp_path.rglob("last.ckpt")
    assert last == tmp_path / "lightning_logs/small/version_0/checkpoints/last.ckpt"
    assert epochs(last) == 2
    assert sorted(path.name for path in place.iterdir()) == ["kept.ckpt"]
    main(["sample", f"--ckpt_path={kept}", "--num_samples=2"])
    assert (place / "samples.csv").exists()


def test_a_run_that_was_moved_as_a_whole_resumes_where_it_is(in_folder, tmp_path):
    main(["fit", in_folder()])
    moved = (tmp_path / "lightning_logs/small/version_0").rename(tmp_path / "kept run")
    main(["fit", f"--ckpt_path={moved}/checkpoints/last.ckpt", "--trainer.max_epochs=2"])
    assert epochs(moved / "checkpoints" / "last.ckpt") == 2
    assert not list((tmp_path / "lightning_logs").rglob("*.ckpt"))


def test_one_process_at_a_time_trains_in_a_run_folder(in_folder, tmp_path, capsys):
    config = in_folder()
    main(["fit", config])
    run = tmp_path / "lightning_logs/small/version_0"
    files = sorted(path.name for path in run.iterdir())
    lock = RunLock(run)
    go_on = ["fit", config, "--ckpt_path=last", "--trainer.max_epochs=2"]
    line = complaint(capsys, *go_on)
    assert f"{run.relative_to(tmp_path)} is in use by another training process" in line
    assert epochs(run / "checkpoints" / "last.ckpt") == 1
    main(["sample", "--ckpt_path=last", "--num_samples=2", "--output=x.csv"])  # reads alone
    lock.release()
    assert sorted(path.name for path in run.iterdir()) == files  # it left nothing behind
    main(go_on)
    assert epochs(run / "checkpoints" / "last.ckpt") == 2


def test_two_runs_that_start_together_get_a_folder_each(tmp_path):
    loggers = [run_logger(Arguments.of(["fit"]), str(tmp_path), None, None) for _ in range(3)]
    assert [logger.version for logger in loggers] == [0, 1, 2]
    assert [logger.version for logger in loggers] == [0, 1, 2]  # and keep it
    assert len(list((tmp_path / "lightning_logs" / "experiment").iterdir())) == 3


def test_curves_stay_in_order_where_the_clock_was_set_back(tmp_path, monkeypatch, curves):
    parts = [(2_000_000_000, range(4)), (1_900_000_000, range(2, 6)), (1_900_000_000, range(5, 8))]
    for now, steps in parts:
        monkeypatch.setattr("time.time", lambda now=now: now)
        logger = RunLogger(tmp_path, "small", 0, default_hp_metric=False, purge_step=steps[0])
        for step in steps:
            logger.log_metrics({"loss": now + step}, step)
        logger.finalize("success")
    found = curves(tmp_path / "small" / "version_0")["loss"]
    assert [step for step, _ in found] == list(range(8))
    assert len(list((tmp_path / "small" / "version_0").glob("events*"))) == 3


def test_the_lock_of_a_run_dies_with_its_process(tmp_path):
    if (child := os.fork()) == 0:
        RunLock(tmp_path)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    lock = RunLock(tmp_path)
    with pytest.raises(InputError, match="another training process"):
        RunLock(tmp_path)
    lock.release()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("lost", ["removed", "renamed"])
def test_a_run_folder_that_vanishes_is_reported(in_folder, tmp_path, capsys, monkeypatch, lost):
    run, save = tmp_path / "lightning_logs/small/version_0", Checkpoints._save_and_compare

    def vanish(callback, trainer):
        shutil.rmtree(run) if lost == "removed" else run.rename(tmp_path / "other")
        save(callback, trainer)

    monkeypatch.setattr(Checkpoints, "_save_and_compare", vanish)
    line = complaint(capsys, "fit", in_folder())
    assert f"{run.relative_to(tmp_path)}, the run's folder, is gone" in line


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", [None, "curves", b"curves"])
def test_curves_that_cannot_be_written_are_named_with_the_cause(
    in_folder, tmp_path, capsys, monkeypatch, name
):
    run = tmp_path / "lightning_logs/small/version_0"
    path = None if name is None else os.path.join(os.fsencode(run), os.fsencode(name))

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system", path)

    config = in_folder()
    monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter.add_scalar", refuse)
    line = complaint(capsys, "fit", config)
    place = "version_0" if name is None else "version_0/curves"
    assert f"{place} cannot be written: Read-only file system. What was saved there" in line


def test_a_run_folder_that_cannot_be_written_is_named(in_folder, tmp_path, capsys, monkeypatch):
    config = in_folder()
    main(["fit", config])
    last = tmp_path / "lightning_logs/small/version_0/checkpoints/last.ckpt"
    before = last.read_bytes()

    def refuse(path, content):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
    line = complaint(capsys, "fit", config, "--ckpt_path=last", "--trainer.max_epochs=2")
    assert ".ckpt cannot be written: Permission denied." in line
    assert last.read_bytes() == before
