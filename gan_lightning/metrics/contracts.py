"""What a comparison of samples with data looks like."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class TwoSampleMetric(Metric):
    """Collects real and generated points over batches and ranks.

    Subclasses compare ``self.gathered(real=True)`` with ``self.gathered(real=False)`` in
    ``compute`` and return a dictionary of scalars.
    """

    full_state_update = False
    real: Sequence[Tensor] | Tensor
    generated: Sequence[Tensor] | Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("real", default=[], dist_reduce_fx="cat")
        self.add_state("generated", default=[], dist_reduce_fx="cat")

    def update(self, points: Tensor, real: bool) -> None:
        """Add points in the data's own units, shape ``(batch, …)``, to one of the two sets."""
        (self.real if real else self.generated).append(points)  # type: ignore[union-attr]

    def gathered(self, real: bool) -> Tensor:
        """Return one of the two sets, from all batches and, inside ``compute``, all ranks."""
        points = self.real if real else self.generated
        return points if isinstance(points, Tensor) else torch.cat(list(points))
