"""What every model can do: draw samples, and be rebuilt from its checkpoint."""

from abc import ABC, abstractmethod
from inspect import signature
from typing import Any

from lightning.pytorch import LightningModule
from torch import Tensor

from gan_lightning.models.hyperparameters import describe


class GenerativeModel(LightningModule, ABC):
    """A LightningModule that draws samples.

    Its hyperparameters are all arguments of the subclass's ``__init__`` as plain values, whether
    the command line or a Python program built it, so that
    ``LightningModule.load_from_checkpoint(path, weights_only=True)`` restores the class.
    """

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()  # the arguments of the subclasses' __init__, found on the stack
        for name in set(self.hparams) - set(signature(type(self)).parameters):
            del self.hparams[name]  # the command line also hands over what other models need
        plain = {name: describe(value, name) for name, value in self.hparams.items()}
        plain["_class_path"] = describe(type(self), "model")["class_path"]
        plain["_instantiator"] = "lightning.pytorch.cli.instantiate_module"
        self.save_hyperparameters(plain)
        self.logging_due = False

    @abstractmethod
    def sample(self, num_samples: int) -> Tensor:
        """Draw points with the best weights, shape ``(num_samples, *data_shape)``, no gradients."""

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Find out whether this batch is to be logged."""
        # Counted over the whole run: an epoch may hold fewer batches than the interval.
        batches = self.trainer.fit_loop.total_batch_idx + 1
        interval = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        self.logging_due = interval > 0 and batches % interval == 0

    def log_if_due(self, values: dict[str, Tensor], prog_bar: bool = False) -> None:
        """Log ``train/<name>`` where due: logging is the dearest call of a step."""
        if self.logging_due:
            tagged = {f"train/{name}": value for name, value in values.items()}
            self.log_dict(tagged, prog_bar=prog_bar)
