"""Samples as a function of noise, the content of an exported file."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from typing import Any

import torch
from torch import Tensor, nn

from gan_lightning.data import Units
from gan_lightning.errors import InputError
from gan_lightning.export.handed_noise import HandedNoise
from gan_lightning.models import GenerativeModel

NUM_TRACED = 31
"""Samples with which the graph is traced: a number unlike any size in a network."""

MOST_OPERATIONS = 10_000
"""Operations of the longest graph allowed: tracing that many takes minutes."""


class SampleGraph(nn.Module):
    """Maps noise, and labels of a conditional model, to samples in the data's own units.

    It runs the model's own ``sample``: a sampler of latents, averaged weights and the steps of a
    flow are included. Numbers are not rounded, and a category is its index.

    Args:
        model: The model, on the CPU.
        units: The units of its data.

    Raises:
        InputError: If the model draws its samples in a way that no graph can hold.
    """

    def __init__(self, model: GenerativeModel, units: Units) -> None:
        super().__init__()
        self.model = model.eval()
        self.units = units
        labels = None if model.num_classes is None else torch.zeros(NUM_TRACED).long()
        counting = HandedNoise(None, NUM_TRACED)
        with self.refusing(), counting:
            points = units.in_units(model.sample(NUM_TRACED, labels))
            if len(points) != NUM_TRACED:
                raise InputError(f"asked for {NUM_TRACED} samples, it draws {len(points)}")
        self.noise_dim = counting.noise_dim
        self.operations = counting.operations
        """Functions of PyTorch that are called for samples."""
        self.shape = tuple(points.shape[1:])
        """Shape of one sample."""
        self.chooses = counting.chooses
        """Whether samples contain choices that rounding can tip."""
        self.networks = [
            name
            for name, child in model.named_children()
            if counting.seen & {id(t) for t in (*child.parameters(), *child.buffers())}
        ]
        """The parts of the model that draw samples; the others can be left out."""

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples in the data's own units, one for each row of N(0, 1)."""
        with HandedNoise(noise, noise.shape[0]):
            return self.units.in_units(self.model.sample(noise.shape[0], labels))

    def example(self, num_samples: int, label: int = 0) -> tuple[Tensor, ...]:
        """Return fixed inputs: noise and, for conditional models, one repeated label."""
        seeded = torch.Generator().manual_seed(0)
        noise = torch.randn(num_samples, self.noise_dim, generator=seeded)
        if self.model.num_classes is None:
            return (noise,)
        return noise, torch.full((num_samples,), label)

    @torch.no_grad()
    def program(self) -> Any:
        """Return an ``ExportedProgram`` for any number of samples, with only the parts that draw.

        Raises:
            InputError: If operations depend on the values of numbers or labels, or if there are too
                many of them, as for images that are drawn pixel by pixel.
        """
        with self.refusing():
            if self.operations > MOST_OPERATIONS:
                raise InputError(
                    f"its samples take {self.operations} operations, and a graph has at most "
                    f"{MOST_OPERATIONS}"
                )
        from torch.export import Dim  # it is slow to import

        inputs = self.example(NUM_TRACED)
        batch = {0: Dim.DYNAMIC}
        with self.refusing(), quietly(), _only(self.model, self.networks):
            return torch.export.export(
                self, inputs, dynamic_shapes=(batch, batch)[: len(inputs)], strict=False
            )

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Name the model in errors about what a graph cannot hold."""
        name = type(self.model).__name__
        try:
            yield
        except InputError as error:
            reason = str(error).rstrip(".")
        except (RuntimeError, NotImplementedError) as error:
            reason = (
                "its operations depend on the number of samples, or on what they hold "
                f"({_first_line(error)})"
            )
        else:
            return
        raise InputError(
            f"{name} cannot be exported as a graph: {reason}. gan_lightning.load draws from the "
            "checkpoint itself."
        )


@contextmanager
def quietly() -> Iterator[None]:
    """Silence the exporters' messages to developers."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _only(model: nn.Module, names: list[str]) -> Iterator[None]:
    """Remove the weights of a model's other parts within a context."""
    children = [child for name, child in model.named_children() if name not in names]
    modules = [module for child in children for module in child.modules()]
    kept = [(module, module._parameters, module._buffers) for module in modules]
    for module in modules:
        module._parameters, module._buffers = {}, {}
    try:
        yield
    finally:
        for module, parameters, buffers in kept:
            module._parameters, module._buffers = parameters, buffers


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0].rstrip('.')}"
