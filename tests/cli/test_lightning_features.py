"""Lightning's other features are supported, or refused in one sentence."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy

from gan_lightning.callbacks import Checkpoints, SamplePictures
from gan_lightning.callbacks.stop_signal import StopSignal
from gan_lightning.cli.devices import as_available, as_launched, check_strategy
from gan_lightning.errors import InputError

SMALL = [
    "--trainer.max_epochs=1",
    "--trainer.check_val_every_n_epoch=1",
    "--metrics.num_samples=20",
]
GAN = ["fit", "--model=GAN", "--data=Iris", *SMALL]
VAE = ["fit", "--model=VAE", "--data=Iris", *SMALL]


REFUSED = {
    "DDPStrategy expects every step to use all parameters": [
        "--trainer.strategy={class_path: DDPStrategy}"
    ],
    "ddp_spawn expects every step": ["--trainer.strategy=ddp_spawn"],
    "ddp_find_unused_parameters_false expects every step": [
        "--trainer.strategy=ddp_find_unused_parameters_false"
    ],
    "fsdp shards each weight over several devices": ["--trainer.strategy=fsdp"],
    "FSDPStrategy shards each weight": ["--trainer.strategy={class_path: FSDPStrategy}"],
    "deepspeed_stage_2 shards each weight": ["--trainer.strategy=deepspeed_stage_2"],
    "DeepSpeedStrategy shards each weight": ["--trainer.strategy=DeepSpeedStrategy"],
    "ModelParallelStrategy shards each weight": ["--trainer.strategy=ModelParallelStrategy"],
    "expected auto or ddp_find_unused_parameters_true, found 'dpp'": ["--trainer.strategy=dpp"],
    "trainer.accumulate_grad_batches cannot handle the players of GAN": [
        "--trainer.accumulate_grad_batches=2"
    ],
    "GradientAccumulationScheduler cannot handle the players of GAN": [
        "--trainer.callbacks+={class_path: GradientAccumulationScheduler, init_args: "
        "{scheduling: {1: 2}}}"
    ],
    "BatchSizeFinder cannot be used: ": ["--trainer.callbacks+=BatchSizeFinder"],
    "LearningRateFinder cannot be used: ": ["--trainer.callbacks+=LearningRateFinder"],
    "EMAWeightAveraging cannot be used: ": ["--trainer.callbacks+=EMAWeightAveraging"],
    "StochasticWeightAveraging cannot be used: ": [
        "--trainer.callbacks+={class_path: StochasticWeightAveraging, init_args: "
        "{swa_lrs: 0.1, device: null}}"
    ],
    "BackboneFinetuning cannot be used: ": ["--trainer.callbacks+=BackboneFinetuning"],
    "trainer.callbacks: GeneratorEMA occurs more than once": [
        "--trainer.callbacks+=GeneratorEMA",
        "--trainer.callbacks+=GeneratorEMA",
    ],
    "lr_scheduler: step_size must be a positive integer, found 0": [
        "--model.lr_scheduler=torch.optim.lr_scheduler.StepLR",
        "--model.lr_scheduler.step_size=0",
    ],
    "trainer.enable_checkpointing: every run keeps": ["--trainer.enable_checkpointing=false"],
    "pictures: expected settings such as --pictures.num_samples 100, found null": [
        "--pictures=null"
    ],
    "trainer.devices: expected the number of processes on a CPU": ["--trainer.devices=-1"],
    "SparseAdam needs sparse gradients": ["--model.g_optimizer=SparseAdam"],
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("words", "options"), REFUSED.items(), ids=range(len(REFUSED)))
def test_settings_that_two_players_cannot_use_are_refused_by_name(
    complaint, tmp_path, words, options
):
    assert words in complaint(*GAN, *options)
    assert not list(tmp_path.rglob("config.yaml"))


def test_a_timer_of_lightning_is_kept_with_the_run_and_resumed(run, tmp_path):
    run(*GAN, "--trainer.callbacks+=Timer", "--trainer.callbacks.duration=01:00:00:00")
    (checkpoint,) = tmp_path.rglob("last.ckpt")
    assert "interval: step" in (checkpoint.parents[1] / "config.yaml").read_text()
    run("fit", f"--ckpt_path={checkpoint}", "--trainer.max_epochs=2")


def test_gradients_of_one_loss_may_be_accumulated(run, tmp_path):
    run(*VAE, "--trainer.accumulate_grad_batches=2")
    assert list(tmp_path.rglob("last.ckpt"))


@pytest.mark.parametrize(
    "strategy",
    [
        *("auto", "ddp_find_unused_parameters_true", "ddp_spawn_find_unused_parameters_true"),
        DDPStrategy(find_unused_parameters=True),
        SingleDeviceStrategy(),
    ],
)
def test_a_strategy_that_expects_unused_parameters_is_accepted(strategy):
    check_strategy(strategy)


@pytest.fixture
def torchrun(monkeypatch):
    """Pose as a process that torchrun has started: so many on this machine, so many in all."""

    def torchrun(here, everywhere):
        for name, value in [
            ("TORCHELASTIC_RUN_ID", "x"),
            ("LOCAL_WORLD_SIZE", here),
            ("WORLD_SIZE", everywhere),
        ]:
            monkeypatch.setenv(name, str(value))

    return torchrun


@pytest.mark.parametrize(("here", "everywhere", "nodes"), [(2, 2, 1), (1, 1, 1), (2, 6, 3)])
@pytest.mark.parametrize("asked", [{}, {"devices": "auto"}, {"devices": -1}])
def test_the_number_of_devices_is_that_of_torchrun(torchrun, here, everywhere, nodes, asked):
    torchrun(here, everywhere)
    assert as_launched(asked) == {"devices": here, "num_nodes": nodes}


@pytest.mark.parametrize("asked", [{"devices": 3}, {"devices": [0]}, {"num_nodes": 2}])
def test_a_number_of_devices_other_than_torchruns_is_refused(torchrun, asked):
    torchrun(2, 2)
    with pytest.raises(InputError, match=r"torchrun has started .* leave trainer\.\w+ out"):
        as_launched(asked)


SHARED = {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_MAX_RESTARTS": "3"}


def test_restarts_that_would_meet_an_old_store_are_warned_of(torchrun, monkeypatch):
    torchrun(2, 2)
    for name, value in SHARED.items():
        monkeypatch.setenv(name, value)
    with pytest.warns(UserWarning, match="set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 for it"):
        as_launched({})


@pytest.mark.parametrize(
    "changed", [{"TORCHELASTIC_USE_AGENT_STORE": "False"}, {"TORCHELASTIC_MAX_RESTARTS": "0"}]
)
def test_a_store_of_its_own_or_no_restart_is_not_warned_of(torchrun, monkeypatch, changed):
    torchrun(2, 2)
    for name, value in (SHARED | changed).items():
        monkeypatch.setenv(name, value)
    assert as_launched({})["devices"] == 2


def test_without_torchrun_settings_stay_as_they_are():
    assert as_launched({"devices": "auto", "precision": "32"}) == {
        "devices": "auto",
        "precision": "32",
    }


HAVE_NOT = [
    ({"accelerator": "cuda", "devices": 2}, 1, {"devices": 1, "strategy": "auto"}),
    ({"accelerator": "gpu", "devices": [0, 3]}, 2, {"devices": 2, "strategy": "auto"}),
    ({"accelerator": "auto", "devices": "4"}, 1, {"devices": 1, "strategy": "auto"}),
    (
        {"accelerator": "cuda", "devices": 2},
        0,
        {"accelerator": "auto", "devices": "auto", "strategy": "auto"},
    ),
]


@pytest.mark.parametrize(("settings", "gpus", "instead"), HAVE_NOT)
def test_devices_that_this_machine_lacks_are_replaced_and_the_user_is_told(
    monkeypatch, settings, gpus, instead
):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.warns(UserWarning, match="The run had|which the run had"):
        assert as_available(settings) == instead


@pytest.mark.parametrize("settings", [{}, {"devices": "auto"}, {"devices": 2}, {"devices": 1}])
def test_devices_that_this_machine_has_are_kept(monkeypatch, settings):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert as_available({"accelerator": "cuda", **settings}) == {}


@pytest.mark.slow
def test_a_run_on_devices_that_are_gone_can_be_tested_and_resumed(run, tmp_path):
    run(*GAN)
    (last,) = tmp_path.rglob("last.ckpt")
    config = last.parent.parent / "config.yaml"
    content = (
        config.read_text()
        .replace("devices: auto", "devices: 4")
        .replace("accelerator: cpu", "accelerator: cuda")
    )
    assert "devices: 4" in content
    config.write_text(content)
    gone = "This machine has no cuda, which the run had|The run had trainer.devices 4"
    from gan_lightning.cli import main

    for command in (["test"], ["validate"], ["fit", "--trainer.max_epochs=2"]):
        with pytest.warns(UserWarning, match=gone):
            main([*command, f"--ckpt_path={last}"])
    with pytest.raises(SystemExit):  # what is typed is not replaced
        main(["test", f"--ckpt_path={last}", "--trainer.devices=99"])


def interrupted(run, monkeypatch, *args):
    """Run a command that is interrupted in its first batch."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("gan_lightning.models.GAN.training_step", interrupt)
    monkeypatch.setattr("gan_lightning.models.GAN.validation_step", interrupt)
    monkeypatch.setattr("gan_lightning.models.GAN.test_step", interrupt)
    with pytest.raises(SystemExit) as end:
        run(*args)
    return end.value.code


