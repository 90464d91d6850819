"""Run folders: ``<root>/lightning_logs/<experiment>/version_N``, and the checkpoints in them."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lightning.errors import InputError
from gan_lightning.files import links_out_of

LOGS = "lightning_logs"
NAMED_CHECKPOINTS = ("last", "best")
"""Values of ``--ckpt_path`` that denote a checkpoint of the newest run."""


@dataclass(frozen=True)
class Run:
    """One run of an experiment."""

    folder: Path

    @property
    def experiment(self) -> str:
        """Name of the experiment."""
        return self.folder.parent.name

    @property
    def version(self) -> str:
        """Name of the run within its experiment."""
        return self.folder.name

    @property
    def place(self) -> Path:
        """The folder that holds the experiment's folder."""
        return self.folder.parent.parent

    @property
    def config(self) -> Path:
        """The run's complete saved configuration."""
        return self.folder / "config.yaml"

    @classmethod
    def of_checkpoint(cls, path: Path) -> "Run | None":
        """Return the run whose ``checkpoints`` folder holds a file, if any.

        Other folders may have this name: a run has a config, or lies where runs do.
        """
        folder = path.absolute().parent
        run = cls(folder.parent)
        among_runs = run.version.startswith("version_") and run.place.name == LOGS
        is_one = folder.name == "checkpoints" and (among_runs or run.config.is_file())
        return run if is_one else None

    def check_links(self) -> None:
        """Make sure that resuming this run writes only into its own folder.

        Raises:
            InputError: If its folder holds a link to a place outside it.
        """
        for link in links_out_of(self.folder):
            raise InputError(
                f"{link} is a link to a place outside the run's folder, and resuming would "
                "write there; remove it."
            )


@dataclass(frozen=True)
class Arguments:
    """The words of a command line that decide a run's folder, read before it is parsed."""

    subcommand: str | None
    configs: tuple[Path, ...]
    ckpt_path: str | None
    model: str | None
    data: str | None
    init_from: str | None
    root: str | None
    logger: tuple[str | None, str | None]
    """Folder and name of the logger, if typed."""
    trusted: tuple[str, ...]
    sampler: str | None
    projects_files: bool
    """Whether image files for ``project`` are typed."""

    sets_data: bool
    """Whether settings of the data are typed one by one."""

    sets_devices: bool
    """Whether devices or their kind are typed."""

    @classmethod
    def of(cls, args: Sequence[str]) -> "Arguments":
        """Read them from ``args``; unreadable words are left to the real parser."""
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
        parser.add_argument("--config", "-c", action="append", default=[])
        parser.add_argument("--ckpt_path")
        parser.add_argument("--model")
        parser.add_argument("--data")
        parser.add_argument("--trainer.default_root_dir", dest="root")
        for setting in ("save_dir", "name"):
            parser.add_argument(
                f"--trainer.logger.{setting}", f"--trainer.logger.init_args.{setting}", dest=setting
            )
        parser.add_argument("--init_from")
        parser.add_argument("--sampler")
        parser.add_argument("--images")
        parser.add_argument("--trust", action="append", default=[])
        try:
            known, rest = parser.parse_known_args(list(args))
        except argparse.ArgumentError:
            known, rest = parser.parse_args([]), list(args)
        return cls(
            subcommand=rest[0] if rest and not rest[0].startswith("-") else None,
            configs=tuple(map(Path, known.config)),
            ckpt_path=known.ckpt_path,
            model=known.model,
            data=known.data,
            init_from=known.init_from,
            root=known.root,
            logger=(known.save_dir, known.name),
            sampler=known.sampler,
            projects_files=known.images is not None,
            sets_data=any(arg.startswith("--data") for arg in args),
            sets_devices=any(
                arg.startswith(("--trainer.devices", "--trainer.accelerator")) for arg in args
            ),
            trusted=tuple(name for names in known.trust for name in names.split(",")),
        )

    @property
    def experiment(self) -> str | None:
        """The name of the config file, or of the model and the data without one."""
        if self.configs:
            path = self.configs[-1]
            folder = path.absolute().parent
            of_a_run = path.name == "config.yaml" and folder.name.startswith("version_")
            return folder.parent.name if of_a_run else path.stem
        return f"{self.model}_{self.data}".lower() if self.model and self.data else None

    def found_config(self, checkpoint: Path) -> Path | None:
        """Return the config of a checkpoint's run, if it must replace a typed one."""
        run = Run.of_checkpoint(checkpoint)
        return run.config if self.names_nothing and run and run.config.is_file() else None

    @property
    def names_nothing(self) -> bool:
        """Whether model and data must come from the checkpoint."""
        return bool(self.subcommand and not self.configs and not self.model)

    def completed(
        self, args: Sequence[str], option: str, checkpoint: Path, config: object
    ) -> list[str]:
        """Return ``args`` with the checkpoint's path, and a config if none was typed.

        Args:
            args: The words of the command line.
            option: The option that names the checkpoint.
            checkpoint: Its path.
            config: The replacement for a config, or None.
        """
        words = _with_value(args, option, str(checkpoint))
        if config is not None:
            words.insert(words.index(str(self.subcommand)) + 1, f"--config={config}")
        return words


