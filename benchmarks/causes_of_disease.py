"""Tiny runs that are made to fail, each with one disease, and some that stay well."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor, nn

from gan_lightning.callbacks import FiniteLosses, GeneratorEMA, HealthMonitor, SampleMetrics
from gan_lightning.callbacks.finite_losses import NonFiniteLossError
from gan_lightning.data import DataModule, Digits, GaussianRing, Iris, StandardNormal
from gan_lightning.losses import HingeLoss, LeastSquaresLoss
from gan_lightning.models import GAN, R3GAN, VAE, WGAN, FlowMatching, GenerativeModel
from gan_lightning.networks import Generator, MLPDiscriminator, MLPGenerator


class IgnoresLatents(Generator):
    """A generator that draws the same point for all latents."""

    def __init__(self, data_shape: list[int]) -> None:
        super().__init__()
        self.latent_dim = 2
        self.point = nn.Parameter(torch.zeros(*data_shape))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.point.expand(len(z), *self.point.shape)


class KnowsByHeart(Generator):
    """A generator that returns points from the set it was built with."""

    def __init__(self, data_shape: list[int], points: list[Any]) -> None:
        super().__init__()
        self.latent_dim = 1
        self.points = nn.Parameter(torch.tensor(points))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        chosen = torch.special.ndtr(z[:, 0]) * len(self.points)
        return self.points[chosen.long().clamp(max=len(self.points) - 1)]


def by_heart(data: DataModule) -> GenerativeModel:
    """Return a game whose generator knows the training points, and moves them a little."""
    data.setup("fit")
    known = partial(KnowsByHeart, points=data.scale(data.train.x).tolist())
    return R3GAN(data.data_shape, generator=known, g_optimizer=adam(1e-5))


class Cause(NamedTuple):
    """A run and what is wrong with it."""

    kind: str | None
    """Name of the diagnosis; None for a healthy run."""

    model: Callable[[DataModule], GenerativeModel]
    data: Callable[[], DataModule]
    epochs: int = 16
    callbacks: Callable[[], list[Callback]] = list


def adam(lr: float) -> Callable[..., Any]:
    """Return what makes Adam with a learning rate."""
    return partial(torch.optim.Adam, lr=lr, betas=(0.5, 0.99))


ring = partial(GaussianRing, num_samples=1280, batch_size=128, std=0.02)
unequal = {"g_optimizer": adam(1e-7), "d_optimizer": adam(5e-3)}

CAUSES: dict[str, Cause] = {
    "a discriminator 50 000 times as fast (GAN)": Cause(
        "discriminator won", lambda data: GAN(data.data_shape, **unequal), ring
    ),
    "the same (least squares)": Cause(
        "discriminator won",
        lambda data: GAN(data.data_shape, loss=LeastSquaresLoss(), **unequal),
        ring,
    ),
    "the same (hinge)": Cause(
        "discriminator won", lambda data: GAN(data.data_shape, loss=HingeLoss(), **unequal), ring
    ),
    "the same (R3GAN without penalties)": Cause(
        "discriminator won", lambda data: R3GAN(data.data_shape, gamma=0.0, **unequal), ring
    ),
    "batch normalisation before the discriminator's last layer": Cause(
        "discriminator blind",
        lambda data: GAN(
            data.data_shape,
            generator=partial(MLPGenerator, norm=nn.BatchNorm1d),
            discriminator=partial(MLPDiscriminator, norm=nn.BatchNorm1d),
        ),
        partial(Digits, size=8, batch_size=128),
    ),
    "a generator 100 times as fast, on a ring": Cause(
        "collapse",
        lambda data: GAN(data.data_shape, g_optimizer=adam(5e-3), d_optimizer=adam(5e-5)),
        ring,
    ),
    "a generator that ignores its latents": Cause(
        "collapse",
        lambda data: R3GAN(data.data_shape, generator=IgnoresLatents),
        partial(StandardNormal, num_samples=1280, batch_size=128),
    ),
    "a critic with no bound on its slope": Cause(
        "divergence",
        lambda data: WGAN(data.data_shape, clip_value=1e9, d_optimizer=adam(1e-2)),
        ring,
    ),
    "a learning rate of a million": Cause(
        "divergence",
        lambda data: FlowMatching(data.data_shape, optimizer=partial(torch.optim.SGD, lr=1e6)),
        ring,
        callbacks=lambda: [FiniteLosses()],
    ),
    "a divergence weighted 1000 times as much": Cause(
        "posterior collapse",
        lambda data: VAE(data.data_shape, beta=1000.0, optimizer=adam(1e-2)),
        ring,
        epochs=24,
    ),
    "a half-life of a hundred times the run": Cause(
        "cold average",
        lambda data: R3GAN(data.data_shape),
        ring,
        callbacks=lambda: [GeneratorEMA(8_000_000, ramp_up=0)],
    ),
    "training points that the generator knows by heart": Cause(
        "copies", by_heart, partial(StandardNormal, num_samples=1280, batch_size=128)
    ),
    "none: R3GAN on a ring": Cause(
        None,
        lambda data: R3GAN(
            data.data_shape,
            generator=partial(MLPGenerator, output=nn.Identity),
            gamma=0.05,
            g_optimizer=adam(2e-3),
            d_optimizer=adam(2e-3),
        ),
        ring,
    ),
    "none: flow matching of a ring": Cause(
        None, lambda data: FlowMatching(data.data_shape, optimizer=adam(2e-3)), ring
    ),
    "none: a VAE of flowers": Cause(
        None,
        lambda data: VAE(data.data_shape, optimizer=adam(2e-3)),
        partial(Iris, val_fraction=0.3),
    ),
}


def fall_ill(cause: Cause, folder: Path) -> HealthMonitor:
    """Run a cause to its end, and return the monitor with its findings.

    Args:
        cause: The run.
        folder: Where its curves go.
    """
    torch.manual_seed(0)
    data, monitor = cause.data(), HealthMonitor()
    trainer = Trainer(
        max_epochs=cause.epochs,
        check_val_every_n_epoch=max(1, cause.epochs // 4),
        log_every_n_steps=2,
        num_sanity_val_steps=0,
        callbacks=[*cause.callbacks(), SampleMetrics(300), monitor],
        logger=TensorBoardLogger(folder, "cause", default_hp_metric=False),
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with suppress(NonFiniteLossError):
        trainer.fit(cause.model(data), datamodule=data)
    return monitor