def test_an_interruption_says_so_and_exits_with_130(run, tmp_path, monkeypatch, capsys):
    run(*GAN)
    (last,) = tmp_path.rglob("last.ckpt")
    before = last.read_bytes()
    capsys.readouterr()
    for command in (GAN, ["test", f"--ckpt_path={last}"], ["validate", f"--ckpt_path={last}"]):
        assert interrupted(run, monkeypatch, *command) == 130
        assert "Error: Interrupted" in capsys.readouterr().err
    assert last.read_bytes() == before


def test_the_second_ctrl_c_interrupts_and_a_second_sigterm_does_not():
    stop = StopSignal()
    stop.listen()
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.signum == signal.SIGTERM
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    stop.release()


@pytest.mark.pictures
def test_a_stop_after_the_very_last_batch_loses_no_final_picture(
    run, tmp_path, monkeypatch, capsys
):
    drawn = []

    def draw(_pictures, _trainer, _model, last=False):
        drawn.extend(["final picture"] * last)

    monkeypatch.setattr(SamplePictures, "_draw", draw)
    monkeypatch.setattr(StopSignal, "received", lambda *_: True)
    monkeypatch.setattr(Checkpoints, "on_train_batch_end", lambda *_: None)
    run(*GAN)
    assert drawn == ["final picture"]
    assert "Finished after" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:  # one that has not ended is stopped
        run(*GAN, "--trainer.max_epochs=2")
    assert stop.value.code == 128 + signal.SIGTERM
    assert drawn == ["final picture"]


