"""What a run of several processes says, refuses and does differently when their number changes."""

import os
import re
import signal
import subprocess
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import nn
from torch.distributed import DistBackendError, DistNetworkError, DistStoreError

from gan_lightning.callbacks import Checkpoints, RandomState
from gan_lightning.cli import main
from gan_lightning.cli.actions import Actions
from gan_lightning.cli.devices import (
    check_synchronised_statistics,
    is_needed,
    local_statistics,
)
from gan_lightning.cli.start_report import StartReport
from gan_lightning.cli.trainer import GenerativeTrainer
from gan_lightning.cli.training_errors import naming_the_cause
from gan_lightning.data import GaussianRing
from gan_lightning.errors import InputError
from gan_lightning.models import GAN

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


def model(*norms):
    networks = {
        f"network_{i}": nn.Sequential(nn.Linear(3, 3), norm) for i, norm in enumerate(norms)
    }
    return nn.ModuleDict(networks)


def test_networks_with_statistics_of_one_process_are_named_in_order():
    norms = [nn.BatchNorm1d(3), nn.LayerNorm(3), nn.BatchNorm2d(3), nn.SyncBatchNorm(3)]
    assert local_statistics(model(*norms)) == ["network_0", "network_2"]


SAID = "network_0: batch statistics of each process alone, not of all"


@pytest.mark.parametrize(
    ("processes", "norm", "device", "lines"),
    [
        (1, nn.BatchNorm1d(3), CPU, []),
        (2, nn.LayerNorm(3), CPU, []),
        (2, nn.SyncBatchNorm(3), CUDA, []),
        (2, nn.BatchNorm1d(3), CPU, [f"  batches   {SAID} 2"]),
        (
            4,
            nn.BatchNorm2d(3),
            CUDA,
            [f"  batches   {SAID} 4; --trainer.sync_batchnorm true shares them"],
        ),
    ],
)
def test_a_line_says_where_batch_statistics_differ_between_processes(
    monkeypatch, processes, norm, device, lines
):
    said = []
    for part in ("_place", "_described", "_networks", "_device", "data_of", "advice"):
        monkeypatch.setattr(f"gan_lightning.cli.start_report.{part}", lambda *_: "")
    monkeypatch.setattr("gan_lightning.cli.start_report.say", said.append)
    trainer = SimpleNamespace(
        is_global_zero=True,
        ckpt_path=None,
        world_size=processes,
        strategy=SimpleNamespace(root_device=device),
    )
    StartReport().on_fit_start(trainer, model(norm))
    assert [line for line in said[0].splitlines() if "statistics" in line] == lines


@pytest.mark.parametrize(
    ("asked", "processes", "device"), [(True, 1, CPU), (True, 2, CUDA), (False, 2, CPU)]
)
def test_batch_statistics_are_shared_where_pytorch_can(asked, processes, device):
    check_synchronised_statistics(asked, processes, device)


@pytest.mark.slow
def test_shared_batch_statistics_on_several_cpus_are_refused_in_a_sentence(complaint):
    said = complaint(
        "fit",
        *("--config=dcgan_mnist", "--trainer.devices=2", "--trainer.sync_batchnorm=true"),
    )
    assert "PyTorch synchronises batch statistics on GPUs only, and this run has 2" in said


def test_batch_statistics_are_not_shared_where_pytorch_cannot():
    with pytest.raises(InputError, match="on GPUs only, and this run has 4 processes on CPUs"):
        check_synchronised_statistics(True, 4, CPU)


def loaded_by(processes, now, rank=0, batches=10):
    """The first random number of a rank that resumes from a checkpoint of so many processes."""
    torch.manual_seed(5)
    trainer = SimpleNamespace(
        world_size=now, global_rank=rank, fit_loop=SimpleNamespace(total_batch_idx=batches)
    )
    state = RandomState()
    one = {}
    state.on_save_checkpoint(SimpleNamespace(world_size=1), None, one)
    loaded = {} if processes is None else {"random_states": one["random_states"] * processes}
    state.on_load_checkpoint(trainer, None, loaded)
    state.on_train_start(trainer, None)
    return torch.rand(()).item()


