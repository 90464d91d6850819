"""A job that torchrun restarts after one of its processes was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "examples" / "fit_or_resume.sh"

TINY = """
seed_everything: 3
data: {class_path: GaussianRing, init_args: {num_samples: 128, batch_size: 16}}  # 4 batches a rank
model: {class_path: GAN}
trainer:
  max_epochs: 30
  accelerator: cpu
  check_val_every_n_epoch: 2
  enable_progress_bar: false
  enable_model_summary: false
  callbacks: [{class_path: killed_once.KilledOnce}]
metrics: {num_samples: 20}
"""
KILLED_ONCE = """
import os, signal
from pathlib import Path
from lightning.pytorch import Callback

class KilledOnce(Callback):
    def on_train_batch_start(self, trainer, *_):
        at = os.environ.get("KILLED_AT", "").partition(":")
        here = (str(trainer.global_rank), str(trainer.fit_loop.total_batch_idx))
        if here == (at[0], at[2]) and not Path("killed").exists():
            Path("killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
"""


def by_torchrun(folder, environment, **variables):
    """Train two processes by the script of a job that may be restarted; return the checkpoint."""
    pytest.importorskip("torch.distributed.run")
    folder.mkdir()
    (folder / "tiny.yaml").write_text(TINY)
    (folder / "killed_once.py").write_text(KILLED_ONCE)
    bin_of_python = str(Path(sys.executable).parent)
    paths = {
        "PYTHONPATH": os.pathsep.join([environment["PYTHONPATH"], str(folder)]),
        "PATH": os.pathsep.join([bin_of_python, environment["PATH"]]),
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    options = ["--nproc-per-node=2", "--max-restarts=3", "--standalone", "--no-python"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", *options]
    done = subprocess.run(
        [*torchrun, SCRIPT, "tiny.yaml"],
        cwd=folder,
        env={**environment, **paths, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "did not answer in time" not in done.stderr  # the first restart succeeds
    (last,) = folder.rglob("last.ckpt")
    return torch.load(last, weights_only=True)


@pytest.mark.slow
def test_a_job_that_torchrun_restarts_after_a_kill_ends_as_one_without(tmp_path, environment):
    expected = by_torchrun(tmp_path / "whole", environment)
    found = by_torchrun(tmp_path / "restarted", environment, KILLED_AT="1:50")
    assert (tmp_path / "restarted" / "killed").exists()
    assert len(list((tmp_path / "restarted").rglob("events*"))) > 1  # the run continued
    assert found["global_step"] == expected["global_step"] == 240
    for name, weights in expected["state_dict"].items():
        assert torch.equal(found["state_dict"][name], weights), name
