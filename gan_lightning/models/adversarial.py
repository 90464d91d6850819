"""The alternation of discriminator and generator steps, once for every game."""

import warnings
from abc import ABC
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from gan_lightning.errors import InputError, require_positive
from gan_lightning.losses import Penalty
from gan_lightning.models.game import Game
from gan_lightning.models.generative import Batch
from gan_lightning.models.judgement import Terms
from gan_lightning.models.optimization import (
    AnyScheduler,
    MakeOptimizer,
    PointScheduler,
    made_optimizer,
    made_scheduler,
    set_beta2,
    step,
)
from gan_lightning.networks import (
    Augmentation,
    MakeDiscriminator,
    MakeGenerator,
    MLPDiscriminator,
    MLPGenerator,
    Shape,
)
from gan_lightning.schedules import Schedule

PlayerTerms = Callable[[Tensor, Tensor], Terms]
"""Maps real points and their labels to what a player minimises, the sum of scalars by name."""


class AdversarialModule(Game, ABC):
    """Two players: this class owns when each of them is updated, a subclass what each minimises.

    The networks may know labels, both or neither: then the model is conditional.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels, for networks that use them; also from the data module.
        generator: Makes the generator for a shape of data.
        discriminator: Makes the discriminator for a shape of data.
        g_optimizer: Makes the generator's optimizer for its parameters.
        d_optimizer: Makes the discriminator's optimizer for its parameters.
        lr_scheduler: Factor of both learning rates, a schedule over the points seen; or makes a
            PyTorch scheduler for an optimizer, stepped once per epoch. None by default.
        n_critic: Discriminator steps per generator step.
        penalties: Terms added to the discriminator's objective, such as ``R1``.
        augmentation: Changes real and generated points alike before the discriminator sees them.
        beta2: Schedule of Adam's second beta, for both optimizers; constant by default.
        micro_batches: Parts of a batch whose gradients are accumulated before a step, for batches
            that do not fit into memory.
    """

    num_optimizers = 2
    """The optimizers of the discriminator, the generator, and any others."""

    def __init__(  # noqa: PLR0913 - all that a game can be composed of, once
        self,
        data_shape: Shape,
        *,
        num_classes: int | None = None,
        generator: MakeGenerator = MLPGenerator,
        discriminator: MakeDiscriminator = MLPDiscriminator,
        g_optimizer: MakeOptimizer = torch.optim.Adam,
        d_optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: AnyScheduler | None = None,
        n_critic: int = 1,
        penalties: Sequence[Penalty] = (),
        augmentation: Augmentation | None = None,
        beta2: Schedule | None = None,
        micro_batches: int = 1,
    ) -> None:
        super().__init__(data_shape, num_classes, generator, discriminator, penalties, augmentation)
        require_positive(n_critic=n_critic, micro_batches=micro_batches)
        self.automatic_optimization = False
        self.g_optimizer = g_optimizer
        self.d_optimizer = d_optimizer
        self.lr_scheduler = lr_scheduler
        self.n_critic = n_critic
        self.beta2 = beta2
        self.micro_batches = micro_batches

    def training_step(self, batch: Batch, batch_idx: int) -> Terms:
        """Update the players, and log their losses where due."""
        real, labels = batch
        self.count_labels(labels)
        losses = self.play(real, labels)
        self.log_if_due(self.latest_penalties)
        self.log_if_due(losses, prog_bar=True)
        return losses

    def play(self, real: Tensor, labels: Tensor) -> Terms:
        """Update the discriminator, and on every ``n_critic``-th batch the generator."""
        d_optimizer, g_optimizer, *_ = self.optimizers()  # type: ignore[attr-defined]

        with self.toggled_optimizer(d_optimizer):
            losses = {"d_loss": self.update(d_optimizer, self.discriminator_terms, real, labels)}
            self.constrain_discriminator()

        if self.batches % self.n_critic == 0:
            with self.toggled_optimizer(g_optimizer):
                losses["g_loss"] = self.update(g_optimizer, self.generator_terms, real, labels)

        return losses

    def update(
        self,
        optimizer: LightningOptimizer,
        terms: PlayerTerms,
        real: Tensor,
        labels: Tensor,
    ) -> Tensor:
        """Update one player by a step on the sum of its terms, and return the sum, a scalar."""
        optimizer.zero_grad()
        loss = self.backpropagate(terms, real, labels)
        optimizer.step()
        return loss

    def backpropagate(self, terms: PlayerTerms, real: Tensor, labels: Tensor) -> Tensor:
        """Add the gradients of the sum of a player's terms, and return the sum, a scalar."""
        if self.micro_batches == 1:
            loss = _sum(terms(real, labels))
            self.manual_backward(loss)
            return loss.detach()
        losses = []
        parts = real.chunk(self.micro_batches), labels.chunk(self.micro_batches)
        for x, y in zip(*parts, strict=True):
            loss = _sum(terms(x, y)) * (len(x) / len(real))
            self.manual_backward(loss)
            losses.append(loss.detach())
        return torch.stack(losses).sum()

    def on_train_start(self) -> None:
        super().on_train_start()
        if self.augmentation is not None:
            self.augmentation.follow(self.points_seen)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        super().on_train_batch_start(batch, batch_idx)
        interval = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        self.batches_to_logged = -self.batches % interval if interval > 0 else torch.inf

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        super().on_train_batch_end(outputs, batch, batch_idx)
        by_points = [s for s in self._schedulers() if isinstance(s, PointScheduler)]
        if by_points:
            self._step(by_points)
        if self.beta2 is not None:
            for optimizer in self.optimizers(use_pl_optimizer=False):  # type: ignore[union-attr]
                set_beta2(optimizer, self.beta2(self.points_seen))
        if self.augmentation is not None:
            self.augmentation.follow(self.points_seen)

    def on_train_epoch_end(self) -> None:
        self._step([s for s in self._schedulers() if not isinstance(s, PointScheduler)])

    def configure_optimizers(self) -> tuple[list[Optimizer], list[LRScheduler]]:
        optimizers = [
            made_optimizer("d_optimizer", self.d_optimizer, self.discriminator.parameters()),
            made_optimizer("g_optimizer", self.g_optimizer, self.generator.parameters()),
        ]
        if self.beta2 is not None:
            for optimizer in optimizers:
                set_beta2(optimizer, self.beta2(self.points_seen))
        made = [
            made_scheduler(self.lr_scheduler, optimizer, self.points_after_batch)
            for optimizer in optimizers
        ]
        return optimizers, [scheduler for scheduler in made if scheduler is not None]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        states = checkpoint.get("optimizer_states")
        if states and len(states) != self.num_optimizers:
            raise InputError(
                f"The checkpoint does not hold the states of {self.num_optimizers} optimizers."
            )
        super().on_load_checkpoint(checkpoint)

    def _schedulers(self) -> list[LRScheduler]:
        schedulers = self.lr_schedulers() or []
        return schedulers if isinstance(schedulers, list) else [schedulers]

    def _step(self, schedulers: Sequence[LRScheduler]) -> None:
        with warnings.catch_warnings():
            # With a large n_critic, or just after resuming, an epoch may end before G's first step.
            warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
            for scheduler in schedulers:
                step(scheduler)


def _sum(terms: Terms) -> Tensor:
    """Return the loss and the sum of the other terms."""
    loss, *others = terms.values()
    return loss + reduce(torch.add, others) if others else loss