@pytest.mark.parametrize(("before", "now"), [(1, 2), (2, 1), (4, 2)])
def test_another_number_of_processes_draws_new_numbers_and_says_so(before, now):
    def said():
        number = "1 process" if before == 1 else f"{before} processes"
        return pytest.warns(UserWarning, match=f"written by {number}, and this run has {now}: .*")

    torch.manual_seed(5)
    of_the_start = torch.rand(()).item()
    with said():
        drawn = [loaded_by(before, now, rank) for rank in range(now)]
        again = [loaded_by(before, now, rank) for rank in range(now)]
        later = loaded_by(before, now, batches=11)
    assert drawn == again
    assert len({*drawn, later, of_the_start}) == now + 2


def test_the_same_number_of_processes_continues_its_numbers_in_silence():
    torch.manual_seed(5)
    of_the_state = torch.rand(()).item()
    assert loaded_by(1, 1) == loaded_by(3, 3, rank=2) == of_the_state


ENDED, SILENT = "another process of this run has ended", "of this run did not answer in time"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("[pair.cc:547] Connection closed by peer [127.0.0.1]:1234"), ENDED),
        (RuntimeError("Application timeout caused pair closure"), SILENT),
        (
            RuntimeError("[gloo/buffer.cc:81] Timed out waiting 5000ms for recv operation"),
            SILENT,
        ),
        (DistStoreError("wait timeout after 5000ms, keys: /default_pg/0//cpu//0/1"), SILENT),
        (DistNetworkError("Failed to recv, got 0 bytes."), ENDED),
        (DistBackendError("NCCL communicator was aborted on rank 1."), ENDED),
        (DistBackendError("Watchdog caught collective operation timeout"), SILENT),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_error_of_the_connection_says_whether_the_other_process_is_gone_or_silent(error, said):
    trainer = SimpleNamespace(global_rank=1, logger=None, log_dir=None)
    sentence = pytest.raises(InputError, match=f"^Process 1 cannot .*{said}")
    with sentence as found, naming_the_cause(trainer):
        raise error
    assert found.value.__cause__ is error


def test_another_runtime_error_keeps_its_own_words():
    trainer = SimpleNamespace(global_rank=1, logger=None, log_dir=None)
    with pytest.raises(RuntimeError, match="size mismatch"), naming_the_cause(trainer):
        raise RuntimeError("size mismatch")


def test_several_processes_wait_ten_minutes_for_one_or_as_long_as_requested():
    several = {"accelerator": "cpu", "devices": 2, "logger": False}
    assert GenerativeTrainer(**several).strategy._timeout == timedelta(minutes=10)
    asked = DDPStrategy(find_unused_parameters=True, timeout=timedelta(hours=2))
    assert GenerativeTrainer(strategy=asked, **several).strategy is asked


def test_a_time_to_wait_is_typed_as_the_page_on_scaling_says(monkeypatch, tmp_path):
    found = []
    monkeypatch.setattr(GenerativeTrainer, "fit", lambda self, **_: found.append(self.strategy))
    monkeypatch.setattr(Actions, "after_fit", lambda self: None)
    page = (EXAMPLES.parent / "docs" / "scaling.md").read_text(encoding="utf-8")
    (words,) = re.findall(r"`(--trainer\.strategy DDPStrategy[^`]*)`", page)
    main(
        [
            *("fit", "--config=gan_iris", "--trainer.accelerator=cpu", "--trainer.devices=2"),
            *(f"--trainer.default_root_dir={tmp_path}", *words.split()),
        ]
    )
    assert found[0]._timeout == timedelta(hours=1)
    assert found[0]._ddp_kwargs["find_unused_parameters"] is True


@pytest.mark.parametrize("rank", [0, 1])
def test_a_command_that_draws_works_on_one_process_and_says_what_the_others_do(rank):
    trainer = SimpleNamespace(world_size=4, is_global_zero=rank == 0)
    with pytest.warns(UserWarning, match="^sample works on one device; the 3 others have nothing"):
        assert is_needed(trainer, "sample") == (rank == 0)
    assert is_needed(SimpleNamespace(world_size=1, is_global_zero=True), "sample")


class Places(Callback):
    """Records each batch and each validation, and stops the run after some batches."""

    def __init__(self, stop_after=None):
        self.stop_after, self.events = stop_after, []

    def on_train_batch_start(self, trainer, model, batch, batch_idx):
        self.events.append((trainer.current_epoch, batch_idx, len(batch[0])))
        if len(self.events) == self.stop_after:
            os.kill(os.getpid(), signal.SIGTERM)

    def on_validation_end(self, trainer, model):
        self.events.append("validation")


