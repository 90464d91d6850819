"""The experiments of the articles, number by number."""

from pathlib import Path

import pytest
import torch
from torch import nn

from gan_lightning.cli.command_line import CommandLine
from gan_lightning.losses import NonSaturatingLoss

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def built(monkeypatch, tmp_path):
    """Build what a config describes, without training it."""
    monkeypatch.setattr("sys.argv", ["gan_lightning"])
    monkeypatch.setattr(CommandLine, "_run_subcommand", lambda self, name: None)

    def build(experiment):
        args = ["fit", f"--config={CONFIGS / experiment}.yaml", "--trainer.accelerator=cpu"]
        return CommandLine([*args, f"--trainer.default_root_dir={tmp_path}"])

    return build


def layers(network):
    """The widths and the activations of a network of linear layers."""
    modules = list(network.modules())
    linear = [m for m in modules if isinstance(m, nn.Linear)]
    widths = [linear[0].in_features, *(m.out_features for m in linear)]
    kinds = (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid)
    return widths, [type(m) for m in modules if isinstance(m, kinds)]


def adam(optimizer):
    assert isinstance(optimizer, torch.optim.Adam)
    return optimizer.defaults["lr"], tuple(optimizer.defaults["betas"])


def test_gan_iris_is_the_articles_experiment(built):
    cli = built("gan_iris")
    model, data = cli.model, cli.datamodule
    data.setup("fit")
    assert len(data.train.x) == 50
    assert len(data.train_dataloader()) == 2
    assert data.batch_size == 32
    assert layers(model.generator) == ([10, 16, 32, 4], [nn.ReLU, nn.ReLU, nn.Tanh])
    assert layers(model.discriminator) == ([4, 32, 16, 1], [nn.LeakyReLU] * 2)
    slopes = {m.negative_slope for m in model.modules() if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.2}
    assert isinstance(model.loss, NonSaturatingLoss)
    d_optimizer, g_optimizer = model.configure_optimizers()[0]
    assert adam(d_optimizer) == adam(g_optimizer) == (2e-4, (0.5, 0.999))
    assert cli.trainer.max_epochs == 10_000


def test_gan_points_is_the_articles_experiment(built):
    cli = built("gan_points")
    model, data = cli.model, cli.datamodule
    data.setup("fit")
    assert layers(model.generator) == ([100, 256, 2], [nn.ReLU, nn.Tanh])
    assert layers(model.discriminator) == ([2, 256, 1], [nn.ReLU])
    d_optimizer, g_optimizer = model.configure_optimizers()[0]
    assert adam(d_optimizer) == adam(g_optimizer) == (1e-4, (0.9, 0.999))
    assert data.batch_size == 64
    assert len(data.train_dataloader()) * cli.trainer.max_epochs == 10_000
