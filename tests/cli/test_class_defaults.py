"""Another class brings its own defaults, and takes over what has been set."""

import importlib
import inspect
from pathlib import Path

import pytest
import yaml
from jsonargparse import _typehints

from gan_lightning.cli import class_defaults, main
from gan_lightning.cli.command_line import CommandLine

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
AT_HAND = {
    "csv": "--data.path=table.csv",
    "dcgan_folder": "--data.root=.",
    "small_folder": "--data.root=.",
    "small_folder_game": "--data.root=.",
}


def resolved(capsys, *options):
    """Return the model's arguments as ``fit`` would use them."""
    with pytest.raises(SystemExit):
        main(["fit", *options, "--print_config"])
    return yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]


def test_a_class_in_a_config_has_its_own_defaults(capsys):
    velocity = resolved(capsys, "--config=small_folder", "--data.root=.")["velocity"]
    assert velocity["class_path"].endswith("UNetVelocity")
    assert velocity["init_args"]["num_frequencies"] == 8  # 4 for MLPVelocity, the default


def test_programs_that_use_the_command_line_alone_have_them_too(monkeypatch):
    monkeypatch.setattr(
        _typehints, "discard_init_args_on_class_path_change", class_defaults._keep_arguments
    )

    class Resolved(CommandLine):
        def _run_subcommand(self, subcommand):
            pass

    run = Resolved(
        [
            "fit",
            f"--config={CONFIGS[0].parent}/small_folder.yaml",
            "--data.root=.",
            "--trainer.logger=false",
        ]
    )
    velocity = run.config["fit"]["model"]["init_args"]["velocity"]
    assert velocity["init_args"]["num_frequencies"] == 8


def test_another_class_keeps_what_was_set_and_no_defaults(capsys):
    model = resolved(
        capsys,
        "--config=r3gan_mnist",
        "--model.g_optimizer=AdamW",
        "--model.generator=MLPGenerator",
    )
    optimizer = model["g_optimizer"]["init_args"]
    assert (optimizer["lr"], optimizer["betas"]) == (4e-3, [0.0, 0.9])  # of the config
    assert optimizer["weight_decay"] == 0.01  # of AdamW; 0 for Adam
    assert model["generator"]["init_args"]["latent_dim"] == 100  # of the config


def test_the_same_class_keeps_all_that_was_set(capsys):
    model = resolved(capsys, "--config=r3gan_mnist", "--model.generator=R3Generator")
    assert model["generator"]["init_args"]["base_channels"] == 16


def of_other_classes(resolved, given):
    """Yield arguments that a config does not give, with values other than their defaults."""
    if isinstance(resolved, list):
        for one, part in zip(resolved, given, strict=True):
            yield from of_other_classes(one, part)
    elif isinstance(resolved, dict) and "class_path" in resolved:
        given = given.get("init_args", {}) if isinstance(given, dict) else {}
        module, _, name = resolved["class_path"].rpartition(".")
        parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters
        for argument, value in resolved.get("init_args", {}).items():
            if argument in given:
                yield from of_other_classes(value, given[argument])
            elif argument in parameters and isinstance(value, int | float | str):
                default = parameters[argument].default
                if isinstance(default, int | float | str) and value != default:
                    yield f"{name}: {argument} is {value}, its default {default}"


@pytest.mark.sampled(8)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_what_a_config_does_not_say_is_the_default_of_its_own_class(capsys, config):
    more = [AT_HAND[config.stem]] if config.stem in AT_HAND else []
    with pytest.raises(SystemExit):
        main(["fit", f"--config={config}", *more, "--print_config"])
    found, given = (yaml.safe_load(x) for x in (capsys.readouterr().out, config.read_text()))
    assert [*of_other_classes(found["model"], given["model"])] == []