TWO = """
data: {class_path: Iris, init_args: {batch_size: 20}}
model: {class_path: GAN}
trainer:
  max_epochs: 100000
  devices: 2
  accelerator: cpu
  check_val_every_n_epoch: 1
  enable_progress_bar: false
  enable_model_summary: false
metrics: {num_samples: 20}
"""


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_where_one_process_of_two_is_killed_the_other_ends_with_a_sentence(
    tmp_path, environment, killed
):
    config, log = tmp_path / "two.yaml", tmp_path / "log"
    config.write_text(TWO)
    with log.open("w") as output, subprocess.Popen(
        [sys.executable, "-m", "gan_lightning", "fit", f"--config={config}"],
        cwd=tmp_path, env=environment, stdout=output, stderr=output, start_new_session=True,
    ) as first:  # fmt: skip
        last = tmp_path / "lightning_logs/two/version_0/checkpoints/last.ckpt"
        deadline = time.monotonic() + 120
        while not last.exists():
            assert first.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (second,) = children_of(first.pid)
        os.kill(second if killed else first.pid, signal.SIGKILL)
        first.wait(60)
        while os.path.exists(f"/proc/{second}/stat") and not killed:
            assert time.monotonic() < deadline + 60
            time.sleep(0.1)
    said = log.read_text()
    assert "because another process of this run has ended" in said
    assert "Traceback" not in said
    torch.load(last, weights_only=True)


def children_of(process):
    """Return the child processes of a process, from the process table of the system."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat") as table:
                parent = int(table.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == process:
            found.append(int(name))
    return found


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--trainer.max_steps=0", "Nothing was left to do: trainer.max_steps leaves no batch"),
        ("--trainer.limit_train_batches=0", "trainer.limit_train_batches leaves no batch"),
        ("--trainer.profiler=simple", "run_training_batch"),
    ],
)
def test_a_run_tells_what_it_did_and_did_not(run, capsys, option, words):
    run(*GAN, option)
    assert words in capsys.readouterr().out
