"""How far a reconstruction is from its point."""

import math
from abc import ABC, abstractmethod

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


class ReconstructionLoss(ABC):
    """A distance between points and a decoder's outputs, and the points that outputs represent."""

    support: tuple[float, float] = (-math.inf, math.inf)
    """Range of a point's numbers."""

    @abstractmethod
    def __call__(self, x: Tensor, outputs: Tensor) -> Tensor:
        """Return the mean over all numbers of each point, float32, shape ``(batch,)``.

        Args:
            x: Points, shape ``(batch, *data_shape)``.
            outputs: The decoder's, of the same shape.
        """

    @abstractmethod
    def points(self, outputs: Tensor) -> Tensor:
        """Return the points that outputs represent, in the data's range."""


class BinaryCrossEntropy(ReconstructionLoss):
    """Outputs are logits of numbers in [0, 1]; the loss is in nats per number.

    For numbers between 0 and 1 its minimum is not 0 but their entropy.
    """

    support = (0.0, 1.0)

    def __call__(self, x: Tensor, outputs: Tensor) -> Tensor:
        losses = binary_cross_entropy_with_logits(outputs.float(), x.float(), reduction="none")
        return losses.flatten(1).mean(1)

    def points(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid()


class SquaredError(ReconstructionLoss):
    """Outputs are points of any range; the loss is in squares of the model's scale."""

    def __call__(self, x: Tensor, outputs: Tensor) -> Tensor:
        return (x.float() - outputs.float()).square().flatten(1).mean(1)

    def points(self, outputs: Tensor) -> Tensor:
        return outputs
