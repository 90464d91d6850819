"""The inputs and the objectives of the two players of a game."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.losses import Judged, Penalty
from gan_lightning.models.generative import GenerativeModel
from gan_lightning.models.judgement import Judgement, Terms
from gan_lightning.models.latent_paths import nearest_latents
from gan_lightning.models.player_checks import check_labels, check_output_range
from gan_lightning.networks import (
    Augmentation,
    ClassifyingDiscriminator,
    Discriminator,
    Generator,
    MakeDiscriminator,
    MakeGenerator,
    Shape,
    built,
    conditioned,
    one_pass_suffices,
)

NUM_CANDIDATES = 256
"""Candidate latents for the start of a projection."""


class Game(GenerativeModel, ABC):
    """Two networks, and the objectives built from one's judgement of the other.

    A subclass turns logits into losses; this class shows points to the discriminator, with labels,
    augmentation and penalties.

    Args:
        data_shape: Shape of one data point.
        num_classes: Number of labels, for networks that know them.
        generator: Makes the generator for a shape of data.
        discriminator: Makes the discriminator for a shape of data.
        penalties: Terms added to the discriminator's objective.
        augmentation: Changes real and generated points alike before the discriminator sees them.
    """

    has_latents = True

    averaged: ClassVar[tuple[str, ...]] = ("generator",)

    classifies = False
    """Whether the discriminator's class logits are trained, if it has any."""

    judges_real_in_generator_step = False
    """Whether the game compares generated with real points in the generator's step too."""

    judges_in_one_pass = False
    """Whether the discriminator judges real and generated points in one pass, where it can."""

    batches_to_logged = torch.inf
    """Batches from the current one to the next that is logged, 0 for a logged one."""

    truncation: float | None = None
    """Largest absolute value of a latent's numbers in samples: Brock et al., 2019, Section 3.1."""

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int | None,
        generator: MakeGenerator,
        discriminator: MakeDiscriminator,
        penalties: Sequence[Penalty],
        augmentation: Augmentation | None,
    ) -> None:
        super().__init__()
        self.generator = built(
            "generator", Generator, generator, data_shape, num_classes=num_classes
        )
        self.discriminator = built(
            "discriminator", Discriminator, discriminator, data_shape, num_classes=num_classes
        )
        check_labels(self.generator, self.discriminator)
        if isinstance(self.discriminator, ClassifyingDiscriminator) and not self.classifies:
            raise InputError(
                f"{type(self.discriminator).__name__} also classifies, which {type(self).__name__} "
                "would never train; ACGAN does."
            )
        self.know_labels(self.generator.num_classes)
        self.penalties = list(penalties)
        self.latest_penalties: Terms = {}
        self.augmentation = augmentation

    def on_fit_start(self) -> None:
        """Make sure that the generator's range covers the data's, if known, and augment within it.

        Raises:
            InputError: If it does not.
        """
        as_here = type(self).judge is Game.judge
        self.judges_in_one_pass = as_here and one_pass_suffices(self.discriminator)
        data = getattr(self.trainer, "datamodule", None)
        data_range = getattr(data, "data_range", None)
        if data_range is not None:
            with self.evaluating():
                check_output_range(self.generator, data_range)
            if self.augmentation is not None:
                self.augmentation.data_range = data_range

    @abstractmethod
    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the discriminator's loss, a scalar, from logits of shape ``(batch,)``."""

    @abstractmethod
    def generator_loss(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        """Return the generator's loss, a scalar.

        Args:
            fake_logits: Logits of generated points.
            real_logits: Those of real points, if ``judges_real_in_generator_step``.
        """

    @abstractmethod
    def reading(self, real_logits: Tensor, fake_logits: Tensor) -> Terms:
        """Return this game's interpretation of the logits, as numbers to log."""

    def discriminator_terms(self, real: Tensor, labels: Tensor) -> Terms:
        """Return the discriminator's terms; no gradient reaches the generator."""
        fake_labels = self.labels_of_fakes(labels)
        real = self.augmented(real)
        fake = self.augmented(self.fakes(len(real), fake_labels).detach())
        due = self.due_penalties()
        slopes = frozenset[str]().union(*(penalty.slope_at for penalty in due))

        # Second derivatives need the weights' own precision, float32 under autocast, and share the
        # forward pass with the loss.
        with torch.autocast(real.device.type, enabled=False) if slopes else nullcontext():
            if slopes:
                real = real.detach().to(self.dtype).requires_grad_("real" in slopes)
                fake = fake.to(self.dtype).requires_grad_("fake" in slopes)
            on_real, on_fake = self.judge_both(real, labels, fake, fake_labels, apart=bool(slopes))
        terms = {"loss": self.discriminator_loss(on_real.logits, on_fake.logits)}
        terms |= {name: term + on_fake.terms[name] for name, term in on_real.terms.items()}
        terms |= self.penalised(due, on_real, on_fake, labels)

        if self.augmentation is not None:
            self.augmentation.observe(on_real.logits.detach())
        if self.logging_due:
            read = self.reading(on_real.logits.detach(), on_fake.logits.detach())
            self.log_if_due({**read, **on_real.readings})
        return terms

    def due_penalties(self) -> list[Penalty]:
        """Return the penalties that are used in the current batch."""
        return [penalty for penalty in self.penalties if (self.batches - 1) % penalty.every == 0]

    def penalised(
        self, due: Sequence[Penalty], real: Judgement, fake: Judgement, labels: Tensor
    ) -> Terms:
        """Return the weighted penalties by name."""
        terms: Terms = {}
        judged = [Judged(x.to(self.dtype), logits) for x, logits, *_ in (real, fake)]
        for penalty in due:
            value = penalty(lambda x: self.judge(x, labels).logits, *judged)
            self.log_penalty(penalty, value.detach())
            weighted = penalty.weight_at(self.points_seen) * value
            # Several penalties may share a name.
            terms[penalty.name] = terms.get(penalty.name, 0) + weighted
        return terms

    def log_penalty(self, penalty: Penalty, value: Tensor) -> None:
        """Keep a penalty for the next logged batch if that comes before its next use."""
        if self.batches_to_logged < penalty.every:
            self.latest_penalties[penalty.name] = value.clone()

    def generator_terms(self, real: Tensor, labels: Tensor) -> Terms:
        """Return the generator's terms."""
        fake_labels = self.labels_of_fakes(labels)
        fake = self.augmented(self.fakes(len(real), fake_labels))
        on_fake = self.judge(fake, fake_labels)
        logits = [on_fake.logits]
        if self.judges_real_in_generator_step:
            logits.append(self.judge(self.augmented(real), labels).logits)
        return {"loss": self.generator_loss(*logits), **on_fake.terms}

    def judge(self, x: Tensor, labels: Tensor) -> Judgement:
        """Show points to the discriminator, augmented and with labels."""
        return Judgement(x, conditioned(self.discriminator, x, labels))

    def judge_both(
        self, real: Tensor, labels: Tensor, fake: Tensor, fake_labels: Tensor, apart: bool
    ) -> tuple[Judgement, Judgement]:
        """Judge real and generated points, in one pass where that changes no logit.

        Args:
            real: Real points.
            labels: Their labels.
            fake: Generated points.
            fake_labels: Their labels.
            apart: Whether to use two passes in any case: a derivative for one kind of points would
                go through both.
        """
        if apart or not self.judges_in_one_pass:
            return self.judge(real, labels), self.judge(fake, fake_labels)
        both = self.judge(torch.cat([real, fake]), torch.cat([labels, fake_labels]))
        on_real, on_fake = both.logits.split([len(real), len(fake)])
        return Judgement(real, on_real), Judgement(fake, on_fake)

    def augmented(self, x: Tensor) -> Tensor:
        """Return points as the discriminator sees them."""
        return x if self.augmentation is None else self.augmentation(x)

    def labels_of_fakes(self, labels: Tensor) -> Tensor:
        """Return the labels of generated points: those of the real ones."""
        return labels

    def constrain_discriminator(self) -> None:
        """Constrain the discriminator after its step; by default, do nothing."""

    def latents(self, num_samples: int) -> Tensor:
        """Draw z ~ N(0, I), shape ``(num_samples, latent_dim)``."""
        z = torch.randn(num_samples, self.generator.latent_dim, device=self.device)
        if self.truncation is not None:  # as if numbers that are too large were redrawn
            nn.init.trunc_normal_(z, a=-self.truncation, b=self.truncation)
        return z.to(self.dtype)

    def fakes(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        """Generate the fake points of a training step, shape ``(num_samples, *data_shape)``."""
        return conditioned(self.generator, self.latents(num_samples), labels)

    def draw_latents(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        return self.latents(num_samples)

    def points_of(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        with self.evaluating():
            return conditioned(self.best("generator"), self.at_home(z), labels)

    def project(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        labels = self.asked_labels(len(x), labels)
        with self.evaluating(), torch.enable_grad():
            points = partial(conditioned, self.best("generator"))
            return nearest_latents(points, self.at_home(x), labels, self.latents(NUM_CANDIDATES))

    def sample(self, num_samples: int, labels: Tensor | None = None) -> Tensor:
        labels = self.asked_labels(num_samples, labels)
        return self.points_of(self.draw_latents(num_samples, labels), labels)
