"""Checks of a command line before the libraries are loaded, which takes ten seconds.

Typing errors are reported at once. Whatever depends on classes is left to the parser.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gan_lightning.cli.config_files import check_config, check_text
from gan_lightning.cli.impute import as_sample
from gan_lightning.errors import InputError

PROGRAM = "python -m gan_lightning"

_COMMON = (
    *("help", "config", "print_config", "seed_everything", "trainer", "model", "data"),
    *("metrics", "pictures", "checkpoints", "trust", "ckpt_path", "weights_only"),
)
_LATENTS = ("sampler", "truncation", "temperature")

OPTIONS = {
    "fit": (*_COMMON, "init_from"),
    "validate": (*_COMMON, "verbose"),
    "test": (*_COMMON, *_LATENTS, "verbose"),
    "predict": (*_COMMON, "return_predictions"),
    "sample": (*_COMMON, *_LATENTS, "num_samples", "output", "seed", "labels", "given", "impute"),
    "export": (*_COMMON, "output"),
    "interpolate": (*_COMMON, "num_lines", "num_steps", "output", "seed", "labels"),
    "project": (*_COMMON, "num_points", "images", "output", "seed", "labels"),
    "demo": (*_COMMON, "port"),
}
"""The options of each subcommand, up to the first dot."""

TRAINER = (
    *("accelerator", "strategy", "devices", "num_nodes", "precision", "logger", "callbacks"),
    *("fast_dev_run", "max_epochs", "min_epochs", "max_steps", "min_steps", "max_time"),
    *("limit_train_batches", "limit_val_batches", "limit_test_batches", "limit_predict_batches"),
    *("overfit_batches", "val_check_interval", "check_val_every_n_epoch", "num_sanity_val_steps"),
    *("log_every_n_steps", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"),
    *("accumulate_grad_batches", "gradient_clip_val", "gradient_clip_algorithm", "deterministic"),
    *("benchmark", "inference_mode", "use_distributed_sampler", "profiler", "detect_anomaly"),
    *("barebones", "plugins", "sync_batchnorm", "default_root_dir"),
)
"""Settings of the Trainer, often typed without their section."""

_MEANT = {
    **{name: (f"trainer.{name}",) for name in TRAINER},
    **dict.fromkeys(("epoch", "epochs", "n_epochs", "num_epochs"), ("trainer.max_epochs",)),
    **dict.fromkeys(("lr", "learning_rate"), ("model.g_optimizer.lr", "model.optimizer.lr")),
    **dict.fromkeys(("gpu", "gpus", "device", "num_gpus"), ("trainer.devices",)),
    **dict.fromkeys(("latent_dim", "z_dim"), ("model.generator.latent_dim",)),
    **dict.fromkeys(("batch", "batch_size", "bs"), ("data.batch_size",)),
    **dict.fromkeys(("dataset", "datamodule"), ("data",)),
    **dict.fromkeys(("root", "data_dir", "data_root"), ("data.root",)),
    **dict.fromkeys(("ckpt", "checkpoint", "resume", "weights"), ("ckpt_path",)),
    **dict.fromkeys(("n", "num", "n_samples"), ("num_samples",)),
    **dict.fromkeys(("out", "file"), ("output",)),
    **dict.fromkeys(("log_dir", "logdir", "output_dir"), ("trainer.default_root_dir",)),
    **{name: (f"model.{name}",) for name in ("n_critic", "gamma", "loss", "penalties")},
    **{name: (f"data.{name}",) for name in ("val_fraction", "value_range", "num_val")},
    "seed": ("seed_everything",),
}
"""Common aliases of options, or names without their section, and the options meant."""

QUICK = ("list", "copy", "completion")
"""Commands that are answered without PyTorch, in ``quick_commands.py``."""

COMMANDS = (*OPTIONS, "impute", "compare", *QUICK)
"""``impute`` is an alias of ``sample``, by which it is replaced before the words are checked;
``compare`` has its own parser."""

_SUBCOMMANDS = {
    **dict.fromkeys(("train", "training", "resume", "run"), "fit"),
    **dict.fromkeys(("generate", "draw", "samples", "infer"), "sample"),
    **dict.fromkeys(("eval", "evaluate", "judge"), "test"),
    **dict.fromkeys(("diff", "report", "table"), "compare"),
    **dict.fromkeys(("onnx", "ship", "save", "convert"), "export"),
    **dict.fromkeys(("walk", "traverse", "morph"), "interpolate"),
    **dict.fromkeys(("invert", "reconstruct", "encode"), "project"),
}


def check_command_line(args: Sequence[str]) -> None:
    """Make sure that a command line is valid, as far as its words alone show.

    Raises:
        InputError: If its subcommand, an option or a config is not known, or an option has no
            effect where it stands.
    """
    args = as_sample(args)
    if not any(arg in ("-h", "--help", "compare", *QUICK) for arg in args[:1]):
        _check_subcommand(args)
        words = args[1:]
        if not any(word in ("-h", "--help") for word in words):
            _check_options(args[0], words)
            _check_configs(args[0], words)


def _check_subcommand(args: Sequence[str]) -> None:
    known = ", ".join(COMMANDS)
    first = args[0] if args else ""
    if first in OPTIONS:
        return
    if first and not first.startswith("-"):
        near = [
            _SUBCOMMANDS.get(name, name) for name in [first, *get_close_matches(first, COMMANDS)]
        ]
        hint = next((f" Did you mean {name!r}?" for name in near if name in COMMANDS), "")
        raise InputError(f"There is no subcommand {first!r}; expected one of {known}.{hint}")
    option = first.partition("=")[0]
    if named := [arg for arg in args if arg in OPTIONS]:
        at = list(args).index(named[0])
        command = shlex.join([named[0], *args[:at], *args[at + 1 :]])
        raise InputError(
            f"{option} comes before the subcommand, but belongs after it: {PROGRAM} {command}"
        )
    before = f" before {option}" if option else ""
    raise InputError(f"Expected one of the subcommands {known}{before}; see --help.")


def _check_options(subcommand: str, words: Sequence[str]) -> None:
    for before, word in zip(["", *words], words, strict=False):
        if word.startswith("--"):
            check_option(subcommand, _name(word).partition(".")[0])
        elif not word.startswith("-") and not (before.startswith("-") and "=" not in before):
            ending = Path(word).suffix
            option = {".yaml": "--config", ".yml": "--config", ".ckpt": "--ckpt_path"}.get(ending)
            hint = f"Did you mean {option} {shlex.quote(word)}?" if option else "See --help."
            raise InputError(
                f"{subcommand}: expected an option, found {word[:80]!r}; put quotes around a value "
                f"that holds spaces. {hint}"
            )


def check_option(subcommand: str, name: str, where: str = "") -> None:
    """Make sure that a subcommand has an option with a name, the part before the first dot.

    Raises:
        InputError: If not; the message says ``where`` it stands and what may have been meant.
    """
    if name in OPTIONS[subcommand]:
        return
    owners = [other for other, options in OPTIONS.items() if name in options]
    if owners and name not in _MEANT:
        owner = " and ".join(owners)
        raise InputError(f"{subcommand} has no option {name!r}; {owner} has.{where}")
    near = get_close_matches(name, [*OPTIONS[subcommand], *_MEANT], n=1)
    meant = [word for found in near for word in _MEANT.get(found, (found,))]
    hint = f" Did you mean {' or '.join(map(repr, meant))}?" if meant else ""
    raise InputError(f"There is no option {name!r}.{hint}{where}")


def _check_configs(subcommand: str, words: Sequence[str]) -> None:
    """Read each config, and make sure that none overrides a flag that precedes it."""
    before: list[str] = []
    for option, value in _settings(words):
        if not value and option in ("--config", "-c", "--ckpt_path", "--model", "--data"):
            raise InputError(f"{option}: expected a value after it, found none.")
        if option in ("--config", "-c"):
            content = check_config(Path(value))
            for name in content:
                check_option(subcommand, str(name), f" It is in {value}.")
            _check_order(before, value, content)
        else:
            before.append(option)
            check_text(_name(option), value)


def _check_order(flags: Sequence[str], path: str, content: Mapping[str, Any]) -> None:
    keys = {key for key, _ in _leaves(content)}
    for flag in flags:
        name = _name(flag).replace(".init_args", "")
        for key in keys:
            if f"{key}.".startswith(f"{name}.") or f"{name}.".startswith(f"{key}."):
                raise InputError(
                    f"{flag} comes before the config {path}, which sets {key} again and would "
                    "undo it; put it after --config."
                )


def _leaves(content: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key of each setting, without the word ``init_args``."""
    if not isinstance(content, Mapping):
        yield key, content
        return
    if "class_path" in content:
        yield key, content["class_path"]
    for name, value in content.items():
        if name != "class_path":
            inner = key if name == "init_args" else f"{key}.{name}".lstrip(".")
            yield from _leaves(value, inner)


def _settings(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each option with its value, which may be empty."""
    for word, behind in zip(words, [*words[1:], "-"], strict=True):
        if word.startswith("-"):
            option, equals, value = word.partition("=")
            yield option, value if equals or behind.startswith("-") else behind


def _name(option: str) -> str:
    """Return the dotted name in an option such as ``--model.penalties+=R1``."""
    return option.lstrip("-").partition("=")[0].rstrip("+")
