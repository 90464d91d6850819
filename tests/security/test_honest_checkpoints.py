"""What is safe, typed by the user or trusted is restored as usual."""

import sys

import lightning
import pytest
import torch
import yaml
from lightning.pytorch import LightningModule

FAMILIES = ("GAN", "ConditionalGAN", "VAE", "WGANGP", "ConditionalVAE", "Autoencoder")
COMMANDS = ("fit", "test", "validate", "predict", "sample")
DOORS = (*COMMANDS, "loader")
MOST_SLOW = [
    "sample",
    *(pytest.param(name, marks=pytest.mark.slow) for name in COMMANDS if name != "sample"),
]

NETWORK = """
from gan_lightning.networks import MLPGenerator


class Wide(MLPGenerator):
    pass
"""

PROJECT = """
from lightning.pytorch import LightningModule
from torch import nn


class Regression(LightningModule):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
"""

LAYER = """
from torch import nn


class Layer(nn.Linear):
    def __init__(self, width: int) -> None:
        super().__init__(width, 1)
"""


def rotated(families):
    """Pair each family with each door; not slow is one door of each of the first two."""
    for i, family in enumerate(families):
        for j, door in enumerate(DOORS):
            marks = () if i == j < 2 else pytest.mark.slow
            yield pytest.param(door, family, marks=marks)


@pytest.mark.parametrize(("door", "family"), list(rotated(FAMILIES)))
def test_an_honest_checkpoint_opens_by_every_door_without_a_word(spoiled, attempt, door, family):
    few = ["--num_samples=2"] if door == "sample" else []
    outcome = attempt(door, spoiled(family).checkpoint, *few)
    assert outcome == ([], None, None)


@pytest.fixture
def own_network(spoiled, tmp_path, monkeypatch):
    """The run of a model whose generator is a class of a module that is not imported."""
    (tmp_path / "own_networks.py").write_text(NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    run = spoiled()
    config = yaml.safe_load(run.config.read_text())
    generator = config["model"]["init_args"]["generator"]
    generator["class_path"] = "own_networks.Wide"
    run.set_hyperparameters({"generator": generator})
    run.config.write_text(yaml.safe_dump(config))
    yield run
    sys.modules.pop("own_networks", None)


@pytest.mark.parametrize("door", ["predict", "loader"])
def test_a_class_of_your_own_is_refused_by_name_with_what_would_allow_it(
    own_network, attempt, door
):
    outcome = attempt(door, own_network.checkpoint, refused="own_networks.Wide")
    assert outcome.deeds == []
    for words in ("own_networks.Wide", "--config", "import it", "--trust own_networks"):
        assert words in outcome.sentence


def was_restored(outcome):
    """Return whether a checkpoint was restored, and with it its own network imported."""
    return outcome.error is None and "own_networks" in sys.modules


@pytest.mark.parametrize("command", MOST_SLOW)
def test_a_typed_config_may_name_a_class_of_your_own(own_network, attempt, command):
    config = own_network.config.rename(own_network.run / "typed.yaml")
    few = ["--num_samples=2"] if command == "sample" else []
    assert was_restored(attempt(command, own_network.checkpoint, f"--config={config}", *few))


@pytest.mark.parametrize("command", MOST_SLOW)
def test_a_trusted_package_may_provide_a_class_of_your_own(own_network, attempt, command):
    few = ["--num_samples=2"] if command == "sample" else []
    assert was_restored(attempt(command, own_network.checkpoint, "--trust=own_networks", *few))


def test_trust_in_one_package_is_none_in_another(spoiled, attempt):
    run = spoiled()
    run.set_hyperparameters({"generator.activation": "evil.EvilReLU"})
    outcome = attempt("test", run.checkpoint, "--trust=own_networks", refused="evil.EvilReLU")
    assert outcome.deeds == []
    assert "evil.EvilReLU" in outcome.sentence


@pytest.mark.parametrize("text", ["--checkpoints.monitor=evil.score", "--trainer.profiler=evil.x"])
def test_typed_text_that_names_no_class_grants_no_trust(spoiled, attempt, text):
    run = spoiled()
    run.set_hyperparameters({"generator.activation": "evil.EvilReLU"})
    outcome = attempt("test", run.checkpoint, text, refused="evil.EvilReLU")
    assert outcome.deeds == []
    assert outcome.sentence is not None


def test_a_config_that_is_typed_leaves_the_checkpoint_data(spoiled, attempt):
    run = spoiled()
    run.set_hyperparameters({"generator.activation": "evil.EvilReLU"})
    typed = run.config.rename(run.run / "typed.yaml")
    outcome = attempt("test", run.checkpoint, f"--config={typed}", refused="evil.EvilReLU")
    assert outcome.deeds == []
    assert "evil.EvilReLU" in outcome.sentence


def test_a_model_that_is_typed_leaves_the_checkpoint_data(spoiled, attempt):
    run = spoiled()
    run.set_hyperparameters({"generator.activation": "evil.EvilReLU"})
    typed = ["--model=gan_lightning.models.GAN", "--data=Iris"]
    outcome = attempt("test", run.checkpoint, *typed, refused="evil.EvilReLU")
    assert outcome.deeds == []
    assert "evil.EvilReLU" in outcome.sentence


def test_a_class_of_your_own_that_is_imported_restores_in_python(own_network):
    import own_networks

    model = LightningModule.load_from_checkpoint(own_network.checkpoint, weights_only=True)
    assert type(model.generator) is own_networks.Wide


def test_what_a_library_has_imported_is_not_your_own(spoiled, attempt):
    import torchvision.transforms.v2  # noqa: F401

    run = spoiled()
    layer = {"class_path": "torchvision.transforms.v2.Identity", "init_args": {}}
    run.set_hyperparameters({"generator.activation": layer})
    outcome = attempt("loader", run.checkpoint)
    assert isinstance(outcome.error, ValueError)
    assert "torchvision.transforms.v2.Identity" in outcome.sentence


def test_a_model_of_another_project_is_built_as_freely_as_without_this_package(
    tmp_path, monkeypatch
):
    (tmp_path / "project_of_elsewhere.py").write_text(PROJECT)
    (tmp_path / "layers_of_elsewhere.py").write_text(LAYER)
    monkeypatch.syspath_prepend(tmp_path)
    import project_of_elsewhere

    checkpoint = {
        "pytorch-lightning_version": lightning.__version__,
        "state_dict": {"layer.weight": torch.ones(1, 3), "layer.bias": torch.ones(1)},
        "hyper_parameters": {
            "layer": {"class_path": "layers_of_elsewhere.Layer", "init_args": {"width": 3}},
            "_class_path": "project_of_elsewhere.Regression",
            "_instantiator": "lightning.pytorch.cli.instantiate_module",
        },
    }
    torch.save(checkpoint, tmp_path / "project.ckpt")
    model = LightningModule.load_from_checkpoint(tmp_path / "project.ckpt", weights_only=True)
    assert type(model) is project_of_elsewhere.Regression
    assert type(model.layer).__module__ == "layers_of_elsewhere"
