"""The complete configuration of a run, stored beside its results."""

from enum import Enum
from typing import Any

from jsonargparse import Namespace
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, SaveConfigCallback

from gan_lightning.callbacks.logger_parts import keep_text, written_yaml
from gan_lightning.callbacks.run_folder import run_folder
from gan_lightning.cli.other_loggers import save_logger_ids
from gan_lightning.files import replacing


class SaveRunConfig(SaveConfigCallback):
    """Writes ``config.yaml`` into the run's folder, without what belongs to a single command."""

    def __init__(self, parser: LightningArgumentParser, config: Namespace, **kwargs: Any) -> None:
        config = _without_enums(config.clone())
        config.ckpt_path = config.trust = None
        config.pop("init_from", None)
        super().__init__(parser, config, overwrite=True, **kwargs)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write nothing yet: a run that cannot resume must keep its original config."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        folder = run_folder(trainer)
        if folder is not None and trainer.is_global_zero:
            with replacing(folder / self.config_filename) as file:
                checked = {"skip_validation": True}  # checked when it was parsed
                self.parser.save(self.config, file, skip_none=False, multifile=False, **checked)
            save_logger_ids(trainer, folder)
            self._tell(trainer, (folder / self.config_filename).read_text(encoding="utf-8"))

    def _tell(self, trainer: Trainer, config: str) -> None:
        """Show the configuration of a new run beside its curves."""
        if trainer.fit_loop.total_batch_idx < 0:
            for logger in trainer.loggers:
                keep_text(logger, "run/config", written_yaml(config), 0)


def _without_enums(value: Any) -> Any:
    """Return settings with the values of enums in their place, as a default may be one."""
    if isinstance(value, Namespace):
        return Namespace({name: _without_enums(inner) for name, inner in vars(value).items()})
    if isinstance(value, list):
        return [_without_enums(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value
