"""The complete configuration of a run, beside its results."""

from typing import Any

from jsonargparse import Namespace
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, SaveConfigCallback

from gan_lightning.callbacks.run_folder import run_folder
from gan_lightning.files import replacing


class SaveRunConfig(SaveConfigCallback):
    """Writes ``config.yaml`` into the run's folder, without what belongs to one command line."""

    def __init__(self, parser: LightningArgumentParser, config: Namespace, **kwargs: Any) -> None:
        config = config.clone()
        config.ckpt_path = config.trust = None
        config.pop("init_from", None)
        super().__init__(parser, config, overwrite=True, **kwargs)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write nothing yet: a run that cannot go on must keep the config it was started with."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        folder = run_folder(trainer)
        if folder is not None and trainer.is_global_zero:
            with replacing(folder / self.config_filename) as file:
                checked = {"skip_validation": True}  # when it was parsed
                self.parser.save(self.config, file, skip_none=False, multifile=False, **checked)
