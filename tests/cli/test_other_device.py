"""No command mixes devices: each runs on one that refuses to meet the CPU, as a GPU does."""

import importlib.util
import multiprocessing
import sys
import traceback
from pathlib import Path

import pytest
import torch
import yaml

from gan_lightning.cli import main

_SPEC = importlib.util.spec_from_file_location(
    "strict_device", Path(__file__).with_name("strict_device.py")
)
strict_device = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(strict_device)

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
REPRESENTATIVES = {"csv", "dcgan_digits", "flow_ring"}
EVERYWHERE = [
    "--trainer.enable_model_summary=false",
    "--trainer.enable_progress_bar=false",
    "--trainer.inference_mode=false",  # in which views of a tensor made of Python are refused
]
QUICK = [
    "--trainer.max_epochs=1",
    "--trainer.limit_train_batches=4",
    "--trainer.limit_val_batches=2",
    "--trainer.check_val_every_n_epoch=1",
]
FINE, FAILED, CANNOT = range(3)

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def _on_the_device(commands, out):
    """Run commands in this process, which is forked for them."""
    torch.set_num_threads(1)
    sys.stdout = sys.stderr = out.open("w", buffering=1)
    if not strict_device.emulate():
        sys.exit(CANNOT)
    try:
        for command in commands:
            main(command)
    except BaseException:
        traceback.print_exc()
        sys.exit(FAILED)


@pytest.fixture
def on_the_device(tmp_path, monkeypatch):
    """Run commands one after another on the device, in a forked process."""
    monkeypatch.setattr(sys, "argv", ["gan_lightning"])
    monkeypatch.setenv("GAN_LIGHTNING_DEBUG", "1")

    def on_the_device(*commands):
        out = tmp_path / "out.txt"
        where = [f"--trainer.accelerator={strict_device.NAME}", *EVERYWHERE]
        where.append(f"--trainer.default_root_dir={tmp_path}")
        process = multiprocessing.get_context("fork").Process(
            target=_on_the_device, args=([[*command, *where] for command in commands], out)
        )
        process.start()
        process.join(300)
        process.kill()
        if process.exitcode == CANNOT:
            pytest.skip("this PyTorch has no devices made of Python")
        assert process.exitcode == FINE, out.read_text()[-3000:]

    return on_the_device


def _of_two_phases(config):
    if yaml.safe_load(config.read_text())["model"]["class_path"] != "WarmStartedGAN":
        return []
    return [f"--model.init_args.{phase}_batches=2" for phase in ("reconstruction", "game")]


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(c, id=c.stem, marks=() if c.stem in REPRESENTATIVES else pytest.mark.slow)
        for c in CONFIGS
    ],
)
def test_fit_test_and_sample_keep_to_one_device(
    on_the_device, config, tmp_path, data_at_hand, narrower
):
    few = [*data_at_hand(config), *narrower(config), *_of_two_phases(config), *QUICK]
    checkpoint = tmp_path / "lightning_logs" / config.stem / "version_0" / "checkpoints/last.ckpt"
    of_run = f"--ckpt_path={checkpoint}"
    commands = [["fit", f"--config={config}", *few, "--metrics.num_samples=300"]]
    if config.stem in REPRESENTATIVES:  # others compare the same features, of many more images
        commands.append(["test", of_run, "--metrics.test_samples=300"])
    if not config.stem.startswith("classifier"):  # which draws no samples
        commands.append(["sample", of_run, "--num_samples=20"])
    on_the_device(*commands)


@pytest.mark.slow
@pytest.mark.parametrize("config", ["dcgan_digits", "vae_iris"])
def test_walks_exports_and_resumed_runs_keep_to_one_device(on_the_device, config, tmp_path):
    checkpoint = tmp_path / "lightning_logs" / config / "version_0" / "checkpoints/last.ckpt"
    of_run = f"--ckpt_path={checkpoint}"
    on_the_device(
        ["fit", f"--config={config}", *QUICK, "--metrics.num_samples=300"],
        ["interpolate", of_run],
        ["project", of_run],
        ["export", of_run, f"--output={tmp_path / 'g.safetensors'}"],
        ["fit", of_run, *QUICK, "--trainer.max_epochs=2"],
        ["fit", f"--config={config}", f"--init_from={checkpoint}", *QUICK],
    )


def test_the_device_refuses_to_meet_the_cpu(tmp_path):
    out = tmp_path / "out.txt"
    process = multiprocessing.get_context("fork").Process(target=_mix, args=(out,))
    process.start()
    process.join(60)
    if process.exitcode == CANNOT:
        pytest.skip("this PyTorch has no devices made of Python")
    assert process.exitcode == FAILED
    assert "aten.add.Tensor found tensors of the devices strict and cpu" in out.read_text()


def _mix(out):
    sys.stdout = sys.stderr = out.open("w", buffering=1)
    if not strict_device.emulate():
        sys.exit(CANNOT)
    here = torch.ones(3, device=strict_device.DEVICE)
    assert (here.cpu() + torch.ones(3)).tolist() == [2, 2, 2]
    assert (here + torch.tensor(1.0)).tolist() == [2, 2, 2]
    try:
        here + torch.ones(3)
    except RuntimeError:
        traceback.print_exc()
        sys.exit(FAILED)
