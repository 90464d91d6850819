"""What every generative model can do: draw samples."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.models.configured import ConfiguredModule


class GenerativeModel(ConfiguredModule, ABC):
    """A model that draws samples."""

    logging_due = False
    """Whether the training batch at hand is logged."""

    @abstractmethod
    def sample(self, num_samples: int) -> Tensor:
        """Draw points with the best weights, shape ``(num_samples, *data_shape)``, no gradients."""

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Find out whether this batch is to be logged, and refuse one point for batch statistics.

        Raises:
            InputError: If a network needs the variance of several points.
        """
        if len(batch[0]) == 1 and any(isinstance(m, nn.BatchNorm1d) for m in self.modules()):
            raise InputError(
                "Batch normalisation needs batches of 2 points or more, found a batch of 1: choose "
                "a larger batch_size, or networks without BatchNorm1d."
            )
        # Counted over the whole run: an epoch may hold fewer batches than the interval.
        batches = self.trainer.fit_loop.total_batch_idx + 1
        interval = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        self.logging_due = interval > 0 and batches % interval == 0

    def log_if_due(self, values: dict[str, Tensor], prog_bar: bool = False) -> None:
        """Log ``train/<name>`` where due: logging is the dearest call of a step."""
        if self.logging_due:
            tagged = {f"train/{name}": value for name, value in values.items()}
            self.log_dict(tagged, prog_bar=prog_bar)