def trained(folder, batch_size, ckpt_path=None, stop_after=None):
    places = Places(stop_after)
    trainer = GenerativeTrainer(
        accelerator="cpu",
        max_epochs=2,
        logger=TensorBoardLogger(folder, "run"),
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[places, RandomState(), Checkpoints()],
    )
    data = GaussianRing(num_samples=64, batch_size=batch_size)
    trainer.fit(GAN((2,)), datamodule=data, ckpt_path=ckpt_path, weights_only=True)
    return places.events


@pytest.mark.filterwarnings("ignore:.*log_every_n_steps|.*num_workers")
@pytest.mark.parametrize(("stop_after", "batch_size"), [(3, 4), (3, 8), (3, 16), (7, 16)])
def test_an_epoch_continues_where_it_stopped_with_batches_of_another_size(
    tmp_path, stop_after, batch_size
):
    with pytest.raises(SIGTERMException):
        trained(tmp_path, 8, stop_after=stop_after)
    events = trained(tmp_path, batch_size, next(tmp_path.rglob("last.ckpt")))
    batches = 64 // batch_size
    first = stop_after * 8 // batch_size  # a batch that was seen in part is repeated as a whole
    of_epoch_0 = [(0, i, batch_size) for i in range(first, batches)]
    of_epoch_1 = [(1, i, batch_size) for i in range(batches)]
    assert events == [*of_epoch_0, "validation", *of_epoch_1, "validation"]


@pytest.fixture
def commands(tmp_path, environment):
    """Run a script whose commands only record their arguments, and return the record."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (tmp_path / "examples").symlink_to(EXAMPLES)
    log = tmp_path / "log"
    bodies = {
        "python": f'echo "python $*" >> {log}; exit ${{CODE:-0}}',
        "srun": 'shift; exec "$@"',
        "scontrol": f'echo "scontrol $*" >> {log}',
    }
    for name, body in bodies.items():
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)

    def commands(script, *args, **variables):
        log.unlink(missing_ok=True)
        path = f"{programs}{os.pathsep}{environment['PATH']}"
        subprocess.run(
            ["bash", EXAMPLES / script, *args],
            cwd=tmp_path,
            env={**environment, "PATH": path, **variables},
            timeout=60,
            check=False,
        )
        return log.read_text().splitlines()

    return commands


FIT = "python -m gan_lightning fit --config"


def test_a_job_that_is_started_again_resumes_where_there_is_a_checkpoint(commands, tmp_path):
    args = "r3gan_ring", "--trainer.max_epochs", "3"
    rest = "--trainer.max_epochs 3"
    assert commands("fit_or_resume.sh", *args) == [f"{FIT} r3gan_ring {rest}"]
    last = tmp_path / "lightning_logs" / "r3gan_ring" / "version_0" / "checkpoints" / "last.ckpt"
    last.parent.mkdir(parents=True)
    assert commands("fit_or_resume.sh", *args) == [f"{FIT} r3gan_ring {rest}"]
    last.touch()
    assert commands("fit_or_resume.sh", *args) == [f"{FIT} r3gan_ring --ckpt_path last {rest}"]
    (by_path,) = commands("fit_or_resume.sh", "configs/r3gan_ring.yaml")
    assert by_path == f"{FIT} configs/r3gan_ring.yaml --ckpt_path last"
    assert commands("fit_or_resume.sh", "gan_iris") == [f"{FIT} gan_iris"]


@pytest.mark.parametrize(("code", "requeued"), [("0", []), ("1", []), ("143", ["7"])])
def test_a_slurm_job_says_how_many_processes_there_are_and_goes_back_to_the_queue_when_stopped(
    commands, code, requeued
):
    slurm = {"SLURM_NNODES": "2", "SLURM_NTASKS_PER_NODE": "4", "SLURM_JOB_ID": "7"}
    first, *others = commands("slurm.sh", "r3gan_ring", **slurm, CODE=code)
    assert first == f"{FIT} r3gan_ring --trainer.num_nodes 2 --trainer.devices 4"
    assert others == [f"scontrol requeue {job}" for job in requeued]
