"""The contract of a comparison of samples with data."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

Parts = Sequence[Tensor] | Tensor


class TwoSampleMetric(Metric):
    """Collects real and generated points, and their labels, over batches and ranks.

    Subclasses compare ``self.gathered(real=True)`` with ``self.gathered(real=False)`` in
    ``compute`` and return a dictionary of scalars, each independent of the points' order.
    """

    full_state_update = False

    goals: Mapping[str, float] = MappingProxyType({})
    """The values that a perfect sampler has, by the quantity's name up to its first ``/``."""

    protocol: str = ""
    """What else the numbers depend on, such as ``features of …``."""

    shows_progress: bool = False
    """Whether a long computation shows a progress bar."""

    by_label: bool = True
    """Whether labels are meaningful classes; if not, they are not compared."""

    real: Parts
    generated: Parts
    real_labels: Parts
    generated_labels: Parts

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("real", "generated", "real_labels", "generated_labels"):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, points: Tensor, labels: Tensor | None = None, *, real: bool) -> None:
        """Add points to one of the two sets.

        Args:
            points: Points in the data's own units, shape ``(batch, …)``.
            labels: Their labels, int64 of shape ``(batch,)``; for samples of a conditional model,
                the labels that were requested.
            real: Whether they are real.
        """
        kind = "real" if real else "generated"
        getattr(self, kind).append(points)
        if labels is not None and self.by_label:
            getattr(self, f"{kind}_labels").append(labels)

    def forget_generated(self) -> None:
        """Empty the set of generated points, to compare others with the same real ones."""
        self.generated, self.generated_labels = [], []
        self._computed = None

    def gathered(self, real: bool) -> Tensor:
        """Return one of the two sets, from all batches and, inside ``compute``, all ranks."""
        return _joined(self.real if real else self.generated)

    def gathered_labels(self, real: bool) -> Tensor | None:
        """Return the labels of one of the two sets, or None if it has none."""
        labels = self.real_labels if real else self.generated_labels
        return _joined(labels) if len(labels) else None


def _joined(parts: Parts) -> Tensor:
    return parts if isinstance(parts, Tensor) else torch.cat(list(parts))
