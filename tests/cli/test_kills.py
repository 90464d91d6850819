"""A run that is killed at any moment loses nothing that it has saved, to the bit."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

EXPERIMENT = """
seed_everything: 3
data: {class_path: Iris, init_args: {batch_size: 32}}  # 4 batches an epoch
model:
  class_path: GAN
  init_args:
    generator: {class_path: MLPGenerator, init_args: {latent_dim: 4, hidden_dims: [8]}}
    discriminator: {class_path: MLPDiscriminator, init_args: {hidden_dims: [8]}}
trainer:
  max_epochs: 150
  accelerator: cpu
  check_val_every_n_epoch: 2
  log_every_n_steps: 3
  enable_progress_bar: false
  enable_model_summary: false
  callbacks:
    - {class_path: GeneratorEMA, init_args: {half_life: 500}}
metrics: {num_samples: 20}
pictures: {every_n_batches: 100000, num_samples: 10}
"""


def killed(tmp_path, environment, kills, seed):
    """Kill a run so often; return what its driver says of kills and of runs that ended."""
    config = tmp_path / "killed.yaml"
    config.write_text(EXPERIMENT)
    done = subprocess.run(
        [
            *(sys.executable, Path(__file__).with_name("kills.py"), config),
            *(tmp_path / f"seed_{seed}", str(kills), str(seed)),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [x for x in said if "signal" in x], [x for x in said if "ended" in x]


def assert_same(a, b, where):
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


def curve(checkpoint):
    events = EventAccumulator(str(Path(checkpoint).parents[1]), size_guidance={"scalars": 0})
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars("val/ks")]


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_nothing_that_was_saved_to_the_bit(tmp_path, environment):
    _, (through,) = killed(tmp_path, environment, 0, 0)
    expected = torch.load(through["ended"], weights_only=True)
    kills, runs = killed(tmp_path, environment, 60, 1)
    assert len(kills) == 60
    for before, after in pairwise(kills):  # what was saved once is never gone
        if before["run"] == after["run"] and before["held"] is not None:
            assert after["held"] >= before["held"]
    for run in runs:
        assert run["code"] == 0
        found = torch.load(run["ended"], weights_only=True)
        for part in ("state_dict", "optimizer_states", "callbacks", "random_states", "epoch"):
            assert_same(found[part], expected[part], part)
        assert curve(run["ended"]) == curve(through["ended"])