def find_checkpoint(
    arguments: Arguments, configs: Sequence[Mapping[str, Any]], option: str, wanted: str | None
) -> Path | None:
    """Return the checkpoint that an option denotes.

    Args:
        arguments: The command line, read in advance.
        configs: The content of each config that was typed.
        option: The option, for the error.
        wanted: Its value.

    Raises:
        InputError: If there is none.
    """
    if wanted is None or wanted in ("", "null", "None"):
        return None
    if wanted in NAMED_CHECKPOINTS:
        return _newest(list(_places(arguments, configs)), f"{wanted}.ckpt", option)
    if not Path(wanted).is_file():
        found = "a folder" if Path(wanted).is_dir() else "nothing"
        raise InputError(
            f"{option}: expected a checkpoint file, or one of {', '.join(NAMED_CHECKPOINTS)}; "
            f"found {found} at {wanted}."
        )
    return Path(wanted)


def _places(arguments: Arguments, configs: Sequence[Mapping[str, Any]]) -> Iterator[Path]:
    """Yield the folders that may hold runs of the experiment, or of any if none is named."""
    settings: dict[str, Any] = {}
    for config in configs:
        settings |= config.get("trainer") or {}
    logs = Path(arguments.root or settings.get("default_root_dir") or ".") / LOGS
    if arguments.experiment:
        yield logs / arguments.experiment
    else:
        yield logs
        yield from (path for path in logs.glob("*") if path.is_dir())
    loggers = settings.get("logger")
    for logger in loggers if isinstance(loggers, list) else [loggers]:
        known = logger.get("init_args") if isinstance(logger, Mapping) else None
        typed_place, typed_name = arguments.logger
        place = typed_place or (known or {}).get("save_dir")
        if place:
            yield Path(place) / (typed_name or (known or {}).get("name") or LOGS)


def _with_value(args: Sequence[str], option: str, value: str) -> list[str]:
    """Return the arguments with the value of one option replaced."""
    replaced: list[str] = []
    for before, arg in zip(["", *args], args, strict=False):
        if before == option:
            replaced.append(value)
        else:
            replaced.append(f"{option}={value}" if arg.startswith(f"{option}=") else arg)
    return replaced


def _newest(places: Sequence[Path], name: str, option: str) -> Path:
    """Return a file of the newest run in any of the folders."""
    paths = [path for place in places for path in place.glob(f"*/checkpoints/{name}")]
    if not paths:
        raise InputError(
            f"{option}: no run in {places[0]} has a {name}; has one been trained there?"
        )
    return max(paths, key=lambda path: path.stat().st_mtime)
