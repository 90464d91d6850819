"""The command line, on LightningCLI."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jsonargparse import dict_to_namespace
from lightning.pytorch import Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning_utilities.core.rank_zero import rank_zero_warn

from gan_lightning.callbacks import Checkpoints, SampleMetrics, SamplePictures
from gan_lightning.checkpoint_files import TO_RESUME, load_checkpoint
from gan_lightning.cli.actions import Actions
from gan_lightning.cli.config_files import check_config, what_is_replaced
from gan_lightning.cli.devices import as_available, check_whole_weights
from gan_lightning.cli.explain import as_input_errors
from gan_lightning.cli.front_door import PROGRAM
from gan_lightning.cli.help_order import order_help
from gan_lightning.cli.init_from import start_from
from gan_lightning.cli.limits import Limits
from gan_lightning.cli.other_loggers import without_loggers
from gan_lightning.cli.own_callbacks import own_callbacks
from gan_lightning.cli.report import say
from gan_lightning.cli.restored import (
    check_data,
    check_fit,
    data_differences,
    differences,
    held_model,
    recalled_data,
)
from gan_lightning.cli.run_logger import kept_in, loggers_and_folder
from gan_lightning.cli.runs import Arguments, find_checkpoint
from gan_lightning.cli.saved_config import SaveRunConfig
from gan_lightning.cli.settings import check_settings, within_memory
from gan_lightning.cli.trainer import DEFAULTS, GenerativeTrainer
from gan_lightning.data import DataMemory, DataModule
from gan_lightning.errors import InputError
from gan_lightning.models import ConfiguredModule
from gan_lightning.models.configured import DATA_ARGUMENTS

DRAWING = ("sample", "export", "interpolate", "demo")
"""Commands of this package that need only the units of the data."""


class CommandLine(Actions):
    """One experiment from one YAML file.

    Unlike with LightningCLI, a run is stored in ``lightning_logs/<experiment>/version_N``, and a
    checkpoint brings its run's config and resumes that run.

    Args:
        args: The arguments after the program's name.
    """

    def __init__(self, args: Sequence[str]) -> None:
        self.arguments = Arguments.of(args)
        self.checkpoint: dict[str, Any] | None = None
        self.start: Path | None = None
        # Errors arrive as exceptions, see explain.py; Arguments would miss --conf for --config.
        strict = {"exit_on_error": False, "allow_abbrev": False}
        super().__init__(
            ConfiguredModule,
            DataModule,
            save_config_callback=SaveRunConfig,
            trainer_class=GenerativeTrainer,
            trainer_defaults=dict(DEFAULTS),
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
        """Return only the requested subcommand: building all parsers takes three times as long."""
        drawing = {name: {"model", "datamodule"} for name in (*DRAWING, "project")}
        known = {**LightningCLI.subcommands(), **drawing}
        asked = self.arguments.subcommand
        return {asked: known[asked]} if asked in known else known

    def setup_parser(self, *args: Any) -> None:
        """Build the parsers, with the most important options first in their help."""
        super().setup_parser(*args)
        for name, parser in self._subcommand_parsers.items():
            order_help(parser, f"{PROGRAM} {name}")

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        for name in DATA_ARGUMENTS:  # a model receives what it has a parameter for
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")
        parser.add_lightning_class_args(SampleMetrics, "metrics")
        parser.add_lightning_class_args(SamplePictures, "pictures")
        parser.add_lightning_class_args(Checkpoints, "checkpoints")
        if self.arguments.subcommand == "fit":
            parser.add_argument(
                "--init_from",
                type=str | None,
                help="Checkpoint from whose network weights a new run starts: a file, or last or "
                "best of the newest run. --ckpt_path resumes a run instead.",
            )
        parser.add_argument(
            "--trust",
            type=str | None,
            help="Package whose classes a checkpoint, or the config of its run, may name. What you "
            "type may name any: a config is code, a checkpoint is not.",
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse with ``--ckpt_path`` resolved, and with its run's config if none is typed."""
        typed = [check_config(config) for config in self.arguments.configs]
        self.limits = Limits(self.arguments, args, typed)
        if replaced := what_is_replaced(typed, args):
            rank_zero_warn(replaced)
        asked = self.arguments
        path = find_checkpoint(asked, typed, "--ckpt_path", asked.ckpt_path)
        self.start = find_checkpoint(asked, typed, "--init_from", asked.init_from)
        if path is not None and self.start is not None:
            raise InputError(
                "--ckpt_path resumes a run and --init_from starts a new one: choose one of them."
            )
        if path is not None:
            args = asked.completed(args, "--ckpt_path", path, self._stand_in(path))
        elif self.start is not None:
            config = self._stand_in(self.start)
            args = asked.completed(args, "--init_from", self.start, config)
        with self.limits.in_force(), as_input_errors():
            self.config = parser.parse_args(args)
        subcommand = self.config.subcommand
        config = self.config[subcommand]
        if self.start is None:  # a config may set it too
            self.start = find_checkpoint(asked, typed, "init_from", config.get("init_from"))
        config.weights_only = config.get("weights_only") is not False
        if subcommand != "fit" and path is None:
            raise InputError(
                f"{subcommand} needs --ckpt_path: a checkpoint in its run's folder, or last for "
                "the newest run."
            )
        check_settings(config)
        strategy = config.trainer.strategy
        check_whole_weights(str(getattr(strategy, "class_path", strategy)))  # before it is built

    def _stand_in(self, path: Path) -> Path | str | None:
        """Return the config used when none is typed: a file, or YAML."""
        if self.arguments.names_nothing and self._needs_no_data:
            self.checkpoint = load_checkpoint(path)
            if (data := recalled_data(self.checkpoint)) is not None:  # the checkpoint suffices
                model = held_model(self.checkpoint, None, str(path))
                self.limits.add_checkpoint(path, model)
                return json.dumps({"model": model, "data": data})
        found = self.arguments.found_config(path)
        if found is not None:
            self.limits.add_config(found)
            return found if self.arguments.subcommand == "fit" else without_loggers(found)
        if self.arguments.names_nothing:
            checkpoint = load_checkpoint(path)  # report it before a missing config
            if self.start is not None:
                model = held_model(checkpoint, None, str(path))
                self.limits.add_checkpoint(path, model)
                return json.dumps({"model": model})
        return None

    @property
    def _needs_no_data(self) -> bool:
        """Whether the units of the data, which the checkpoint holds, suffice."""
        asked = self.arguments
        draws = asked.subcommand in DRAWING or asked.projects_files
        return draws and not (asked.sampler or asked.sets_data)

    def _parse_ckpt_path(self) -> None:
        """Take the model's arguments from the checkpoint, and report typed ones that differ."""
        config = self.config[self.config.subcommand]
        if not config.get("ckpt_path"):
            return
        path = Path(config.ckpt_path)
        parts = TO_RESUME if self.config.subcommand == "fit" else ()
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
            rank_zero_warn(f"The run resumes from {path}, and replaces the last.ckpt there.")
        recalled = recalled_data(self.checkpoint) if self._needs_no_data else None
        if recalled is not None and self.arguments.names_nothing:
            return
        for key, old, new in data_differences(path, config.data.as_dict()):
            rank_zero_warn(f"data.{key} is {new}; the checkpoint was trained with {old}.")
        if recalled is not None:
            self.config[self.config.subcommand].data = dict_to_namespace(recalled)

    def _dump_config(self) -> None:
        """Store the config as plain values, as LightningCLI does, without checking it again."""
        if not hasattr(self, "config_dump"):
            as_it_is = {"skip_link_targets": False, "skip_none": False, "skip_validation": True}
            dumped = self.parser.dump(self.config, format="json", **as_it_is)
            self.config_dump = json.loads(dumped)[self.config.subcommand]

    def instantiate_classes(self) -> None:
        """Build data, model and Trainer; any error here is a configuration error."""
        asked = self.config[self.config.subcommand]
        with self.limits.in_force(), as_input_errors(), within_memory(asked):
            super().instantiate_classes()
        if self.start is not None:
            told = start_from(self.model, load_checkpoint(self.start), self.start)
            if self.trainer.is_global_zero:
                say(f"{told}\n")
        if self.checkpoint is not None:
            check_fit(self.model, self.datamodule.data_shape, self.checkpoint)
            if self.subcommand == "fit":
                check_data(type(self.datamodule), self.checkpoint)
            if memory := DataMemory.of_checkpoint(self.checkpoint):
                self.datamodule.remember(memory)

    def _run_subcommand(self, subcommand: str) -> None:
        with within_memory(self.config[subcommand]):
            super()._run_subcommand(subcommand)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        settings = self._get(self.config_init, "trainer")
        self.trainer_defaults["callbacks"] = own_callbacks(settings)
        if self.arguments.names_nothing and not self.arguments.sets_devices:  # the run's own
            kwargs |= as_available(settings)
        if self.subcommand != "fit":
            self.save_config_callback = None
            return super().instantiate_trainer(logger=False, **kwargs)
        held, typed = self.checkpoint, self._get(self.config, "trainer").logger
        resumed = None if held is None else (self._get(self.config, "ckpt_path"), held)
        loggers, folder = loggers_and_folder(self.arguments, settings, typed, resumed, self.start)
        return kept_in(folder, super().instantiate_trainer(logger=loggers, **kwargs))
