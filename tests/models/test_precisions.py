"""Every model and every penalty trains, is saved, resumes and is exported in every precision."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from safetensors.torch import load_file

from gan_lightning.callbacks import Checkpoints, FiniteLosses, GeneratorEMA, RandomState, SamplerFit
from gan_lightning.callbacks.sample_metrics import SampleMetrics
from gan_lightning.cli.drawing_model import restore
from gan_lightning.cli.start_report import _device
from gan_lightning.cli.trainer import GenerativeTrainer
from gan_lightning.data import DataMemory, Digits, FrameTable, GaussianRing
from gan_lightning.export import Origin, write_export
from gan_lightning.export.agreement import TOLERANCE
from gan_lightning.losses import (
    DRAGAN,
    R1,
    R2,
    AutoregressiveBernoulli,
    FiniteDifference,
    GradientPenalty,
)
from gan_lightning.models import (
    ACGAN,
    GAN,
    R3GAN,
    VAE,
    WGAN,
    WGANGP,
    Autoencoder,
    Classifier,
    ConditionalGAN,
    ConditionalVAE,
    FlowMatching,
    GenerativeModel,
    TableModel,
    WarmStartedGAN,
)
from gan_lightning.networks import ConvClassifier, LabelledDecoder, MLPVelocity
from gan_lightning.samplers import (
    ForEachLabel,
    GaussianCopula,
    GaussianMixture,
    LatentFlow,
    Prior,
    SecondStageVAE,
)

PRECISIONS = {"bf16-mixed": torch.float32, "bf16-true": torch.bfloat16, "64-true": torch.float64}
ADAM = partial(torch.optim.Adam, lr=1e-3)
PLAYERS = {"g_optimizer": ADAM, "d_optimizer": ADAM}
ONE_LOSS = {"optimizer": ADAM}
FEW = {"sampler": partial(GaussianMixture, num_components=2)}


@pytest.fixture(autouse=True)
def bfloat16_everywhere(monkeypatch):
    """Where the processor lacks bfloat16, PyTorch emulates it."""
    monkeypatch.setattr("gan_lightning.cli.trainer.computes_bfloat16", lambda: True)


def table():
    random = np.random.default_rng(0)
    number, kind = random.normal(size=48), random.integers(0, 3, 48)
    return FrameTable(
        pd.DataFrame({"number": number.round(2), "kind": np.array(["a", "b", "c"])[kind]}),
        batch_size=16,
    )


def ring():
    return GaussianRing(num_samples=48, batch_size=16)


def of_table(data):
    return TableModel(
        data.data_shape,
        num_classes=data.num_classes,
        blocks=data.blocks,
        num_points=data.num_points,
        velocity=partial(MLPVelocity, hidden_dims=[8]),
        copula_up_to=1,
        **ONE_LOSS,
    )


def of_points(model_class, **settings):
    """Make a model of points in the plane with eight labels."""
    return ring, lambda data: model_class(data.data_shape, **settings)


def labelled(model_class, **settings):
    return ring, lambda data: model_class(data.data_shape, num_classes=data.num_classes, **settings)


def game(penalty):
    return of_points(GAN, penalties=[penalty], **PLAYERS)


CASES = {
    "GAN": of_points(GAN, **PLAYERS),
    "WGAN": of_points(WGAN, **PLAYERS),
    "WGANGP": of_points(WGANGP, n_critic=2, **PLAYERS),
    "R3GAN": of_points(R3GAN, **PLAYERS),
    "ACGAN": labelled(ACGAN, **PLAYERS),
    "ConditionalGAN": labelled(ConditionalGAN, **PLAYERS),
    "VAE": of_points(VAE, **ONE_LOSS),
    "VAE with AutoregressiveBernoulli": (
        partial(Digits, 4, batch_size=512, value_range="[0, 1]", binarise="threshold"),
        lambda data: VAE(data.data_shape, likelihood=AutoregressiveBernoulli, **ONE_LOSS),
    ),
    "ConditionalVAE": labelled(
        ConditionalVAE, decoder=partial(LabelledDecoder, embedding_dim=4), **ONE_LOSS
    ),
    "Autoencoder": of_points(Autoencoder, **FEW, **ONE_LOSS),
    "FlowMatching": of_points(FlowMatching, **ONE_LOSS),
    "WarmStartedGAN": of_points(
        WarmStartedGAN,
        reconstruction_batches=2,
        reconstruction_optimizer=ADAM,
        **FEW,
        **PLAYERS,
    ),
    "TableModel": (table, of_table),
    "Classifier": (
        partial(Digits, 8, batch_size=512),
        lambda data: Classifier(
            data.data_shape, 10, network=partial(ConvClassifier, base_channels=2), **ONE_LOSS
        ),
    ),
    "GAN with R1": game(R1(1.0)),
    "GAN with R2": game(R2(1.0)),
    "GAN with GradientPenalty": game(GradientPenalty()),
    "GAN with DRAGAN": game(DRAGAN()),
    "GAN with FiniteDifference": game(FiniteDifference()),
}
QUICK = {("GAN with R1", "bf16-mixed"), ("WarmStartedGAN", "bf16-true"), ("VAE", "64-true")}
EACH = [
    pytest.param(name, precision, marks=() if (name, precision) in QUICK else pytest.mark.slow)
    for name in CASES
    for precision in PRECISIONS
]


def train(folder, name, precision, max_epochs, ckpt_path=None):
    """Return a model after some epochs of three batches, with its Trainer."""
    make_data, make_model = CASES[name]
    data = make_data()
    torch.manual_seed(0)
    model = make_model(data)
    draws = isinstance(model, GenerativeModel)
    trainer = GenerativeTrainer(
        accelerator="cpu",
        precision=precision,
        max_epochs=max_epochs,
        logger=TensorBoardLogger(folder, "run"),
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[
            *([GeneratorEMA(half_life=100)] if draws and model.averaged else []),
            RandomState(),
            FiniteLosses(),
            SamplerFit(),
            *([SampleMetrics(20)] if draws else []),
            Checkpoints(),
        ],
    )
    trainer.fit(model, datamodule=data, ckpt_path=ckpt_path, weights_only=True)
    return model, trainer


@pytest.mark.filterwarnings("ignore:The table has .* rows|.*num_workers")
@pytest.mark.parametrize(("name", "precision"), EACH)
def test_a_model_trains_is_saved_and_resumes_to_the_bit_in_every_precision(
    tmp_path, name, precision
):
    whole, trainer = train(tmp_path / "whole", name, precision, 2)
    dtypes = {w.dtype for w in whole.parameters()}
    assert dtypes == {PRECISIONS[precision]}
    assert all(value.isfinite() for value in trainer.callback_metrics.values())

    train(tmp_path / "half", name, precision, 1)
    (last,) = (tmp_path / "half").rglob("last.ckpt")
    resumed, _ = train(tmp_path / "half", name, precision, 2, last)
    for (key, weight), (_, again) in zip(
        whole.state_dict().items(), resumed.state_dict().items(), strict=True
    ):
        assert torch.equal(weight, again), key
    if isinstance(whole, GenerativeModel):
        samples = whole.eval().sample(5)
        assert samples.shape == (5, *trainer.datamodule.data_shape)
        assert samples.isfinite().all()


ORIGIN = Origin("last.ckpt", {}, None, None)


@pytest.mark.filterwarnings("ignore:The table has .* rows|.*num_workers")
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    "name",
    [
        name if name == "GAN with R1" else pytest.param(name, marks=pytest.mark.slow)
        for name in CASES
        if name != "Classifier"
    ],
)
def test_a_checkpoint_of_every_precision_is_exported_in_float32(tmp_path, name, precision):
    _, trainer = train(tmp_path, name, precision, 1)
    (last,) = tmp_path.rglob("last.ckpt")
    model, data = CASES[name][1](trainer.datamodule), trainer.datamodule
    held = restore(model, data, last, torch.device("cpu"))  # as sample and export do
    key, trained = next((k, w) for k, w in held["state_dict"].items() if w.is_floating_point())
    assert trained.dtype == PRECISIONS[precision]
    assert {w.dtype for w in model.parameters()} == {torch.float32}
    assert torch.equal(model.state_dict()[key], trained.float())
    assert model.eval().sample(5).dtype == torch.float32
    memory = DataMemory(data.units, {}, None)
    agreed = write_export(model, memory, ORIGIN, tmp_path / "g.pt2")
    assert agreed.difference <= TOLERANCE
    write_export(model, memory, ORIGIN, tmp_path / "g.safetensors")
    found = load_file(tmp_path / "g.safetensors")
    assert torch.float32 in {w.dtype for w in found.values()}
    assert torch.bfloat16 not in {w.dtype for w in found.values()}


SAMPLERS = {
    "Prior": Prior,
    "GaussianMixture": partial(GaussianMixture, num_components=2),
    "LatentFlow": partial(LatentFlow, hidden_dims=(8,), epochs=2),
    "SecondStageVAE": partial(SecondStageVAE, hidden_dims=(8,), epochs=2),
    "ForEachLabel": partial(
        ForEachLabel, num_classes=2, sampler=partial(GaussianMixture, num_components=2)
    ),
    "GaussianCopula": partial(GaussianCopula, num_classes=2, blocks=(1, 1, 1)),
}


@pytest.mark.parametrize("dtype", PRECISIONS.values(), ids=str)
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_is_fitted_and_draws_in_every_precision(name, dtype):
    sampler = SAMPLERS[name](3).to(dtype)
    latents = 2 + torch.randn(200, 3)
    labels = torch.arange(200) % 2
    if sampler.needs_latents:
        sampler.fit(latents, labels)
        drawn = sampler.sample(400, torch.arange(400) % 2).float()
        assert (drawn.mean(0) - 2).abs().max() < 0.5
    else:
        drawn = sampler.sample(400)
    assert drawn.shape == (400, 3)
    assert drawn.isfinite().all()
    again = SAMPLERS[name](3).to(dtype)
    again.load_state_dict(sampler.state_dict())
    assert {k: v.dtype for k, v in again.state_dict().items()} == {
        k: v.dtype for k, v in sampler.state_dict().items()
    }


def test_float16_on_a_cpu_is_reported_to_be_bfloat16():
    with pytest.warns(UserWarning, match="Using `precision='bf16-mixed'` instead"):
        trainer = GenerativeTrainer(accelerator="cpu", precision="16-mixed", logger=False)
    assert trainer.precision == "bf16-mixed"


def test_a_processor_without_bfloat16_computes_in_float32_and_says_so(monkeypatch):
    monkeypatch.setattr("gan_lightning.cli.trainer.computes_bfloat16", lambda: False)
    trainer = GenerativeTrainer(accelerator="cpu", precision="bf16-mixed", logger=False)
    assert trainer.precision == "32-true"
    assert "32-true, since this processor has no arithmetic for bfloat16" in _device(trainer)


@pytest.mark.parametrize("precision", ["32-true", "bf16-true", "64-true"])
def test_other_precisions_are_left_as_they_are(monkeypatch, precision):
    monkeypatch.setattr("gan_lightning.cli.trainer.computes_bfloat16", lambda: False)
    trainer = GenerativeTrainer(accelerator="cpu", precision=precision, logger=False)
    assert trainer.precision == precision
