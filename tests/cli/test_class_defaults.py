"""Another class brings its own defaults, and takes over what has been set."""

import pytest
import yaml

from gan_lightning.cli import main


def resolved(capsys, *options):
    """Return the model's arguments as ``fit`` would use them."""
    with pytest.raises(SystemExit):
        main(["fit", *options, "--print_config"])
    return yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]


def test_a_class_in_a_config_has_its_own_defaults(capsys):
    velocity = resolved(capsys, "--config=small_folder", "--data.root=.")["velocity"]
    assert velocity["class_path"].endswith("UNetVelocity")
    assert velocity["init_args"]["num_frequencies"] == 8  # 4 for MLPVelocity, the default


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
