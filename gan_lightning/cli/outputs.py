"""Where commands that draw write their files, and the seed of what they draw."""

from collections.abc import Mapping
from pathlib import Path

import torch

from gan_lightning.cli.runs import Run
from gan_lightning.data import DataModule, Units
from gan_lightning.errors import InputError
from gan_lightning.export import Origin, figures_in


def output_of(
    output: str | None, checkpoint: str | Path | None, data: DataModule, name: str = "samples"
) -> Path:
    """Return the output of samples: the requested file, or a default one in the run's folder."""
    if output:
        return Path(output)
    return folder_of(Path(checkpoint or ".")) / f"{name}{data.file_ending}"


def export_output_of(output: str | None, checkpoint: str | Path | None) -> Path:
    """Return the output of an export: the requested file, or ``model.onnx`` in the run's folder."""
    return Path(output) if output else folder_of(Path(checkpoint or ".")) / "model.onnx"


def folder_of(checkpoint: Path) -> Path:
    """Return the folder of a checkpoint's run, or its own folder outside a run."""
    run = Run.of_checkpoint(checkpoint)
    return run.folder if run else checkpoint.absolute().parent


def origin_of(checkpoint: Path, fingerprint: Mapping[str, str]) -> Origin:
    """Return the origin of a checkpoint for a model card, as far as its run's folder shows."""
    run = Run.of_checkpoint(checkpoint)
    config = None
    if run is not None and run.config.is_file():
        config = run.config.read_text(encoding="utf-8", errors="replace")
    figures = figures_in(folder_of(checkpoint) / "metrics.json")
    return Origin(checkpoint.name, fingerprint, figures, config)


def check_output(units: Units, path: Path) -> None:
    """Refuse an ending without a format, and a folder of files that would mix with samples."""
    units.check_output(path)
    if path.is_dir() and any(path.iterdir()):
        raise InputError(f"--output: expected a new or an empty folder, found files in {path}.")


def seed_samples(seed: int | None) -> None:
    """Make samples repeatable, or different each time without a seed."""
    if seed is None:
        torch.seed()
    elif 0 <= seed < 2**63:
        torch.manual_seed(seed)
    else:
        raise InputError(f"--seed must lie in [0, 2^63), found {seed}.")
