"""A game whose passes are recorded learns what it learns without."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Trainer

from gan_lightning.callbacks import (
    CUDAGraphs,
    GeneratorEMA,
    GradientClipping,
    SamplerFit,
    cuda_graphs,
)
from gan_lightning.data import GaussianRing, TensorLoader
from gan_lightning.errors import InputError
from gan_lightning.losses import R1, FiniteDifference
from gan_lightning.models import ACGAN, GAN, R3GAN, VAE, WGANGP, WarmStartedGAN
from gan_lightning.networks import (
    AdaptiveAugment,
    AuxiliaryClassifier,
    DiffAugment,
    LabelledGenerator,
    MLPDiscriminator,
    MLPGenerator,
)
from gan_lightning.samplers import GaussianMixture
from gan_lightning.schedules import Linear

SMALL = {
    "generator": partial(MLPGenerator, latent_dim=3, hidden_dims=[8]),
    "discriminator": partial(MLPDiscriminator, hidden_dims=[8]),
}
DESCENT = {  # Adam would enlarge what rounding leaves of the gradient of a bias in relative logits
    "g_optimizer": partial(torch.optim.SGD, lr=0.1),
    "d_optimizer": partial(torch.optim.SGD, lr=0.1),
}
RISING = Linear(0.1, 1.0, points=300)
MODELS = {
    "GAN": lambda data: GAN(data.data_shape, **SMALL),
    "batch statistics": lambda data: GAN(
        data.data_shape,
        generator=partial(MLPGenerator, latent_dim=3, hidden_dims=[8], norm=torch.nn.BatchNorm1d),
        discriminator=SMALL["discriminator"],
    ),
    "lazy penalties": lambda data: GAN(
        data.data_shape, **SMALL, penalties=[R1(every=3), FiniteDifference("fake", every=2)]
    ),
    "scheduled penalties": lambda data: R3GAN(data.data_shape, gamma=RISING, **SMALL, **DESCENT),
    "schedules of rates": lambda data: GAN(
        data.data_shape, **SMALL, lr_scheduler=RISING, beta2=Linear(0.9, 0.99, points=300)
    ),
    "critic steps": lambda data: WGANGP(data.data_shape, n_critic=2, **SMALL),
    "micro-batches": lambda data: GAN(data.data_shape, **SMALL, micro_batches=3),
    "labels": lambda data: ACGAN(
        data.data_shape,
        num_classes=8,
        generator=partial(LabelledGenerator, generator=SMALL["generator"], embedding_dim=2),
        discriminator=partial(AuxiliaryClassifier, discriminator=SMALL["discriminator"]),
    ),
    "warm start": lambda data: WarmStartedGAN(
        data.data_shape,
        reconstruction_batches=12,
        sampler=partial(GaussianMixture, num_components=2),
        **DESCENT,
    ),
}
ON_GPU = pytest.param(
    "gpu",
    marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a CUDA GPU"),
)


class StandIn:
    """What a CUDA graph does, on the CPU: it computes from and to the same memory."""

    def __init__(self, passes, model):
        self.passes, self.model = passes, model
        numbers = torch.get_rng_state()
        buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
        self.loss = passes()
        self.gradients = self._gradients()
        torch.set_rng_state(numbers)
        for buffer, before in buffers:
            buffer.copy_(before)

    def replay(self):
        before = [weight.grad for weight in self.model.parameters()]
        self.model.zero_grad()
        self.loss.copy_(self.passes())
        for (_, kept), (_, found) in zip(self.gradients, self._gradients(), strict=True):
            kept.copy_(found)
        for weight, gradient in zip(self.model.parameters(), before, strict=True):
            weight.grad = gradient

    def _gradients(self):
        every = self.model.parameters()
        return [(w, w.grad) for w in every if w.requires_grad and w.grad is not None]


@pytest.fixture
def replays(monkeypatch):
    """The kinds of the passes that were replayed."""
    replays = []
    replay = cuda_graphs.Recording.replay

    def counted(self, real, labels):
        replays.append(self)
        return replay(self, real, labels)

    monkeypatch.setattr(cuda_graphs.Recording, "replay", counted)
    return replays


@pytest.fixture
def on(monkeypatch):
    """Prepare a device for recording: a stand-in for graphs on the CPU."""

    def on(accelerator):
        if accelerator == "gpu":
            return
        models = []
        made = cuda_graphs.Recording.__init__

        def noticed(self, model, *rest):
            models.append(model)
            made(self, model, *rest)

        def recorded(passes):
            stand_in = StandIn(passes, models[-1])
            return stand_in, stand_in.loss

        monkeypatch.setattr(cuda_graphs.Recording, "__init__", noticed)
        monkeypatch.setattr(cuda_graphs, "can_record", lambda model: True)
        monkeypatch.setattr(cuda_graphs, "recorded", recorded)

    return on


def trained(make, *callbacks, accelerator="cpu", log_every_n_steps=10, num_points=88):
    torch.manual_seed(0)
    data = GaussianRing(num_samples=num_points, batch_size=16)  # the last batch of 88 is smaller
    trainer = Trainer(
        accelerator=accelerator,
        devices=1,
        max_epochs=5,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        log_every_n_steps=log_every_n_steps,
        callbacks=[GeneratorEMA(), SamplerFit(), *callbacks],
    )
    model = make(data)
    trainer.fit(model, datamodule=data)
    return model


@pytest.mark.filterwarnings("ignore:GPU available but not used")
@pytest.mark.parametrize("accelerator", ["cpu", ON_GPU])
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_recorded_game_has_the_weights_of_another(make, accelerator, on, replays):
    on(accelerator)
    clipping = GradientClipping(1.0)
    expected = trained(make, clipping, accelerator=accelerator).state_dict()
    assert not replays
    found = trained(make, clipping, CUDAGraphs(), accelerator=accelerator).state_dict()
    assert len(replays) > 20  # of 30 batches
    close = {} if accelerator == "cpu" else {"rtol": 1e-3, "atol": 1e-4}
    torch.testing.assert_close(found, expected, **(close or {"rtol": 0, "atol": 0}))


@pytest.mark.parametrize("augment", [DiffAugment, AdaptiveAugment])
@pytest.mark.parametrize("accelerator", ["cpu", ON_GPU])
def test_augmented_images_can_be_recorded(augment, accelerator, on, replays):
    on(accelerator)
    torch.manual_seed(0)
    loader = TensorLoader(torch.randn(48, 3, 8, 8), torch.zeros(48).long(), 8, seed=0)
    game = GAN((3, 8, 8), augmentation=augment(), **SMALL)
    trainer = Trainer(
        accelerator=accelerator,
        devices=1,
        max_epochs=2,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=[CUDAGraphs()],
    )
    trainer.fit(game, loader)
    assert len(replays) == 18  # of 24 passes


def test_a_logged_batch_is_not_replayed(on, replays):
    on("cpu")
    trained(MODELS["GAN"], CUDAGraphs(), log_every_n_steps=1)
    assert not replays


def test_each_kind_of_passes_is_recorded_once(on, replays):
    on("cpu")
    trained(MODELS["lazy penalties"], CUDAGraphs(), log_every_n_steps=0, num_points=160)
    assert len(set(map(id, replays))) == 5  # none, either or both penalties, and the generator


def test_without_a_gpu_nothing_is_recorded(replays):
    trained(MODELS["GAN"], CUDAGraphs())
    assert not replays


def test_the_next_run_of_the_model_is_not_recorded(on):
    on("cpu")
    assert "backpropagate" not in vars(trained(MODELS["GAN"], CUDAGraphs()))


def test_passes_that_cannot_be_recorded_are_refused_with_the_reason(on, monkeypatch):
    on("cpu")

    def recorded(passes):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(cuda_graphs, "recorded", recorded)
    reason = r"GAN cannot be recorded \(operation not permitted when stream is capturing\); leave"
    with pytest.raises(InputError, match=reason):
        trained(MODELS["GAN"], CUDAGraphs())


def test_a_scheduled_augmentation_is_refused_by_name():
    augmentation = DiffAugment(probability=RISING)
    with pytest.raises(InputError, match="the probability of DiffAugment follows a schedule"):
        trained(lambda d: GAN(d.data_shape, augmentation=augmentation), CUDAGraphs())


def test_a_model_without_players_is_refused():
    with pytest.raises(InputError, match="VAE is none"):
        trained(lambda data: VAE(data.data_shape), CUDAGraphs())
