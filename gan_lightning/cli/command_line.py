"""The command line: fit, validate, test, predict and sample on LightningCLI."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonargparse import dict_to_namespace
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import TensorBoardLogger
from lightning_utilities.core.rank_zero import rank_zero_warn

from gan_lightning.callbacks import (
    Checkpoints,
    FiniteLosses,
    HyperparameterTable,
    RandomState,
    RunProgress,
    SampleMetrics,
    SamplePictures,
    SamplerFit,
)
from gan_lightning.cli.actions import Actions
from gan_lightning.cli.checkpoint_files import batches_of, load_checkpoint
from gan_lightning.cli.config_files import check_config, replaced_by_configs, replaced_callbacks
from gan_lightning.cli.explain import as_input_errors
from gan_lightning.cli.front_door import PROGRAM
from gan_lightning.cli.limits import Limits
from gan_lightning.cli.restored import (
    check_fit,
    data_differences,
    differences,
    held_model,
    recalled_data,
)
from gan_lightning.cli.runs import LOGS, Arguments, Run, find_checkpoint
from gan_lightning.cli.saved_config import SaveRunConfig
from gan_lightning.cli.settings import LINKED, check_settings, within_memory
from gan_lightning.cli.trainer import GenerativeTrainer
from gan_lightning.data import DataMemory, DataModule
from gan_lightning.errors import InputError
from gan_lightning.models import ConfiguredModule


class CommandLine(Actions):
    """One experiment from one YAML file.

    On top of LightningCLI: a run lives in ``lightning_logs/<experiment>/version_N``; a checkpoint
    is completed by its run's own config and continues that run.

    Args:
        args: The arguments after the program's name.
    """

    def __init__(self, args: Sequence[str]) -> None:
        self.arguments = Arguments.of(args)
        self.checkpoint: dict[str, Any] | None = None
        # Errors arrive as exceptions, see explain.py; --conf for --config would pass Arguments by.
        strict = {"exit_on_error": False, "allow_abbrev": False}
        super().__init__(
            ConfiguredModule,
            DataModule,
            save_config_callback=SaveRunConfig,
            trainer_class=GenerativeTrainer,
            trainer_defaults={"max_epochs": 1000, "check_val_every_n_epoch": 10},
            parser_kwargs={
                "prog": PROGRAM,
                "description": "Train generative models and sample from them. A config that you "
                "type is code and may name any class; a checkpoint is data and may not.",
                **strict,
                **{name: dict(strict) for name in self.subcommands()},
            },
            seed_everything_default=0,
            subclass_mode_model=True,
            subclass_mode_data=True,
            auto_configure_optimizers=False,
            args=list(args),
        )

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]
        """Return the one that is asked for: a parser of all takes three times as long to make."""
        known = {**LightningCLI.subcommands(), "sample": {"model", "datamodule"}}
        asked = self.arguments.subcommand
        return {asked: known[asked]} if asked in known else known

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        for name in LINKED:
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")
        parser.add_lightning_class_args(SampleMetrics, "metrics")
        parser.add_lightning_class_args(SamplePictures, "pictures")
        parser.add_lightning_class_args(Checkpoints, "checkpoints")
        parser.add_argument(
            "--trust",
            type=str | None,
            help="Package that a checkpoint, or the config beside it, may name classes of; what is "
            "typed may name any. A config is code, a checkpoint is not.",
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse with ``--ckpt_path`` resolved, and the config of its run where none is named."""
        typed = [check_config(config) for config in self.arguments.configs]
        self.limits = Limits(self.arguments, args, typed)
        _tell_replaced(typed, args)
        path = find_checkpoint(self.arguments)
        if path is not None:
            args = self.arguments.completed(args, path, self._stand_in(path))
        with self.limits.in_force(), as_input_errors():
            self.config = parser.parse_args(args)
        subcommand = self.config.subcommand
        config = self.config[subcommand]
        config.weights_only = config.get("weights_only") is not False
        if subcommand != "fit" and path is None:
            raise InputError(
                f"{subcommand} needs --ckpt_path: a checkpoint in its run's folder, or last for "
                "the newest run."
            )
        check_settings(config)

    def _stand_in(self, path: Path) -> Path | str | None:
        """Return the config that stands in for one that nobody typed: a file, or YAML."""
        if self.arguments.names_nothing and self._needs_no_data:
            self.checkpoint = load_checkpoint(path)
            if (data := recalled_data(self.checkpoint)) is not None:  # the checkpoint is enough
                model = held_model(self.checkpoint, None, str(path))
                self.limits.add_checkpoint(path, model)
                return json.dumps({"model": model, "data": data})
        found = self.arguments.found_config(path)
        if found is not None:
            self.limits.add_config(found)
        elif self.arguments.names_nothing:
            load_checkpoint(path)  # one that is damaged is named before a config is asked for
        return found

    @property
    def _needs_no_data(self) -> bool:
        """Whether the units of the data will do, which the checkpoint holds."""
        asked = self.arguments
        return asked.subcommand == "sample" and not (asked.sampler or asked.sets_data)

    def _parse_ckpt_path(self) -> None:
        """Let the checkpoint decide on the model's arguments, and say where they were others."""
        config = self.config[self.config.subcommand]
        if not config.get("ckpt_path"):
            return
        to_go_on = ("loops", "optimizer_states", "lr_schedulers", "callbacks")
        path = Path(config.ckpt_path)
        parts = to_go_on if self.config.subcommand == "fit" else ()
        if self.checkpoint is None:
            self.checkpoint = load_checkpoint(path, parts)
        held = held_model(self.checkpoint, config.model.class_path, config.ckpt_path)
        asked = config.model.as_dict()
        self.limits.add_checkpoint(path, held)
        with self.limits.in_force(), as_input_errors():
            self.config = self.parser.parse_object(
                {self.config.subcommand: {"model": held}}, self.config
            )
        check_settings(self.config[self.config.subcommand])
        restored = self.config[self.config.subcommand].model.as_dict()
        for key, old, new in differences(asked, restored):
            rank_zero_warn(
                f"model.{key} stays {new}, as in the checkpoint; {old} is ignored. Start a new "
                "run to change it."
            )
        if parts and path.name == "best.ckpt" and path.with_name("last.ckpt").exists():
            rank_zero_warn(f"The run goes on from {path}, and replaces the last.ckpt there.")
        recalled = recalled_data(self.checkpoint) if self._needs_no_data else None
        if recalled is not None and self.arguments.names_nothing:
            return
        for key, old, new in data_differences(path, config.data.as_dict()):
            rank_zero_warn(f"data.{key} is {new}; the checkpoint was trained with {old}.")
        if recalled is not None:
            self.config[self.config.subcommand].data = dict_to_namespace(recalled)

    def instantiate_classes(self) -> None:
        """Build data, model and Trainer; whatever fails here failed on the configuration."""
        asked = self.config[self.config.subcommand]
        with self.limits.in_force(), as_input_errors(), within_memory(asked):
            super().instantiate_classes()
        if self.checkpoint is not None:
            check_fit(self.model, self.datamodule.data_shape, self.checkpoint)
            if memory := DataMemory.of_checkpoint(self.checkpoint):
                self.datamodule.remember(memory)

    def _run_subcommand(self, subcommand: str) -> None:
        with within_memory(self.config[subcommand]):
            super()._run_subcommand(subcommand)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        settings = self._get(self.config_init, "trainer")
        always: list[Callback] = [
            RandomState(),
            FiniteLosses(),
            HyperparameterTable(),
            SamplerFit(),
        ]
        callbacks = self.trainer_defaults["callbacks"] = always
        typed = settings.get("callbacks") or []
        given = typed if isinstance(typed, list) else [typed]  # a flag may name a single one
        has_bar = any(isinstance(callback, ProgressBar) for callback in given)
        if settings.get("enable_progress_bar") is not False and not has_bar:
            callbacks.append(RunProgress())
        if self.subcommand != "fit":
            self.save_config_callback = None
            return super().instantiate_trainer(logger=False, **kwargs)
        if settings.get("logger") in (None, True):
            kwargs["logger"] = self._run_logger()
        return super().instantiate_trainer(**kwargs)

    def _run_logger(self) -> TensorBoardLogger:
        """Log into a new run's folder, or go on in the folder of the checkpoint's run."""
        if self.checkpoint is not None:
            run = Run.of_checkpoint(Path(self._get(self.config, "ckpt_path")))
            if run is not None:
                run.check_links()
                return TensorBoardLogger(
                    run.root / LOGS,
                    run.experiment,
                    run.version,
                    default_hp_metric=False,
                    purge_step=batches_of(self.checkpoint),  # forget what came after it
                )
        root = Path(self._get(self.config, "trainer").default_root_dir or ".")
        return TensorBoardLogger(
            root / LOGS, self.arguments.experiment or "experiment", default_hp_metric=False
        )


def _tell_replaced(configs: Sequence[Mapping[str, Any]], args: Sequence[str]) -> None:
    """Say which callbacks of a config a flag or a later config replaces, where it could add."""
    if gone := replaced_callbacks(configs, args):
        rank_zero_warn(
            f"--trainer.callbacks replaces those of the config, {', '.join(gone)}; "
            "--trainer.callbacks+= adds to them."
        )
    elif gone := replaced_by_configs(configs):
        rank_zero_warn(
            f"The last --config replaces the callbacks of the one before, {', '.join(gone)}."
        )
