"""The experiments of the articles, number by number."""

from pathlib import Path

import pytest
import torch
from torch import nn

from gan_lightning.cli.command_line import CommandLine
from gan_lightning.losses import NonSaturatingLoss
from gan_lightning.networks import KerasConvGenerator

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


def norms(network):
    """The sizes of the batch normalisations of a network, and their momentum and epsilon."""
    found = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    return [m.num_features for m in found], {(m.momentum, m.eps) for m in found}


def slopes(network):
    return {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)}


def test_gan_mlp_mnist_is_the_keras_articles_experiment(built):
    cli = built("gan_mlp_mnist")
    model, data = cli.model, cli.datamodule
    leaky = nn.LeakyReLU
    assert layers(model.generator) == ([100, 256, 512, 1024, 784], [leaky] * 3 + [nn.Tanh])
    assert layers(model.discriminator) == ([784, 512, 256, 1], [leaky] * 2)
    assert slopes(model) == {0.2}
    # Keras's momentum 0.8 is the weight of the old mean, PyTorch's 0.2 that of the new one;
    # BatchNorm1d(n, 0.8) would have set the epsilon.
    assert norms(model.generator) == ([256, 512, 1024], {(0.2, 1e-5)})
    assert norms(model.discriminator) == ([], set())
    assert isinstance(model.loss, NonSaturatingLoss)
    assert model.loss.label_smoothing == 0
    d_optimizer, g_optimizer = model.configure_optimizers()[0]
    assert adam(d_optimizer) == adam(g_optimizer) == (2e-4, (0.5, 0.999))
    assert data.batch_size == 32
    assert data.data_shape == (1, 28, 28)
    assert data.value_range == "[-1, 1]"
    batches = -(-(60_000 - data.num_val) // 32) * cli.trainer.max_epochs
    assert batches == pytest.approx(30_000, rel=0.1)  # the article's iterations


def test_keras_batch_normalisation_moves_its_mean_by_a_fifth_a_batch(built):
    generator = built("gan_mlp_mnist").model.generator
    norm = next(m for m in generator.modules() if isinstance(m, nn.BatchNorm1d))
    x = torch.full((4, 256), 10.0)
    norm(x)
    torch.testing.assert_close(norm.running_mean, torch.full((256,), 0.8 * 0 + 0.2 * 10.0))


def test_gan_mlp_sigmoid_mnist_is_the_pytorch_articles_experiment_made_to_work(built):
    cli = built("gan_mlp_sigmoid_mnist")
    model, data = cli.model, cli.datamodule
    assert layers(model.generator) == ([100, 256, 512, 1024, 784], [nn.ReLU] * 3 + [nn.Sigmoid])
    assert layers(model.discriminator) == ([784, 1024, 512, 256, 1], [nn.LeakyReLU] * 3)
    assert slopes(model) == {0.2}
    # Ours are the normalisation and beta1: without them it draws one pattern for all latents.
    assert norms(model.generator) == ([256, 512, 1024], {(0.1, 1e-5)})
    assert norms(model.discriminator) == ([], set())
    d_optimizer, g_optimizer = model.configure_optimizers()[0]
    assert adam(d_optimizer) == adam(g_optimizer) == (2e-4, (0.5, 0.999))
    assert data.batch_size == 128
    assert data.value_range == "[0, 1]"  # the sigmoid's
    images = data.unscale(model.sample(2))
    assert images.dtype == torch.uint8
    assert images.shape == (2, 1, 28, 28)


def test_dcgan_keras_mnist_is_the_tensorflow_articles_experiment(built):
    cli = built("dcgan_keras_mnist")
    model, data = cli.model, cli.datamodule
    assert isinstance(model.generator, KerasConvGenerator)
    assert model.generator.latent_dim == 100
    assert norms(model.generator) == ([7 * 7 * 256, 128, 64], {(0.01, 1e-3)})
    assert layers(model.discriminator) == ([784, 1024, 512, 256, 1], [nn.LeakyReLU] * 3)
    assert norms(model.discriminator)[0] == [1024, 512, 256]
    assert isinstance(model.loss, NonSaturatingLoss)
    d_optimizer, g_optimizer = model.configure_optimizers()[0]
    assert adam(d_optimizer) == adam(g_optimizer) == (1e-4, (0.9, 0.999))
    assert data.batch_size == 256
    assert cli.trainer.max_epochs == 50
