"""A GAN with a warm start: first an autoencoder, then a game with its decoder."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from gan_lightning.errors import InputError, require_positive
from gan_lightning.losses import FiniteDifference, Penalty, ReconstructionLoss, SquaredError
from gan_lightning.models.autoencoder import Reconstruction
from gan_lightning.models.judgement import Terms
from gan_lightning.models.latent import MakeSampler, SamplerDuty
from gan_lightning.models.optimization import MakeOptimizer, PointScheduler, made_optimizer
from gan_lightning.models.r3gan import R3GAN
from gan_lightning.networks import (
    MakeDecoder,
    MakeEncoder,
    MLPDecoder,
    MLPEncoder,
    Shape,
    conditioned,
)
from gan_lightning.networks.decoding import DecodingGenerator
from gan_lightning.samplers import GaussianMixture
from gan_lightning.schedules import Cosine, Schedule


class _LateStart(Schedule):
    """Factor of the generator's learning rate at a share of the game.

    At first the generator is nearly right and the discriminator knows nothing, so its gradients are
    noise: the rate rises along half a cosine over half of the game.
    """

    def __init__(self) -> None:
        self.rising = Cosine(0.0, 1.0, 0.5)
        self.falling = Cosine(1.0, 0.1, 1)

    def __call__(self, points_seen: float) -> float:
        return self.rising(points_seen) * self.falling(points_seen)


class WarmStartedGAN(Reconstruction, R3GAN):
    """An autoencoder, a sampler of its latents, and a game that turns the decoder into a generator.

    First the encoder and the decoder learn to reconstruct points, for ``reconstruction_batches``
    batches. Then the sampler is fitted to the latents of all training points. From then on the
    decoder plays the game of R3GAN (Huang et al., 2024) with latents of that sampler: its points
    are blurred but nearly right, and a short game sharpens them. Batch statistics are frozen during
    the game. With a sampler that knows labels the model is conditional.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels, for a sampler and networks that use them; also from the data
            module.
        encoder: Makes the encoder for a shape of data and a length of codes.
        decoder: Makes the decoder for a shape of data; its ``latent_dim`` is the model's.
        loss: Compares a reconstruction with its point; the squared error by default.
        sampler: Makes the sampler of latents, given their length.
        reconstruction_optimizer: Makes the optimizer of the encoder and the decoder.
        reconstruction_batches: Batches of the reconstruction, in which its learning rate falls to a
            fiftieth along half a cosine.
        game_batches: Batches of the game, in which the discriminator's learning rate falls to a
            tenth in the same way. The generator's does too, but first rises from 0 over half of the
            game, while the discriminator learns. An ``lr_scheduler`` takes the place of both.
            Training ends after these batches; by default the rates stay constant, and the Trainer's
            epochs end it.
        temperature: Factor of the noise that the latents of samples are made of. The game draws
            them with 1: training on rare latents improves the typical ones too.
        latent_noise: Standard deviation of the noise added to the codes in the reconstruction.
        latent_weight: Weight of the codes' squared norm in the reconstruction, in nats.
        reconstruction_weight: Weight of a reconstruction's squared error, summed over the numbers
            of a point, in the generator's objective. It keeps the decoder from unlearning what it
            can draw where the discriminator has seen too few points to teach it.
        penalties: Terms added to the discriminator's objective, instead of those of ``gamma``; by
            default weak ones without second derivatives.
    """

    averaged: ClassVar[tuple[str, ...]] = ("encoder", "generator")

    num_optimizers = 3

    game_has_begun: Tensor

    def __init__(  # noqa: PLR0913 - two models in one
        self,
        data_shape: Shape,
        *,
        num_classes: int | None = None,
        encoder: MakeEncoder = MLPEncoder,
        decoder: MakeDecoder = MLPDecoder,
        loss: ReconstructionLoss | None = None,
        sampler: MakeSampler = GaussianMixture,
        reconstruction_optimizer: MakeOptimizer = torch.optim.Adam,
        reconstruction_batches: int = 2000,
        game_batches: int | None = None,
        temperature: float = 1.0,
        latent_noise: float = 0.05,
        latent_weight: float = 0.05,
        reconstruction_weight: float = 0.0,
        penalties: Sequence[Penalty] | None = None,
        **shared: Any,
    ) -> None:
        loss = loss or SquaredError()
        made_encoder, made_decoder = self.coders(data_shape, num_classes, encoder, decoder)
        made_sampler = self.made_sampler(sampler, num_classes)
        labels = made_sampler.num_classes or made_decoder.num_classes
        generator = DecodingGenerator(made_decoder, loss.points, labels)
        # Without second derivatives: a decoder that is nearly right needs only a slight push.
        if penalties is None:
            penalties = FiniteDifference("real", 0.01), FiniteDifference("fake", 0.01)
        super().__init__(
            data_shape, num_classes=num_classes, generator=generator, penalties=penalties, **shared
        )
        require_positive(reconstruction_batches=reconstruction_batches, game_batches=game_batches)
        if not temperature > 0:
            raise InputError(f"temperature must be positive, found {temperature}.")
        _check_weights(latent_weight=latent_weight, reconstruction_weight=reconstruction_weight)
        self.encoder = made_encoder
        self.sampler = made_sampler
        self.loss = loss
        self.reconstruction_optimizer = reconstruction_optimizer
        self.reconstruction_batches = reconstruction_batches
        self.game_batches = game_batches
        self.temperature = temperature
        self.latent_noise = latent_noise
        self.latent_weight = latent_weight
        self.reconstruction_weight = reconstruction_weight
        self.register_buffer("game_has_begun", torch.tensor(False))

    @property
    def phase(self) -> str:  # type: ignore[override]
        """The current phase of training."""
        return "reconstruction" if self.batches <= self.reconstruction_batches else "game"

    @property
    def planned_batches(self) -> int | None:  # type: ignore[override]
        """The batches of both phases, if the game's are given."""
        return self.reconstruction_batches + self.game_batches if self.game_batches else None

    def sampler_duty(self) -> SamplerDuty:
        if self.phase == "reconstruction":
            return "follow"
        return "rest" if self.game_has_begun else "fit"

    def sampler_was_fitted(self) -> None:
        self.game_has_begun.fill_(True)
        # Lightning would repeat the reconstruction's last values, in curves until the epoch ends
        # and in the progress bar until the game logs its own.
        results: dict[str, Any] = self.trainer._results or {}
        for name in [name for name in results if ".train/" in name]:
            del results[name]
        shown = self.trainer.progress_bar_metrics
        for name in [name for name in shown if name.startswith("train/")]:
            del shown[name]

    def play(self, real: Tensor, labels: Tensor) -> Terms:
        """Update the autoencoder, or later the discriminator and the generator."""
        if self.phase == "reconstruction":
            return self.reconstruct_better(real, labels)
        for module in (*self.encoder.modules(), *self.generator.modules()):  # frozen statistics
            module.training = module.training and not isinstance(module, _BatchNorm)
        return super().play(real, labels)

    def reconstruct_better(self, x: Tensor, labels: Tensor) -> Terms:
        """Update the encoder and the decoder."""
        if self.batches == 1:
            self.check(x)
        *_, optimizer = self.optimizers()  # type: ignore[attr-defined]
        with self.toggled_optimizer(optimizer):
            loss = self.update(optimizer, self.reconstruction_terms, x, labels)
        return {"reconstruction_loss": loss}

    def reconstruction_terms(self, x: Tensor, labels: Tensor) -> Terms:
        """Return the autoencoder's loss, in nats per point."""
        z = self.code(x, labels)
        outputs = self.outputs(z + self.latent_noise * torch.randn_like(z), labels)
        return {
            "loss": self.loss(x, outputs).mean() * x[0].numel(),
            "latent_norm": self.latent_weight * z.float().square().sum(1).mean(),
        }

    def generator_terms(self, real: Tensor, labels: Tensor) -> Terms:
        terms = super().generator_terms(real, labels)
        if self.reconstruction_weight:
            with torch.no_grad():
                z = self.code(real, labels)
            z = z + self.latent_noise * torch.randn_like(z)
            errors = (conditioned(self.generator, z, labels) - real).square()
            terms["reconstruction"] = self.reconstruction_weight * errors.sum() / len(real)
        return terms

    def fakes(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        z = self.at_home(self.sampler.sample(num_samples, labels))
        return conditioned(self.generator, z, labels)

    def best_decoder(self) -> nn.Module:
        return self.best("generator").decoder

    def configure_optimizers(self) -> tuple[list[Optimizer], list[LRScheduler]]:
        players, schedulers = super().configure_optimizers()
        autoencoder = [*self.encoder.parameters(), *self.generator.parameters()]
        optimizer = made_optimizer(
            "reconstruction_optimizer", self.reconstruction_optimizer, autoencoder
        )
        # These depend on the finished share of their phase.
        falling = Cosine(1.0, 0.02, 1)
        schedulers.append(PointScheduler(optimizer, falling, self._share_of_reconstruction))
        if self.game_batches and self.lr_scheduler is None:
            rates = zip(players, (Cosine(1.0, 0.1, 1), _LateStart()), strict=True)
            schedulers += [PointScheduler(*rate, self._share_of_game) for rate in rates]
        return [*players, optimizer], schedulers

    def _share_of_reconstruction(self) -> float:
        return min(1.0, self.batches / self.reconstruction_batches)

    def _share_of_game(self) -> float:
        played = max(0, self.batches - self.reconstruction_batches)
        return played / self.game_batches if self.game_batches else 0.0


def _check_weights(**weights: float) -> None:
    for name, weight in weights.items():
        if not weight >= 0:
            raise InputError(f"{name} must not be negative, found {weight}.")
