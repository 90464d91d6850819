"""The configuration that every model stores in its checkpoints."""

import warnings
from abc import ABC
from inspect import signature
from typing import Any

from lightning.pytorch import LightningModule
from lightning_utilities.core.rank_zero import rank_zero_warn

from gan_lightning.errors import InputError
from gan_lightning.models.hyperparameters import arguments_of, describe

DATA_ARGUMENTS = ("data_shape", "num_classes", "blocks", "num_points")
"""Arguments of a model that the data module supplies: it knows them before ``setup``."""


class ConfiguredModule(LightningModule, ABC):
    """A LightningModule that is rebuilt from its checkpoint.

    Its hyperparameters are its constructor's arguments as plain values, whether made by the command
    line or by a program, so that ``LightningModule.load_from_checkpoint(path, weights_only=True)``
    restores it. A class that no checkpoint could restore, such as one defined in a notebook, still
    trains; its checkpoints then hold only the weights, and a warning says so.
    """

    _arguments: dict[str, Any]
    _why_not_rebuilt: InputError | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> "ConfiguredModule":
        model = super().__new__(cls)
        # Bypass nn.Module, which is not initialised yet and would look for parameters in it.
        object.__setattr__(model, "_arguments", arguments_of(cls, args, kwargs))
        return model

    def __init__(self) -> None:
        super().__init__()
        with warnings.catch_warnings():
            # Modules are described, and not saved twice.
            warnings.filterwarnings("ignore", message=".*is an instance of `nn.Module`")
            self.save_hyperparameters()
        from_command_line = "_instantiator" in self.hparams
        arguments = dict(self.hparams) if from_command_line else self._arguments
        del self._arguments
        self.hparams.clear()
        try:
            plain = {name: describe(value, name) for name, value in self._own(arguments).items()}
            plain["_class_path"] = describe(type(self), "model")["class_path"]
        except InputError as error:
            self._why_not_rebuilt = error
            return
        plain["_instantiator"] = "lightning.pytorch.cli.instantiate_module"
        self.save_hyperparameters(plain)

    def __setattr__(self, name: str, value: Any) -> None:
        # Lightning records the current hook about fifty times a batch, and nn.Module would check
        # each time whether it is a parameter: a tenth of a small network's step.
        if name == "_current_fx_name":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if self._why_not_rebuilt is not None:
            rank_zero_warn(
                f"The checkpoint holds no configuration, and only a program can load its weights: "
                f"{self._why_not_rebuilt}"
            )
            self._why_not_rebuilt = None  # warn once

    def _own(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Leave out arguments that the command line passes for other kinds of models."""
        inits = [vars(base)["__init__"] for base in type(self).__mro__ if "__init__" in vars(base)]
        known = {name for init in inits for name in signature(init).parameters}
        own = signature(type(self)).parameters.values()
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in own)
        return {
            name: value
            for name, value in arguments.items()
            if name in known or (takes_any and name not in DATA_ARGUMENTS)
        }
