"""Kills a run again and again at random moments and goes on with it: run by test_kills.py.

A process is forked for each attempt, which spares it the imports.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import torch

from gan_lightning.checkpoint_files import load_checkpoint
from gan_lightning.cli import main

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
LONGEST = 8.0
"""Seconds that an attempt lives at most, its start included."""


def attempt(config, root, last):
    """Start or go on in a process of its own, and return its id."""
    process = os.fork()
    if process:
        return process
    output = os.open(root.parent / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    torch.set_num_threads(1)
    go_on = [f"--ckpt_path={last}"] if last.exists() else []
    code = 1
    try:
        main(["fit", f"--config={config}", f"--trainer.default_root_dir={root}", *go_on])
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        os._exit(code)


def ended(process, seconds):
    """Wait so long for a process; return its status, or None if it still runs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return status
        time.sleep(0.01)
    return None


def say(**line):
    """Print a line of JSON."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def kill_and_go_on(config: Path, root: Path, kills: int, seed: int) -> None:
    """Kill a run so often; print a line of JSON for each kill and each run that has ended."""
    chance = random.Random(seed)
    number = 0
    while number == 0 or kills > 0:
        number += 1
        place = root / f"run_{number}"
        last = place / "lightning_logs" / config.stem / "version_0" / "checkpoints" / "last.ckpt"
        place.mkdir(parents=True)
        while True:
            life = chance.uniform(0, LONGEST) if kills > 0 else 600
            process = attempt(config, place, last)
            status = ended(process, life)
            if status is not None:
                break
            sent = chance.choice(SIGNALS)
            os.kill(process, sent)
            if ended(process, 60) is None:
                raise TimeoutError(f"{sent} did not end the run")
            kills -= 1
            held = load_checkpoint(last)["global_step"] if last.exists() else None
            if (best := last.with_name("best.ckpt")).exists():
                load_checkpoint(best)
            say(run=number, signal=sent, after=life, held=held)
            if held is None:  # nothing was saved, and nothing is lost
                shutil.rmtree(place)
                place.mkdir()
        say(ended=str(last), code=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    kill_and_go_on(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
