"""The report at the start of training."""

from itertools import chain, repeat
from pathlib import Path
from textwrap import wrap

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from gan_lightning.callbacks.run_folder import data_of, run_folder
from gan_lightning.callbacks.run_settings import num_weights
from gan_lightning.cli.advice import advice
from gan_lightning.cli.devices import local_statistics
from gan_lightning.cli.report import say, shortest
from gan_lightning.data import DataModule

WIDTH = 100
"""Letters in a line of the report."""


class StartReport(Callback):
    """Reports a run's folder, data, networks, device and seed before the first batch.

    Lightning's own summary lists modules, not players.
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        place = _place(trainer)  # all ranks ask for it together
        if not trainer.is_global_zero:
            return
        before = trainer.ckpt_path
        lines = [
            "Starts a run." if before is None else f"Resumes from {shortest(Path(before))}.",
            f"  run       {place}",
            f"  data      {_described(data_of(trainer))}",
            f"  networks  {_networks(pl_module)}",
            f"  device    {_device(trainer)}",
            *_statistics(trainer, pl_module),
            f"  seed      {torch.initial_seed()}",
            *_wrapped("advice", advice(trainer, pl_module)),
            "",
        ]
        say("\n".join(lines))


def _wrapped(name: str, sentences: list[str]) -> list[str]:
    """Return sentences as the lines of an entry, each starting a new line."""
    starts = chain([f"  {name:<10}"], repeat(" " * 12))
    return [
        line
        for start, sentence in zip(starts, sentences, strict=False)
        for line in wrap(sentence, WIDTH, initial_indent=start, subsequent_indent=" " * 12)
    ]


def _place(trainer: Trainer) -> str:
    folder = run_folder(trainer)
    return "none: nothing is kept" if folder is None else str(shortest(folder))


def _described(data: DataModule) -> str:
    training = f"{type(data).__name__}, {len(data.train.x)} training points"
    if data.val is data.train:
        return f"{training}, none held out"
    return f"{training}, {len(data.val.x)} held out for validation"


def _networks(model: LightningModule) -> str:
    """Return each trained network with its number of weights."""
    counts = {name: num_weights(network) for name, network in model.named_children()}
    moving = [f"{name} of {count:,} weights" for name, count in counts.items() if count]
    return f"{type(model).__name__}: {', '.join(moving) or 'no weights to train'}"


def _device(trainer: Trainer) -> str:
    device = trainer.strategy.root_device
    if device.type == "cpu":
        threads = torch.get_num_threads()
        name = f"CPU, {threads} thread{'s' if threads > 1 else ''}"
    elif device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        name = device.type
    several = f"{trainer.world_size} × " if trainer.world_size > 1 else ""
    precision = "" if trainer.precision == "32-true" else f", precision {trainer.precision}"
    if getattr(trainer, "lacks_bfloat16", False):
        precision = ", precision 32-true, since this processor has no arithmetic for bfloat16"
    return f"{several}{name}{precision}"


def _statistics(trainer: Trainer, model: LightningModule) -> list[str]:
    """Return a line if batch normalisation makes several processes differ from one."""
    networks = local_statistics(model) if trainer.world_size > 1 else []
    if not networks:
        return []
    on_cpu = trainer.strategy.root_device.type == "cpu"
    remedy = "" if on_cpu else "; --trainer.sync_batchnorm true shares them"
    return [
        f"  batches   {', '.join(networks)}: batch statistics of each process alone, not of all "
        f"{trainer.world_size}{remedy}"
    ]
