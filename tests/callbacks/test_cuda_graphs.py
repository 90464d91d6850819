"""A game whose passes are recorded learns what it learns without."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Callback

from gan_lightning.callbacks import (
    Compiled,
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
    ProjectionDiscriminator,
)
from gan_lightning.samplers import ForEachLabel, GaussianMixture
from gan_lightning.schedules import Linear

pytestmark = pytest.mark.filterwarnings("ignore:GPU available but not used")

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
    "warm start with labels": lambda data: WarmStartedGAN(
        data.data_shape,
        num_classes=8,
        reconstruction_batches=12,
        sampler=partial(ForEachLabel, sampler=partial(GaussianMixture, num_components=1)),
        discriminator=partial(ProjectionDiscriminator, discriminator=SMALL["discriminator"]),
        **DESCENT,
    ),
}
ON_GPU = pytest.param(
    "gpu",
    marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a CUDA GPU"),
)


class StandIn:
    """What a CUDA graph does, on the CPU: it computes from and to the same memory."""

    def __init__(self, passes, recording):
        self.passes, self.model, self.recording = passes, recording.model, recording
        model = self.model
        self.weights = [penalty.weight_at(0) for penalty in model.penalties]
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
        for penalty, weight in zip(self.model.penalties, self.weights, strict=True):
            if isinstance(weight, torch.Tensor):
                assert weight == pytest.approx(penalty.weight_at(self.model.points_seen))
        now, penalties, logging_due = {}, {}, self.model.logging_due
        self.model.log_if_due, self.model.log_penalty = now.update, penalties.__setitem__
        self.model.logging_due = True
        self.loss.copy_(self.passes())
        del self.model.log_if_due, self.model.log_penalty
        self.model.logging_due = logging_due
        for kept, found in ((self.recording.readings, now), (self.recording.penalties, penalties)):
            for name, value in found.items():
                kept[name].copy_(value)
        for (_, kept), (_, found) in zip(self.gradients, self._gradients(), strict=True):
            kept.copy_(found)
        for weight, gradient in zip(self.model.parameters(), before, strict=True):
            weight.grad = gradient

    def pool(self):
        return None

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
        recordings = []
        made = cuda_graphs.Recording.__init__

        def noticed(self, *arguments):
            recordings.append(self)
            made(self, *arguments)

        def recorded(passes, memory):
            stand_in = StandIn(passes, recordings[-1])
            return stand_in, stand_in.loss

        monkeypatch.setattr(cuda_graphs.Recording, "__init__", noticed)
        monkeypatch.setattr(cuda_graphs, "on_gpu", lambda model: True)
        monkeypatch.setattr(cuda_graphs, "recorded", recorded)

    return on


@pytest.fixture
def trained(quiet_trainer):
    """Train a game on points of a ring."""

    def trained(make, *callbacks, num_points=88, **settings):
        torch.manual_seed(0)
        data = GaussianRing(num_samples=num_points, batch_size=16)  # the last of 88 are fewer
        usual = {"devices": 1, "max_epochs": 5, "log_every_n_steps": 10}
        trainer = quiet_trainer(GeneratorEMA(), SamplerFit(), *callbacks, **{**usual, **settings})
        model = make(data)
        trainer.fit(model, datamodule=data)
        return model

    return trained


@pytest.mark.sampled(3)
@pytest.mark.parametrize("accelerator", ["cpu", ON_GPU])
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_recorded_game_has_the_weights_of_another(make, accelerator, on, replays, trained):
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
def test_augmented_images_can_be_recorded(augment, accelerator, on, replays, quiet_trainer):
    on(accelerator)
    torch.manual_seed(0)
    loader = TensorLoader(torch.randn(48, 3, 8, 8), torch.zeros(48).long(), 8, seed=0)
    game = GAN((3, 8, 8), augmentation=augment(), **SMALL)
    trainer = quiet_trainer(CUDAGraphs(), accelerator=accelerator, devices=1, max_epochs=2)
    trainer.fit(game, loader)
    assert len(replays) == 18  # of 24 passes


class Logged(Callback):
    """Remembers every number that is logged."""

    def __init__(self):
        self.values = []

    def on_train_batch_end(self, trainer, model, *_):
        self.values.append({name: float(x) for name, x in trainer.callback_metrics.items()})


@pytest.mark.filterwarnings("ignore:.* has already been called")
@pytest.mark.parametrize("name", ["GAN", "lazy penalties", "labels"])
@pytest.mark.parametrize("accelerator", ["cpu", ON_GPU])
def test_replayed_batches_are_logged_like_others(name, accelerator, on, replays, trained):
    on(accelerator)
    expected, found = Logged(), Logged()
    trained(MODELS[name], expected, accelerator=accelerator, log_every_n_steps=2)
    trained(MODELS[name], found, CUDAGraphs(), accelerator=accelerator, log_every_n_steps=2)
    assert any(recording.readings for recording in replays)
    assert found.values[-1].keys() == expected.values[-1].keys()
    for ours, theirs in zip(found.values, expected.values, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-2, abs=1e-4)


def test_each_kind_of_passes_is_recorded_once(on, replays, trained):
    on("cpu")
    trained(MODELS["lazy penalties"], CUDAGraphs(), log_every_n_steps=0, num_points=160)
    assert len(set(map(id, replays))) == 5  # none, either or both penalties, and the generator


def test_without_a_gpu_nothing_is_recorded(replays, trained):
    trained(MODELS["GAN"], CUDAGraphs())
    assert not replays


def test_the_next_run_of_the_model_is_not_recorded(on, trained):
    on("cpu")
    assert "backpropagate" not in vars(trained(MODELS["GAN"], CUDAGraphs()))


def test_passes_that_cannot_be_recorded_are_refused_with_the_reason(on, monkeypatch, trained):
    on("cpu")

    def recorded(passes, memory):
        try:
            raise RuntimeError("operation not permitted when stream is capturing\nmore")
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")

    monkeypatch.setattr(cuda_graphs, "recorded", recorded)
    reason = r"GAN cannot be recorded \(operation not permitted when stream is capturing\); leave"
    with pytest.raises(InputError, match=reason):
        trained(MODELS["GAN"], CUDAGraphs())


class Watching(Callback):
    def on_after_backward(self, trainer, model):
        pass


@pytest.mark.parametrize(
    ("make", "others", "reason"),
    [
        (lambda data: VAE(data.data_shape), [], "VAE has no two players"),
        (MODELS["GAN"], [Watching()], "Watching has on_after_backward"),
        (MODELS["GAN"], [Compiled("reduce-overhead", "eager")], "Compiled records graphs"),
    ],
)
def test_what_cannot_be_recorded_is_computed_as_usual_and_one_line_says_so(
    make, others, reason, on, replays, trained
):
    on("cpu")
    with pytest.warns(match=f"CUDAGraphs records nothing: {reason}"):
        trained(make, *others, CUDAGraphs())
    assert not replays


def test_a_scheduled_augmentation_is_not_recorded(quiet_trainer):
    game = GAN((1, 8, 8), augmentation=DiffAugment(probability=RISING))
    trainer = quiet_trainer()
    assert cuda_graphs.why_not(trainer, game) == "the probability of DiffAugment follows a schedule"


def test_without_a_gpu_nothing_is_said(trained):
    trained(lambda data: VAE(data.data_shape), CUDAGraphs())


class Fails(Callback):
    """Ends the first run before its last batches."""

    def on_train_epoch_end(self, trainer, model):
        if trainer.current_epoch == 3:
            raise OSError("disk full")


def test_a_run_after_one_that_failed_records_anew(on, replays, trained):
    on("cpu")
    graphs, game = CUDAGraphs(), MODELS["GAN"](GaussianRing())
    with pytest.raises(OSError, match="disk full"):
        trained(lambda data: game, graphs, Fails())
    assert "backpropagate" not in vars(game)
    before = set(map(id, replays))
    kept = list(replays)  # so that no new one takes the place of an old one
    trained(lambda data: game, graphs)
    assert replays[len(kept) :]
    assert not before & set(map(id, replays[len(kept) :]))


class AddsUp(GAN):
    """A game of one's own that computes each loss twice."""

    def update(self, optimizer, *arguments):
        optimizer.zero_grad()
        self.backpropagate(*arguments)
        loss = self.backpropagate(*arguments)
        optimizer.step()
        return loss


def test_a_game_that_adds_up_gradients_is_refused(on, trained):
    on("cpu")
    with pytest.raises(InputError, match=r"AddsUp cannot be recorded \(it adds the gradients"):
        trained(lambda data: AddsUp(data.data_shape, **SMALL), CUDAGraphs())
