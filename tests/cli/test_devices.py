"""Several devices: a strategy that works, different random numbers, equal weights."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch


@pytest.mark.slow  # tests/cli/test_ranks.py forks its processes
@pytest.mark.parametrize("model_class", ["GAN", "R3GAN"])
def test_two_ranks_draw_their_own_numbers_and_keep_equal_weights(
    tmp_path, environment, model_class
):
    script = Path(__file__).with_name("two_ranks.py")
    done = subprocess.run(
        [sys.executable, script, model_class, tmp_path, "2"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,  # a process waits ten minutes for the other
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads((tmp_path / "ranks.json").read_text())
    first, second = seen["ranks"]
    assert seen["find_unused"] == {"find_unused_parameters": True}
    assert first["weights"] == second["weights"]
    assert first["ks"] == second["ks"]
    assert not set(first["latents"]) & set(second["latents"])
    assert not set(first["real"]) & set(second["real"])
    assert not set(first["samples"]) & set(second["samples"])
    assert first["points_seen"] == 1024  # 2 epochs of 512 points, over both ranks
    assert len(first["real"]) == len(second["real"]) == 16  # 2 epochs of 512 / (2 · 32) batches
    checkpoint = torch.load(
        tmp_path / "run" / "version_0" / "checkpoints" / "last.ckpt", weights_only=True
    )
    a, b = checkpoint["random_states"]
    assert a["torch"] != b["torch"]
