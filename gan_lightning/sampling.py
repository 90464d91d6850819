"""How samples are drawn, by commands, callbacks and programs alike."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.seed import isolate_rng
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor

from gan_lightning.data import Units
from gan_lightning.errors import InputError
from gan_lightning.models import AdversarialModule, GenerativeModel, LatentModel, MakeSampler

CHUNK_SIZE = 1000
"""Samples drawn at once: enough to keep a device busy, and few enough for its memory."""


def drawn(
    model: GenerativeModel, num_samples: int, labels: Tensor | None = None
) -> Iterator[Tensor]:
    """Yield samples in chunks, each shaped ``(chunk, *data_shape)``, to limit memory.

    Args:
        model: The model that draws them.
        num_samples: Number of samples.
        labels: A label for each of them, or None for the model to choose.
    """
    for start in range(0, num_samples, CHUNK_SIZE):
        size = min(CHUNK_SIZE, num_samples - start)
        yield model.sample(size, None if labels is None else labels[start : start + size])


def drawn_in_shares(
    model: GenerativeModel,
    num_samples: int,
    labels: Tensor | None,
    seed: int,
    chunk_size: int,
    rank: int = 0,
    world_size: int = 1,
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Yield a rank's share of samples, equal on any number of ranks, with their labels.

    Args:
        model: The model that draws them.
        num_samples: Number of samples over all ranks.
        labels: A label for each of them, or None.
        seed: Seed of their latents; PyTorch's random state changes.
        chunk_size: Samples that share a seed.
        rank: This rank.
        world_size: Number of ranks.
    """
    starts = range(0, num_samples, chunk_size)[rank::world_size]
    # A rank without a share must still take part in the exchange.
    for start, size in [(s, min(chunk_size, num_samples - s)) for s in starts] or [(0, 0)]:
        torch.manual_seed((seed * 1_000_003 + start) % 2**63)
        asked = None if labels is None else labels[start : start + size]
        yield model.sample(size, asked), asked


def as_many_of_each_label(model: GenerativeModel, num_samples: int) -> Tensor | None:
    """Return a conditional model's labels, one after the other, at least ``num_samples`` in all."""
    if model.num_classes is None:
        return None
    return torch.arange(model.num_classes).repeat_interleave(-(-num_samples // model.num_classes))


def parsed_labels(
    model: GenerativeModel, units: Units, wanted: str | None, num_samples: int
) -> Tensor | None:
    """Return a label for each sample of a conditional model, None for another model.

    Args:
        model: The model.
        units: The units of its data, which know the labels' names.
        wanted: Labels or their names, separated by commas and taken in turn; None for labels as
            frequent as in training.
        num_samples: Number of samples.

    Raises:
        InputError: If the model knows no such labels.
    """
    num_classes = model.num_classes
    if num_classes is None:
        if wanted is not None:
            raise InputError(f"--labels: {type(model).__name__} is not a conditional model.")
        return None
    if wanted is None:
        return model.random_labels(num_samples).cpu()
    names = [name.strip() for name in wanted.split(",")]
    labels = torch.tensor([units.label(name, num_classes) for name in names])
    if num_samples < len(labels):
        rank_zero_warn(
            f"--labels: of the {len(labels)} labels, {num_samples} samples show the first alone."
        )
    return labels.repeat(-(-num_samples // len(labels)))[:num_samples]


@contextmanager
def narrowed(
    model: LightningModule, truncation: float | None = None, temperature: float | None = None
) -> Iterator[None]:
    """Draw samples from more typical latents for a while.

    Args:
        model: The model.
        truncation: Largest absolute value of the numbers in latents from N(0, I); None leaves them
            as they are.
        temperature: Factor of the noise that a sampler's latents are made of; None leaves it as it
            is.

    Raises:
        InputError: If a number is not positive, or if the model's latents are of the other kind.
    """
    has_sampler = isinstance(model, LatentModel)
    with ExitStack() as before:
        if truncation is not None:
            if has_sampler or not isinstance(model, AdversarialModule):
                raise InputError(_no_such_latents(model, "truncation", "N(0, I)"))
            before.enter_context(_set(model, "truncation", truncation))
        if temperature is not None:
            if not has_sampler:
                raise InputError(_no_such_latents(model, "temperature", "a sampler"))
            before.enter_context(_set(model, "temperature", temperature))
        yield


def _no_such_latents(model: LightningModule, option: str, source: str) -> str:
    other = "--temperature" if isinstance(model, LatentModel) else "--truncation"
    hint = f"; use {other}" if isinstance(model, LatentModel | AdversarialModule) else ""
    return (
        f"--{option} narrows latents that come from {source}, but those of "
        f"{type(model).__name__} do not{hint}."
    )


@contextmanager
def _set(model: LightningModule, name: str, value: float) -> Iterator[None]:
    if not 0 < value < float("inf"):
        raise InputError(f"--{name} must be positive, found {value}.")
    before = getattr(model, name)
    setattr(model, name, value)
    try:
        yield
    finally:
        setattr(model, name, before)


def exchange_sampler(model: LightningModule, sampler: MakeSampler) -> LatentModel:
    """Give a model another sampler of latents, which may have to be fitted first.

    Raises:
        InputError: If it has no sampler.
    """
    if not isinstance(model, LatentModel) or model.num_classes is not None:
        raise InputError(f"--sampler: {type(model).__name__} has no sampler of latents to replace.")
    model.exchange_sampler(sampler)
    return model


def needs_fitting(model: LightningModule) -> bool:
    """Return whether a model's sampler must be fitted to latents of data."""
    return isinstance(model, LatentModel) and model.sampler.needs_latents


def fit_sampler(model: LatentModel, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Fit a model's sampler to the latents of points; the random state stays as it was.

    Args:
        model: A model with a sampler.
        batches: Points and their labels.
    """
    model.sampler.fit(*latents_of(model, batches))


def latents_of(
    model: LatentModel, batches: Iterable[tuple[Tensor, Tensor]], num_latents: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return latents of points, always the same, and the points' labels.

    Args:
        model: A model with an encoder.
        batches: Points and their labels.
        num_latents: How many of them to take; all by default.
    """
    chunks: list[tuple[Tensor, Tensor]] = []
    found = 0
    with isolate_rng():
        torch.manual_seed(0)
        for x, labels in batches:
            chunks.append((model.fitted_latents(x, labels).float(), labels))
            found += len(x)
            if num_latents is not None and found >= num_latents:
                break
    latents, of_classes = (torch.cat(parts)[:num_latents] for parts in zip(*chunks, strict=True))
    return latents, of_classes
