"""What ``sample`` is asked for: where to, of which labels, how repeatable."""

from pathlib import Path

import torch

from gan_lightning.cli.runs import Run
from gan_lightning.data import DataModule, Units
from gan_lightning.errors import InputError
from gan_lightning.models import GenerativeModel


def output_of(
    output: str | None, checkpoint: str | Path | None, data: DataModule, name: str = "samples"
) -> Path:
    """Return where samples go: what was asked for, or a file of that name in the run's folder."""
    if output:
        return Path(output)
    path = Path(checkpoint or ".")
    run = Run.of_checkpoint(path)
    folder = run.folder if run else path.absolute().parent
    return folder / f"{name}{data.file_ending}"


def check_output(units: Units, path: Path) -> None:
    """Refuse an ending of no format, and a folder of files among which samples would be lost."""
    units.check_output(path)
    if path.is_dir() and any(path.iterdir()):
        raise InputError(f"--output: expected a new or an empty folder, found files in {path}.")


def seed_samples(seed: int | None) -> None:
    """Make samples repeatable, or different each time where there is no seed."""
    if seed is None:
        torch.seed()
    elif 0 <= seed < 2**63:
        torch.manual_seed(seed)
    else:
        raise InputError(f"--seed must lie in [0, 2^63), found {seed}.")


def asked_labels(
    model: GenerativeModel, units: Units, wanted: str | None, num_samples: int
) -> torch.Tensor | None:
    """Return a label for each sample of a conditional model, None for another model."""
    num_classes = model.num_classes
    if num_classes is None:
        if wanted is not None:
            raise InputError(f"--labels: {type(model).__name__} is not a conditional model.")
        return None
    if wanted is None:
        return model.random_labels(num_samples).cpu()
    names = [name.strip() for name in wanted.split(",")]
    labels = torch.tensor([units.label(name, num_classes) for name in names])
    return labels.repeat(-(-num_samples // len(labels)))[:num_samples]
