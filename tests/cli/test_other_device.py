"""No command mixes devices: each runs on one that refuses to meet the CPU, as a GPU does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
REPRESENTATIVES = {"csv", "dcgan_digits"}
EVERYWHERE = [
    "--trainer.accelerator=strict",
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


@pytest.fixture(scope="module")
def device():
    """A process that has imported everything, and forks others for the device."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GAN_LIGHTNING_DEBUG": "1"}
    program = Path(__file__).with_name("strict_device.py")
    with subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def asked(device, tmp_path):
    """Let the device work, and return the exit code and the output."""

    def asked(commands):
        out = tmp_path / "out.txt"
        device.stdin.write(json.dumps([commands, str(out)]) + "\n")
        device.stdin.flush()
        code = int(device.stdout.readline())
        if code == CANNOT:
            pytest.skip("this PyTorch has no devices made of Python")
        return code, out.read_text()

    return asked


@pytest.fixture
def on_the_device(asked, tmp_path):
    """Run commands one after another on the device."""

    def on_the_device(*commands):
        where = [*EVERYWHERE, f"--trainer.default_root_dir={tmp_path}"]
        code, said = asked([[*command, *where] for command in commands])
        assert code == FINE, said[-3000:]

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
    if config.stem == "dcgan_digits":  # others compare many more points, or with forests
        commands.append(["test", of_run, "--metrics.test_samples=300"])
    if not config.stem.startswith("classifier"):  # which draws no samples
        commands.append(["sample", of_run, "--num_samples=20"])
    on_the_device(*commands)


@pytest.mark.slow
def test_a_table_is_judged_on_one_device(on_the_device, tmp_path, data_at_hand, narrower):
    config = ROOT / "configs" / "csv.yaml"
    few = [*data_at_hand(config), *narrower(config), *QUICK, "--metrics.num_samples=300"]
    checkpoint = tmp_path / "lightning_logs" / "csv" / "version_0" / "checkpoints" / "last.ckpt"
    judge = ["test", f"--ckpt_path={checkpoint}", "--metrics.test_samples=300"]
    on_the_device(["fit", f"--config={config}", *few], judge)


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


def test_the_device_refuses_to_meet_the_cpu(asked):
    code, said = asked("meeting")
    assert code == FAILED
    assert "aten.add.Tensor found tensors of the devices strict and cpu" in said
