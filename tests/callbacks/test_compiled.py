"""A compiled network learns what an uncompiled one does, or the game is refused."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from torch._dynamo.testing import CompileCounterWithBackend

from gan_lightning.callbacks import Compiled, GeneratorEMA
from gan_lightning.data import GaussianRing
from gan_lightning.errors import InputError
from gan_lightning.losses import DRAGAN, R1, R2, FiniteDifference, GradientPenalty, Penalty
from gan_lightning.models import ACGAN, GAN, R3GAN, VAE, WGANGP
from gan_lightning.networks import (
    AuxiliaryClassifier,
    LabelledGenerator,
    MLPDiscriminator,
    MLPGenerator,
)

pytestmark = pytest.mark.filterwarnings(  # PyTorch reads the .grad of tensors that are not leaves
    "ignore:The .grad attribute of a Tensor that is not a leaf",
    "ignore:`torch.jit.script_method` is deprecated",  # which PyTorch 2.11 itself calls
)

SMALL = {
    "generator": partial(MLPGenerator, latent_dim=3, hidden_dims=[8]),
    "discriminator": partial(MLPDiscriminator, hidden_dims=[8]),
}
WITHOUT_SLOPES = [FiniteDifference("real", 0.1), FiniteDifference("fake", 0.1)]
DESCENT = {  # Adam would enlarge what rounding leaves of the gradient of a bias in relative logits
    "g_optimizer": partial(torch.optim.SGD, lr=0.1),
    "d_optimizer": partial(torch.optim.SGD, lr=0.1),
}
EAGER = "aot_eager"  # PyTorch's compiled gradients without the minutes of a C++ compiler


def trained(make, *callbacks, accelerator="cpu"):
    torch.manual_seed(0)
    data = GaussianRing(num_samples=64, batch_size=16)
    trainer = Trainer(
        accelerator=accelerator,
        devices=1,
        max_epochs=2,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=list(callbacks),
    )
    model = make(data)
    trainer.fit(model, datamodule=data)
    return model.state_dict()


def labelled(data):
    return ACGAN(
        data.data_shape,
        num_classes=8,
        generator=partial(LabelledGenerator, generator=SMALL["generator"], embedding_dim=2),
        discriminator=partial(AuxiliaryClassifier, discriminator=SMALL["discriminator"]),
    )


MODELS = {
    "GAN": lambda data: GAN(data.data_shape, **SMALL),
    "penalties": lambda data: GAN(data.data_shape, **SMALL, penalties=WITHOUT_SLOPES),
    "R3GAN": lambda data: R3GAN(data.data_shape, **SMALL, **DESCENT, penalties=WITHOUT_SLOPES),
    "ACGAN": labelled,
    "VAE": lambda data: VAE(data.data_shape),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_compiled_model_has_the_names_and_the_weights_of_an_uncompiled_one(make):
    expected = trained(make, GeneratorEMA())
    found = trained(make, GeneratorEMA(), Compiled(backend=EAGER))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["GAN", "ACGAN"])
def test_each_network_is_compiled_once_for_each_turn_and_not_for_samples(name):
    compilations = CompileCounterWithBackend(EAGER)

    class Samples(Callback):
        def on_train_start(self, trainer, model):
            model.sample(5)

        def on_train_batch_start(self, trainer, model, batch, batch_idx):
            model.sample(6 + batch_idx)

    trained(MODELS[name], Samples(), Compiled(backend=compilations))
    assert compilations.frame_count == 4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a CUDA GPU")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [MODELS["GAN"], MODELS["R3GAN"]], ids=["GAN", "R3GAN"])
def test_recorded_graphs_leave_the_weights_that_the_gpu_leaves_without(make):
    expected = trained(make, GeneratorEMA(), accelerator="gpu")
    graphs = Compiled(mode="reduce-overhead")
    found = trained(make, GeneratorEMA(), graphs, accelerator="gpu")
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_a_penalty_without_second_derivatives_moves_a_compiled_discriminator():
    without = trained(MODELS["R3GAN"], Compiled(backend=EAGER))
    heavy = [FiniteDifference("real", 10.0)]
    found = trained(
        lambda data: R3GAN(data.data_shape, **SMALL, **DESCENT, penalties=heavy),
        Compiled(backend=EAGER),
    )
    weight = "discriminator.head.weight"
    assert not torch.allclose(found[weight], without[weight], atol=1e-4)


class OwnPenalty(Penalty):
    """A user's own penalty, which does not declare that it needs no second derivatives."""

    def __init__(self):
        super().__init__("own", 1.0, every=1)

    def __call__(self, judge, real, fake):
        return real.logits.square().mean()


@pytest.mark.parametrize(
    "penalty", [R1(), R2(), GradientPenalty(), DRAGAN(), OwnPenalty()], ids=lambda p: p.name
)
def test_a_penalty_with_second_derivatives_is_refused_by_name(penalty):
    with pytest.raises(InputError, match=f"the penalty {type(penalty).__name__} needs second"):
        trained(lambda d: GAN(d.data_shape, **SMALL, penalties=[penalty]), Compiled(backend=EAGER))


@pytest.mark.parametrize("game", [R3GAN, WGANGP])
def test_a_game_with_such_a_penalty_of_its_own_is_refused_too(game):
    with pytest.raises(InputError, match="needs second derivatives"):
        trained(lambda d: game(d.data_shape, **SMALL), Compiled(backend=EAGER))


@pytest.mark.skipif(torch.__version__ < "2.12", reason="PyTorch had no such error")
@pytest.mark.filterwarnings("ignore")
def test_a_compiled_second_derivative_is_an_error_in_pytorch_and_not_a_silent_zero():
    network = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    network.compile(backend=EAGER)
    x = torch.randn(4, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(network(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="double backward"):
        slope.square().sum().backward()
