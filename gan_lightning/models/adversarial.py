"""The alternation of discriminator and generator steps."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from gan_lightning.errors import InputError
from gan_lightning.models.generative import GenerativeModel
from gan_lightning.networks import ConditionalGenerator, Discriminator, Generator, Shape

AnyGenerator = Generator | ConditionalGenerator

MakeGenerator = Callable[[Shape], Generator]
MakeDiscriminator = Callable[[Shape], Discriminator]
MakeOptimizer = Callable[[Any], Optimizer]
MakeScheduler = Callable[[Optimizer], LRScheduler]

Batch = tuple[Tensor, Tensor]
"""Real points, shape ``(batch, *data_shape)``, and their labels, int64, shape ``(batch,)``."""


class AdversarialModule(GenerativeModel, ABC):
    """Two players: this class owns when each of them moves, a subclass what each minimises.

    Args:
        generator: The network that makes samples.
        discriminator: The network that judges.
        g_optimizer: Makes the generator's optimizer for its parameters.
        d_optimizer: Makes the discriminator's optimizer for its parameters.
        lr_scheduler: Makes a learning rate schedule for each of the two optimizers, stepped once
            an epoch; none by default.
        n_critic: Discriminator steps for one generator step.
    """

    averaged_generator: AnyGenerator | None
    """The generator that ``sample`` prefers; the callback ``GeneratorEMA`` keeps it."""

    def __init__(
        self,
        generator: AnyGenerator,
        discriminator: nn.Module,
        g_optimizer: MakeOptimizer,
        d_optimizer: MakeOptimizer,
        lr_scheduler: MakeScheduler | None,
        n_critic: int,
    ) -> None:
        super().__init__()
        if n_critic < 1:
            raise InputError(f"n_critic must be a positive integer, found {n_critic}.")
        self.automatic_optimization = False
        self.generator = generator
        self.discriminator = discriminator
        self.register_module("averaged_generator", None)
        self.g_optimizer = g_optimizer
        self.d_optimizer = d_optimizer
        self.lr_scheduler = lr_scheduler
        self.n_critic = n_critic

    @abstractmethod
    def discriminator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        """Return what the discriminator minimises, a scalar with no gradient for the generator."""

    @abstractmethod
    def generator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        """Return what the generator minimises, a scalar."""

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Update the discriminator, and on every ``n_critic``-th batch the generator."""
        real, labels = batch
        d_optimizer, g_optimizer = self.optimizers()  # type: ignore[attr-defined]
        # Counted over the whole run: an epoch may hold fewer batches than n_critic.
        batches = self.trainer.fit_loop.total_batch_idx + 1

        with self.toggled_optimizer(d_optimizer):
            d_loss = self.discriminator_loss(real, labels)
            self.update(d_optimizer, d_loss)
            self.constrain_discriminator()
        losses = {"d_loss": d_loss.detach()}

        if batches % self.n_critic == 0:
            with self.toggled_optimizer(g_optimizer):
                g_loss = self.generator_loss(real, labels)
                self.update(g_optimizer, g_loss)
            losses["g_loss"] = g_loss.detach()

        self.log_if_due(losses, prog_bar=True)
        return losses

    def update(self, optimizer: LightningOptimizer, loss: Tensor) -> None:
        """Move one player a step down its loss."""
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()

    def constrain_discriminator(self) -> None:
        """Bring the discriminator back to what it may be after its step; by default nothing."""

    def judge(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return the discriminator's logits for points, shape ``(batch,)``."""
        return self.discriminator(x)

    def on_train_epoch_end(self) -> None:
        with warnings.catch_warnings():
            # With a large n_critic, or just after resuming, an epoch may end before G's first step.
            warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
            for scheduler in self._schedulers():
                scheduler.step()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Do nothing: samples are compared with the batches by ``callbacks.SampleMetrics``."""

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Do nothing, as in validation."""

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Draw one sample for each point of the batch."""
        return self.sample(len(batch[0]))

    def configure_optimizers(self) -> OptimizerLRScheduler:
        d_optimizer = _optimizer("d_optimizer", self.d_optimizer, self.discriminator)
        g_optimizer = _optimizer("g_optimizer", self.g_optimizer, self.generator)
        if self.lr_scheduler is None:
            return [d_optimizer, g_optimizer], []
        schedulers = [self.lr_scheduler(d_optimizer), self.lr_scheduler(g_optimizer)]
        if any(isinstance(scheduler, ReduceLROnPlateau) for scheduler in schedulers):
            raise InputError(
                "lr_scheduler: expected a schedule of the epoch alone, found ReduceLROnPlateau; "
                "an adversarial loss has no plateau to wait for."
            )
        return [d_optimizer, g_optimizer], schedulers

    truncation: float = 1.0
    """Standard deviation of the latents; smaller ones give better samples, and less varied ones."""

    def latents(self, num_samples: int) -> Tensor:
        """Draw z ~ N(0, truncation² I), shape ``(num_samples, latent_dim)``."""
        z = torch.randn(num_samples, self.generator.latent_dim, device=self.device)
        return self.truncation * z.to(self.dtype)

    def fakes(self, num_samples: int) -> Tensor:
        """Generate the fake points of a training step, shape ``(num_samples, *data_shape)``."""
        return self.generator(self.latents(num_samples))

    def sample(self, num_samples: int) -> Tensor:
        """Draw points from the averaged generator if there is one, shape ``(num_samples, …)``."""
        return self.evaluated_generator(self.latents(num_samples))

    @torch.no_grad()
    def evaluated_generator(self, *inputs: Tensor) -> Tensor:
        """Apply the averaged generator, if there is one, in evaluation mode."""
        average = self.averaged_generator
        generator = self.generator if average is None else average
        was_training = generator.training
        generator.eval()
        points: Tensor = generator(*inputs)
        generator.train(was_training)
        return points

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Make room for the averaged generator that the checkpoint brings."""
        if len(checkpoint.get("optimizer_states") or "DG") != 2:
            raise InputError("The checkpoint does not hold the states of two optimizers.")
        if any(key.startswith("averaged_generator.") for key in checkpoint["state_dict"]):
            self.start_average()

    def start_average(self) -> AnyGenerator:
        """Return the averaged generator, at first a copy of the generator."""
        if self.averaged_generator is None:
            self.averaged_generator = deepcopy(self.generator).requires_grad_(False)
        return self.averaged_generator

    def log_judgement(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        """Log mean D(x) and D(G(z)), and how often the discriminator is right, where due.

        Both means at 1/2 and both accuracies between 1/2 and 1 is a game in balance; accuracies
        that stay at 1 say that the discriminator has won.
        """
        if self.logging_due:
            real_logits, fake_logits = real_logits.detach(), fake_logits.detach()
            self.log_if_due(
                {
                    "d_real": real_logits.sigmoid().mean(),
                    "d_fake": fake_logits.sigmoid().mean(),
                    "d_accuracy_real": (real_logits > 0).float().mean(),
                    "d_accuracy_fake": (fake_logits < 0).float().mean(),
                }
            )

    def log_scores(self, real_scores: Tensor, fake_scores: Tensor) -> None:
        """Log a critic's mean scores, and their difference where due.

        The difference estimates a Wasserstein distance up to the critic's slope: it should fall.
        """
        if self.logging_due:
            real, fake = real_scores.detach().mean(), fake_scores.detach().mean()
            self.log_if_due({"score_real": real, "score_fake": fake, "score_gap": real - fake})

    def _schedulers(self) -> list[LRScheduler]:
        schedulers = self.lr_schedulers() or []
        return schedulers if isinstance(schedulers, list) else [schedulers]


def _optimizer(name: str, make: MakeOptimizer, network: nn.Module) -> Optimizer:
    try:
        if isinstance(make, partial) and "betas" in make.keywords:  # Adam refuses the 0 of (0, 0.9)
            make = partial(make, betas=tuple(beta * 1.0 for beta in make.keywords["betas"]))
        optimizer = make(network.parameters())
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: {error}.") from error
    if isinstance(optimizer, torch.optim.LBFGS):
        raise InputError(f"{name}: LBFGS needs a closure, which a step of two players has not.")
    return optimizer


def built(role: str, kind: type, make: Callable[..., Any], *arguments: Any) -> Any:
    """Make a network and see that it is of the right kind for its role."""
    network = make(*arguments)
    if not isinstance(network, kind):
        raise InputError(
            f"{role}: expected a {kind.__name__}, found {type(network).__name__}, which is not one."
        )
    return network
