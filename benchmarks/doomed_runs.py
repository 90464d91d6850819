"""Tiny runs that meet a fault, are resumed, and are compared with an undisturbed one.

A process is either forked from this one, which has imported everything, or a new one that runs the
command.
"""

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback
from processes import NOTHING, command, ended
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.callbacks import SamplePictures
from gan_lightning.checkpoint_files import load_checkpoint
from gan_lightning.cli import main
from gan_lightning.errors import InputError

Curves = dict[str, list[tuple[int, float]]]
End = tuple[dict[str, Any], Curves]

EXPERIMENT = """
seed_everything: 3
data: {{class_path: Iris, init_args: {{batch_size: 32, species_column: true}}}}
model: {{class_path: {name}, init_args: {settings}}}
trainer:
  max_epochs: 20
  accelerator: cpu
  check_val_every_n_epoch: 2
  log_every_n_steps: 3
  enable_progress_bar: false
  enable_model_summary: false
  callbacks: {callbacks}
metrics: {{num_samples: 20}}
pictures: {{num_samples: 10}}
"""
MODELS = {
    "GAN": "{}",
    "WGANGP": "{n_critic: 5}",
    "R3GAN": "{generator: LabelledGenerator, discriminator: ProjectionDiscriminator}",
    "VAE": "{warm_up_batches: 30}",
    "WarmStartedGAN": "{sampler: {class_path: GaussianMixture, init_args: {num_components: 2}}, "
    "reconstruction_batches: 35, game_batches: 40}",
}
"""The models and their settings; R3GAN gets labels and has its two penalties."""

PHASES = {"reconstruction": range(35), "game": range(35, 75)}
"""Batches of the warm start's phases."""

BATCHES = 75
"""Fewest batches of a run."""

PARTS = (
    *("state_dict", "optimizer_states", "lr_schedulers", "callbacks", "random_states"),
    *("epoch", "global_step"),
)
"""What must be equal in two checkpoints."""


class Run:
    """A run that can be interrupted and resumed again and again.

    Args:
        name: Its model.
        root: Folder for its files; created if missing.

    Attributes:
        output: File beside that folder, which takes the output of its processes.
    """

    def __init__(self, name: str, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        callbacks = "[]" if name == "VAE" else "[GeneratorEMA]"
        text = EXPERIMENT.format(name=name, settings=MODELS[name], callbacks=callbacks)
        self.name, self.root, self.config = name, root, root / f"{name}.yaml"
        self.config.write_text(text, encoding="utf-8")
        self.folder = root / "lightning_logs" / name / "version_0"
        self.output = root.parent / "output"

    @property
    def last(self) -> Path:
        """Return where its last checkpoint is, if there is one."""
        return self.folder / "checkpoints" / "last.ckpt"

    def go_on(self, arrange: Callable[[], object] = lambda: None) -> int:
        """Start it, or resume it in a forked process, and return that process.

        Args:
            arrange: What the process does first.
        """
        words = self._words()
        process = os.fork()
        if process == 0:
            _fit(words, self.output, arrange)
        return process

    def start(self, variables: Mapping[str, str] = NOTHING) -> int:
        """Start or resume it with the command in a new process, and return that process.

        Args:
            variables: Environment variables to add to those of this process.
        """
        return command(["fit", *self._words()], self.output, variables)

    def _words(self) -> list[str]:
        """Return the arguments with which ``fit`` starts it, or resumes its checkpoint if any."""
        if self.last.exists():
            return [f"--ckpt_path={self.last}"]
        shutil.rmtree(self.folder, ignore_errors=True)  # nothing was saved, and nothing is lost
        return [f"--config={self.config}", f"--trainer.default_root_dir={self.root}"]

    def fit(self, arrange: Callable[[], object] = lambda: None) -> int:
        """Run it until its process ends, and return the exit code, or minus the signal."""
        return ended(self.go_on(arrange))

    def move_to(self, root: Path) -> None:
        """Move its whole folder, so that it is resumed from the new path."""
        self.folder = self.folder.rename(root / "moved")

    def batches(self) -> int:
        """Return how many batches its last checkpoint holds.

        Raises:
            InputError: If a checkpoint is damaged.
        """
        best = self.last.with_name("best.ckpt")
        if best.exists():
            load_checkpoint(best)
        if not self.last.exists():
            return 0
        loops = load_checkpoint(self.last)["loops"]["fit_loop"]
        return int(loops["epoch_loop.batch_progress"]["total"]["ready"])

    def end(self) -> End:
        """Return the content of its last checkpoint, and its curves."""
        checkpoint = load_checkpoint(self.last)
        events = EventAccumulator(str(self.folder), size_guidance={"scalars": 0}).Reload()
        tags = set(events.Tags()["scalars"]) - {"train/points_per_second"}
        curves = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags}
        return {part: checkpoint[part] for part in PARTS if part in checkpoint}, curves

    def holds(self) -> int:
        """Return how many batches it holds, or -1 if a checkpoint is damaged."""
        try:
            return self.batches()
        except InputError:
            return -1

    def ended_as(self, expected: End) -> bool:
        """Return whether it ended exactly as another one did, bit for bit."""
        try:
            return same(self.end(), expected)
        except (InputError, OSError):
            return False


def _fit(words: list[str], output: Path, arrange: Callable[[], object]) -> None:
    """Fit, and end this process."""
    code = 1
    try:
        speak_into(output)
        torch.set_num_threads(1)
        arrange()
        main(["fit", *words])
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except KeyboardInterrupt:  # before the run handles signals
        code = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def speak_into(output: Path) -> None:
    """Send the output of this process to a file from now on, even under pytest's capture."""
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    # pytest's own streams write elsewhere than to these two
    sys.stdout, sys.stderr = (
        os.fdopen(stream, "w", buffering=1, closefd=False) for stream in (1, 2)
    )


def without_pictures() -> None:
    """Draw no pictures in this process: they would take two thirds of so short a run."""
    for hook in ("on_train_start", "on_train_batch_end", "on_train_end"):
        setattr(SamplePictures, hook, getattr(Callback, hook))


def same(a: Any, b: Any) -> bool:
    """Return whether nested values are equal, tensors bit for bit."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return torch.equal(a, b)
    return bool(a == b)
