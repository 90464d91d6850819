"""Whether an exported file draws the same samples as the model."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.export.graph import SampleGraph

TOLERANCE = 1e-4
"""Largest difference, relative to the largest number of a column or of all pixels, at least 1."""

NUM_CHECKED = 251
MOST_LABELS = 5
"""Samples compared for each label, and the largest number of labels."""

MOST_TIPPED = 0.01
"""Largest share of samples in which a rounding error may tip a choice."""


class Agreement(NamedTuple):
    """How an exported file's samples compare with those of the model, from the same noise."""

    num_samples: int
    difference: float
    """The largest difference, as ``TOLERANCE`` measures it."""
    tipped: int
    """Samples in which a choice was tipped."""

    def __str__(self) -> str:
        tipped = f"; in {self.tipped} a rounding error tipped a category" if self.tipped else ""
        return (
            f"{self.num_samples} samples agree with the model's own within {TOLERANCE:g} "
            f"(largest difference {self.difference:.1g}{tipped})"
        )


def agreement(graph: SampleGraph, run: Callable[..., Tensor]) -> Agreement:
    """Compare what a file draws with what the model draws from the same noise.

    Args:
        graph: The graph in the file.
        run: Maps noise, and labels of a conditional model, to the file's samples.

    Raises:
        InputError: If they differ.
    """
    count = graph.model.num_classes or 1
    chosen = range(0, count, -(-count // MOST_LABELS))
    inputs = [graph.example(NUM_CHECKED, label) for label in chosen]
    own = torch.stack([graph(*each) for each in inputs])
    found = [run(*each) for each in inputs]
    if count > 1:  # also labels in turn
        of_row = torch.arange(NUM_CHECKED) % len(chosen)
        mixed = torch.tensor(chosen)[of_row]
        found.append(run(inputs[0][0], mixed))
        own = torch.cat([own, own[of_row, torch.arange(NUM_CHECKED)][None]])
    return _compared(graph, own.flatten(0, 1), torch.cat(found))


def _compared(graph: SampleGraph, own: Tensor, found: Tensor) -> Agreement:
    if own.shape != found.shape:
        raise InputError(
            f"The exported file draws samples of shape {list(found.shape[1:])}, and the model of "
            f"shape {list(own.shape[1:])}."
        )
    scale = own.nan_to_num().abs().amax(0 if own.dim() == 2 else ()).clamp_min(1)
    errors = torch.where(own.isnan() & found.isnan(), 0, (own - found).abs() / scale)
    largest = errors.nan_to_num(torch.inf).flatten(1).amax(1)
    off = largest > TOLERANCE
    tipped = int(off.sum())
    if tipped > (MOST_TIPPED * len(own) if graph.chooses else 0):
        raise InputError(
            f"The exported file was not kept: {tipped} of its {len(own)} samples differ from the "
            f"model's own by more than {TOLERANCE:g}, the worst by {float(largest.max()):.1g}."
        )
    return Agreement(len(own), float(largest[~off].max()), tipped)
