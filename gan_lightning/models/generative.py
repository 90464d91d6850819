"""What every model can do: draw samples, and be rebuilt from its checkpoint."""

from abc import ABC, abstractmethod
from inspect import signature

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

    @abstractmethod
    def sample(self, num_samples: int) -> Tensor:
        """Draw points with the best weights, shape ``(num_samples, *data_shape)``, no gradients."""
