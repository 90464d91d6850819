"""The model that a command draws from, restored from its checkpoint."""

from pathlib import Path
from typing import Any

import torch

from gan_lightning.checkpoint_files import load_checkpoint, restoring
from gan_lightning.data import DataModule
from gan_lightning.errors import InputError
from gan_lightning.models import ConfiguredModule, GenerativeModel


def drawing_model(
    model: ConfiguredModule, ckpt_path: str | None, number: int = 1, command: str = "sample"
) -> tuple[GenerativeModel, Path]:
    """Return a command's model and checkpoint.

    Raises:
        InputError: If there is no checkpoint, if the model draws no samples, or if a number is
            below 1.
    """
    if ckpt_path is None:
        raise InputError(f"{command} needs --ckpt_path: a checkpoint, or last, the newest run's.")
    if not isinstance(model, GenerativeModel):
        raise InputError(f"{command}: {type(model).__name__} is not a model that draws samples.")
    if number < 1:
        option = {"interpolate": "num_lines", "project": "num_points"}.get(command, "num_samples")
        raise InputError(f"--{option} must be a positive integer, found {number}.")
    return model, Path(ckpt_path)


def restore(
    model: ConfiguredModule, data: DataModule, checkpoint: Path, device: torch.device
) -> dict[str, Any]:
    """Restore a model on a device, learn the units of its data, and return the checkpoint."""
    held = load_checkpoint(checkpoint)
    with restoring(checkpoint):
        model.on_load_checkpoint(held)
        model.load_state_dict(held["state_dict"])
    model.to(device)
    data.setup_units()
    return held
