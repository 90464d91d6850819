"""Stopping and resuming equals never having stopped."""

import multiprocessing
import os
import signal
import sys
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest
import torch

from gan_lightning.callbacks import Checkpoints
from gan_lightning.callbacks.stop_signal import StopSignal
from gan_lightning.cli import main

EXPERIMENT = """
seed_everything: 3
data:
  class_path: Iris
  init_args: {species_column: true, batch_size: 32}  # 4 batches an epoch
model:
  class_path: R3GAN
  init_args:
    generator: {class_path: MLPGenerator, init_args: {latent_dim: 4, hidden_dims: [8]}}
    discriminator: {class_path: MLPDiscriminator, init_args: {hidden_dims: [8]}}
    g_optimizer: {class_path: Adam, init_args: {lr: 1.0e-3}}
    d_optimizer: {class_path: Adam, init_args: {lr: 1.0e-3}}
    lr_scheduler:
      class_path: torch.optim.lr_scheduler.StepLR
      init_args: {step_size: 2, gamma: 0.5}
    n_critic: 3
trainer:
  max_epochs: 6
  check_val_every_n_epoch: 2
  log_every_n_steps: 3
  callbacks:
    - {class_path: GeneratorEMA, init_args: {half_life: 500}}
metrics: {num_samples: 50}
pictures: {every_n_batches: 1000}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(EXPERIMENT)
    return path


def folder(root, experiment="small", version=0):
    return root / "lightning_logs" / experiment / f"version_{version}"


def last(root):
    return torch.load(folder(root) / "checkpoints" / "last.ckpt", weights_only=True)


def assert_same(a, b, where="checkpoint"):
    """Compare nested values, tensors bit for bit."""
    assert type(a) is type(b), where
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            assert_same(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, pair in enumerate(zip(a, b, strict=True)):
            assert_same(*pair, f"{where}[{i}]")
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
    else:
        assert a == b, where


@pytest.fixture(scope="module")
def uninterrupted(curves, tmp_path_factory):
    """The checkpoint and the curves of a run that never stopped."""
    root = tmp_path_factory.mktemp("uninterrupted")
    config = root / "small.yaml"
    config.write_text(EXPERIMENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gan_lightning"])
        patch.chdir(root)
        main(["fit", f"--config={config}", "--trainer.accelerator=cpu"])
    return last(root), curves(folder(root))


@pytest.mark.parametrize(
    "batches",
    [7, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, 4, 6, 8, 16, 22))],
)
def test_a_resumed_run_equals_one_that_never_stopped(
    curves, run, config, tmp_path, monkeypatch, uninterrupted, batches
):
    def asked(_signal, trainer):
        return trainer.fit_loop.total_batch_idx + 1 == batches

    with monkeypatch.context() as patch:
        patch.setattr(StopSignal, "received", asked)
        with pytest.raises(SystemExit) as stop:
            run("fit", f"--config={config}")
        assert stop.value.code == 128 + signal.SIGTERM
    run("fit", f"--config={config}", "--ckpt_path=last")

    checkpoint, scalars = uninterrupted
    resumed = last(tmp_path)
    for part in ("state_dict", "optimizer_states", "lr_schedulers", "callbacks", "random_states"):
        assert_same(resumed[part], checkpoint[part], part)
    assert resumed["epoch"] == checkpoint["epoch"]
    assert resumed["global_step"] == checkpoint["global_step"]
    assert curves(folder(tmp_path)) == scalars
    assert not folder(tmp_path, version=1).exists()


def test_a_run_stopped_twice_equals_one_that_never_stopped(
    curves, run, config, tmp_path, monkeypatch, uninterrupted
):
    for batches in (5, 15):
        with monkeypatch.context() as patch:
            patch.setattr(
                StopSignal,
                "received",
                lambda _, trainer, at=batches: trainer.fit_loop.total_batch_idx + 1 == at,
            )
            resume = ["--ckpt_path=last"] if batches > 5 else []
            with pytest.raises(SystemExit):
                run("fit", f"--config={config}", *resume)
    run("fit", f"--ckpt_path={folder(tmp_path)}/checkpoints/last.ckpt")
    checkpoint, scalars = uninterrupted
    assert_same(last(tmp_path)["state_dict"], checkpoint["state_dict"])
    assert curves(folder(tmp_path)) == scalars


@pytest.mark.pictures
def test_metrics_and_pictures_do_not_change_a_run(run, config, tmp_path, uninterrupted):
    run(
        "fit",
        f"--config={config}",
        "--trainer.check_val_every_n_epoch=3",
        "--metrics.num_samples=77",
        "--pictures.every_n_batches=5",
        "--trainer.callbacks+={class_path: WeightHistograms, init_args: {every_n_batches: 4}}",
    )
    assert_same(last(tmp_path)["state_dict"], uninterrupted[0]["state_dict"])


def endless(config, root, *extra):
    """The arguments of a run of very many epochs."""
    return [
        *("fit", f"--config={config}", f"--trainer.default_root_dir={root}"),
        *("--trainer.accelerator=cpu", "--trainer.max_epochs=1000000"),
        *("--trainer.enable_model_summary=false", "--trainer.enable_progress_bar=false", *extra),
    ]


def await_checkpoint(root, status):
    """Wait until a run has written a checkpoint; ``status`` is None while it lives."""
    checkpoint = folder(root) / "checkpoints" / "last.ckpt"
    deadline = time.monotonic() + 180
    while not checkpoint.exists():
        assert status() is None, "it has ended"
        assert time.monotonic() < deadline, "no checkpoint within three minutes"
        time.sleep(0.05)


def fit_and_tell(arguments, output):
    """Fit in a forked process, with its output in a file."""
    sys.argv = ["gan_lightning"]
    with output.open("w") as file, redirect_stdout(file), redirect_stderr(file):
        main(arguments)


@contextmanager
def fitting(arguments, output):
    """A forked process that fits until the end of the context, once it has saved a checkpoint."""
    process = multiprocessing.get_context("fork").Process(
        target=fit_and_tell, args=(arguments, output)
    )
    process.start()
    try:
        await_checkpoint(output.parent, lambda: process.exitcode)
        yield process
    finally:
        process.kill()
        process.join()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_prints_the_command_that_resumes(config, tmp_path, signum):
    said = tmp_path / "said"
    with fitting(endless(config, tmp_path), said) as process:
        os.kill(process.pid, signum)
        process.join(60)
        assert process.exitcode == 128 + signum, said.read_text()
    output = said.read_text()
    assert f"fit --ckpt_path {folder(tmp_path) / 'checkpoints' / 'last.ckpt'}" in output
    assert "Traceback" not in output
    assert last(tmp_path)["random_states"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_kill_between_checkpoints_resumes_from_the_last_good_one(curves, run, config, tmp_path):
    with fitting(endless(config, tmp_path), tmp_path / "said"):
        time.sleep(0.3)
    epoch = last(tmp_path)["epoch"]
    run("fit", f"--config={config}", "--ckpt_path=last", f"--trainer.max_epochs={epoch + 3}")
    assert last(tmp_path)["epoch"] == epoch + 2
    scalars = curves(folder(tmp_path))
    batches = 4 * (epoch + 3)
    assert [step for step, _ in scalars["train/d_loss"]] == list(range(2, batches, 3))
    assert [step for step, _ in scalars["val/ks"]] == list(range(7, batches, 8))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("place", ["write", "flush", "name"])
def test_a_full_disk_is_reported_and_leaves_the_last_checkpoint_intact(
    run, config, tmp_path, monkeypatch, capsys, place
):
    run("fit", f"--config={config}", "--trainer.max_epochs=2")
    checkpoints = folder(tmp_path) / "checkpoints"
    before = {path.name: path.read_bytes() for path in checkpoints.iterdir()}
    assert sorted(before) == ["best.ckpt", "last.ckpt"]

    def full(*_):
        raise OSError(28, "No space left on device")

    target = {
        "write": "pathlib.Path.write_bytes",
        "flush": "gan_lightning.files._flush",
        "name": "pathlib.Path.replace",
    }
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(target[place], full)
        with pytest.raises(SystemExit) as end:
            run("fit", f"--config={config}", "--ckpt_path=last", "--trainer.max_epochs=4")
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert ".ckpt cannot be written: No space left on device." in said or place == "name"
    assert "cannot be written: No space left on device." in said
    assert {path.name: path.read_bytes() for path in checkpoints.iterdir()} == before
    run("fit", f"--config={config}", "--ckpt_path=last", "--trainer.max_epochs=4")
    assert last(tmp_path)["epoch"] == 3


def test_a_checkpoint_needs_space_only_beside_its_destination(run, config, tmp_path, monkeypatch):
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    elsewhere.chmod(0o000)
    monkeypatch.setattr("tempfile.mkstemp", lambda *_, **__: pytest.fail("not beside its place"))
    run("fit", f"--config={config}", "--trainer.max_epochs=2")
    elsewhere.chmod(0o700)
    assert not list(elsewhere.iterdir())
    checkpoints = folder(tmp_path) / "checkpoints"
    assert sorted(path.name for path in checkpoints.iterdir()) == ["best.ckpt", "last.ckpt"]
    assert not (checkpoints / "last.ckpt").samefile(checkpoints / "best.ckpt")


@pytest.mark.sampled(4)
@pytest.mark.parametrize("batches", [3, 2, 4, 6])
def test_a_run_that_validates_within_an_epoch_resumes_to_the_bit(
    curves, run, config, tmp_path, monkeypatch, batches
):
    """Every second of four batches ends in a validation: the stop comes after one, none or both."""
    often = ["--trainer.val_check_interval=2", "--trainer.check_val_every_n_epoch=1"]
    fit = ["fit", f"--config={config}", *often, "--trainer.max_epochs=2"]
    run(*fit)
    with monkeypatch.context() as patch:
        patch.setattr(
            StopSignal,
            "received",
            lambda _, trainer: trainer.fit_loop.total_batch_idx + 1 == batches,
        )
        with pytest.raises(SystemExit):
            run(*fit)
    second = folder(tmp_path, version=1)
    run("fit", f"--ckpt_path={second}/checkpoints/last.ckpt")
    resumed = torch.load(second / "checkpoints" / "last.ckpt", weights_only=True)
    for part in ("state_dict", "optimizer_states", "lr_schedulers", "callbacks", "random_states"):
        assert_same(resumed[part], last(tmp_path)[part], part)
    assert curves(second) == curves(folder(tmp_path))
    assert [step for step, _ in curves(second)["val/ks"]] == [1, 3, 5, 7]


def test_every_validation_within_an_epoch_saves_and_may_be_the_best(
    curves, run, config, tmp_path, monkeypatch
):
    saved, write = [], Checkpoints._write

    def watch(callback, trainer, path):
        saved.append((trainer.fit_loop.total_batch_idx, path.name))
        write(callback, trainer, path)

    monkeypatch.setattr(Checkpoints, "_write", watch)
    often = ["--trainer.val_check_interval=1", "--trainer.check_val_every_n_epoch=1"]
    run("fit", f"--config={config}", *often, "--trainer.max_epochs=2", "--checkpoints.mode=max")
    assert [batch for batch, name in saved if name == "last.ckpt"] == list(range(8))
    curve = dict(curves(folder(tmp_path))["val/ks"])
    assert len(curve) == 8
    best = torch.load(folder(tmp_path) / "checkpoints" / "best.ckpt", weights_only=True)
    found = best["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]["ready"] - 1
    assert curve[found] == max(curve.values())


def test_changed_model_arguments_are_named_and_the_checkpoint_keeps_its_own(run, config, tmp_path):
    run("fit", f"--config={config}", "--trainer.max_epochs=2")
    with pytest.warns(UserWarning, match="model.gamma stays 1.0, as in the checkpoint; 7.0 is"):
        run("fit", f"--config={config}", "--ckpt_path=last", "--model.init_args.gamma=7.0")
    assert last(tmp_path)["hyper_parameters"]["gamma"] == 1.0


@pytest.mark.filterwarnings("ignore:Be aware that when using:UserWarning")
@pytest.mark.filterwarnings("ignore:--trainer.callbacks replaces those:UserWarning")
def test_an_average_that_nothing_moves_any_more_is_left_out(run, config, tmp_path):
    run("fit", f"--config={config}", "--trainer.max_epochs=2")
    assert any(name.startswith("averaged_") for name in last(tmp_path)["state_dict"])
    with pytest.warns(UserWarning, match="averaged weights are left out: without GeneratorEMA"):
        run("fit", f"--config={config}", "--ckpt_path=last", "--trainer.callbacks=null")
    assert not any(name.startswith("averaged_") for name in last(tmp_path)["state_dict"])


def test_a_run_that_ran_out_of_time_says_so_and_resumes_with_more(run, tmp_path, capsys):
    limits = ["--trainer.limit_val_batches=0", "--trainer.max_epochs=100000"]
    run("fit", "--model=GAN", "--data=Iris", *limits, "--trainer.max_time=00:00:00:01")
    said = capsys.readouterr().out
    assert "when trainer.max_time was up" in said
    assert "--trainer.max_time DD:HH:MM:SS" in said
    assert "--trainer.max_time 00:00:00:02\n" in said
    (checkpoint,) = tmp_path.rglob("last.ckpt")
    run("fit", f"--ckpt_path={checkpoint}")
    assert "trainer.max_time, of the whole run, was up; raise it" in capsys.readouterr().out
    run("fit", f"--ckpt_path={checkpoint}", "--trainer.max_time=00:00:00:02")
    assert "Finished after" in capsys.readouterr().out
