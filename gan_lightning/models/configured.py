"""What every model keeps in its checkpoints: how it was configured."""

from abc import ABC
from inspect import signature

from lightning.pytorch import LightningModule

from gan_lightning.models.hyperparameters import describe


class ConfiguredModule(LightningModule, ABC):
    """A LightningModule that is rebuilt from its checkpoint.

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
