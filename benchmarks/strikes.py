"""Faults that hit a process while it trains: where, when, and on which models they are tried."""

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doomed_runs import MODELS, PHASES, Run, without_pictures
from processes import import_seconds, kill_after

from gan_lightning import files, models
from gan_lightning.callbacks import picture_files
from gan_lightning.callbacks.sample_metrics import SampleMetrics

KILLED = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, 128 + signal.SIGTERM, 130)
"""How a process ends when a fault has hit it."""

WITH_PICTURES = 3
"""A run that draws pictures, as the command does, takes this many times as long."""

Strike = Callable[[Run, random.Random, float], int]
"""Continues a run until a fault hits it, or to its end; gets the CPU seconds of a whole run."""


def die() -> None:
    """Kill this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def at_random(*signals: int) -> Strike:
    """Return a fault that comes from outside, at a random moment of a process's life."""

    def strike(run: Run, chance: random.Random, seconds: float) -> int:
        life = chance.uniform(0, seconds)
        return kill_after(run.go_on(without_pictures), life, chance.choice(signals))

    return strike


def in_a_new_process(run: Run, chance: random.Random, seconds: float) -> int:
    """Kill the command, not a fork of this process, at a random moment after its imports."""
    life = import_seconds(run.output) + chance.uniform(0, WITH_PICTURES * seconds)
    return kill_after(run.start(), life, signal.SIGKILL)


def at_call(owner: Any, name: str, after: bool = False, pictures: bool = False) -> Strike:
    """Return a kill at one of the next four calls of a function, before it or after it."""

    def strike(run: Run, chance: random.Random, seconds: float) -> int:
        left = chance.randint(1, 4)

        def arrange() -> None:
            function = getattr(owner, name)

            def deadly(*args: Any, **kwargs: Any) -> Any:
                nonlocal left
                left -= 1
                if left == 0 and not after:
                    die()
                found = function(*args, **kwargs)
                if left == 0:
                    die()
                return found

            setattr(owner, name, deadly)
            if not pictures:
                without_pictures()

        return run.fit(arrange)

    return strike


def in_half_a_write(run: Run, chance: random.Random, seconds: float) -> int:
    """Kill a run when some of a checkpoint's bytes have been written."""
    left, share = chance.randint(1, 4), chance.random()

    def arrange() -> None:
        write = Path.write_bytes

        def deadly(path: Path, content: bytes) -> int:
            nonlocal left
            left -= path.suffix == ".ckpt"
            if left > 0:
                return write(path, content)
            write(path, content[: int(share * len(content))])
            die()
            return 0

        Path.write_bytes = deadly  # type: ignore[assignment, method-assign]
        without_pictures()

    return run.fit(arrange)


def in_step(batches: range) -> Strike:
    """Return a kill at the end of a training step, at one of some batches yet to come.

    That is before anything is logged for the step; if all of them are past, nothing is killed.
    """

    def strike(run: Run, chance: random.Random, seconds: float) -> int:
        left = [batch for batch in batches if batch >= run.batches()]
        at = chance.choice(left) if left else None
        model = getattr(models, run.name)

        def arrange() -> None:
            step = model.training_step

            def deadly(self: Any, batch: Any, batch_idx: int) -> Any:
                found = step(self, batch, batch_idx)
                if self.trainer.fit_loop.total_batch_idx == at:
                    die()
                return found

            model.training_step = deadly
            without_pictures()

        return run.fit(arrange)

    return strike


ALL = tuple(MODELS)
WARM = ("WarmStartedGAN",)
VALIDATION = (SampleMetrics, "on_validation_epoch_end")
STRIKES: dict[str, tuple[Strike, tuple[str, ...], int]] = {
    "SIGKILL at a random moment": (at_random(signal.SIGKILL), ALL, 6),
    "SIGKILL of a new process at a random moment": (in_a_new_process, ALL, 2),
    "SIGTERM or Ctrl-C at a random moment": (at_random(signal.SIGTERM, signal.SIGINT), ALL, 3),
    "SIGKILL in a step of the reconstruction": (in_step(PHASES["reconstruction"]), WARM, 1),
    "SIGKILL in a step of the game after it": (in_step(PHASES["game"]), WARM, 1),
    "SIGKILL in half a write of a checkpoint": (in_half_a_write, ALL, 2),
    "SIGKILL before the flush of a checkpoint": (at_call(files, "_flush"), ALL, 1),
    "SIGKILL before the rename of a checkpoint": (at_call(Path, "replace"), ALL, 1),
    "SIGKILL after the rename of a checkpoint": (at_call(Path, "replace", after=True), ALL, 1),
    "SIGKILL in a validation": (at_call(*VALIDATION), ALL, 1),
    "SIGKILL in the write of a picture": (
        at_call(picture_files, "replacing", pictures=True),
        ("GAN", "VAE"),
        1,
    ),
}
"""Kinds of kills: what strikes, on which models in turn, and its share of all kills."""
