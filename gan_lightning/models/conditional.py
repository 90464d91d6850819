"""Models whose samples can be asked for by label."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gan_lightning.models.adversarial import AdversarialModule, Batch, MakeOptimizer, MakeScheduler
from gan_lightning.models.generative import GenerativeModel
from gan_lightning.networks import ConditionalGenerator, Shape

MakeConditionalGenerator = Callable[[Shape, int], ConditionalGenerator]


class ConditionalModel(GenerativeModel, ABC):
    """A model that draws samples of given labels, 0 … num_classes - 1.

    A subclass calls ``count_labels`` before it is trained.
    """

    num_classes: int

    label_counts: Tensor
    """How often each label has been seen in training, int64 of shape ``(num_classes,)``."""

    def count_labels(self, num_classes: int) -> None:
        """Count the labels of training, of which there are so many."""
        self.num_classes = num_classes
        self.register_buffer("label_counts", torch.zeros(num_classes, dtype=torch.int64))

    @abstractmethod
    def sample_given(self, labels: Tensor) -> Tensor:
        """Draw one point for each label, int64 of shape ``(num_samples,)``."""

    def training_step(self, batch: Batch, batch_idx: int) -> Any:
        """Train as the model does, and count the labels."""
        _, labels = batch
        self.label_counts.index_add_(0, labels, torch.ones_like(labels))
        return super().training_step(batch, batch_idx)

    def sample(self, num_samples: int) -> Tensor:
        """Draw points of random labels, shape ``(num_samples, *data_shape)``."""
        return self.sample_given(self.random_labels(num_samples))

    def predict_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Draw one sample of the same label for each point of the batch."""
        return self.sample_given(batch[1])

    def random_labels(self, num_samples: int) -> Tensor:
        """Draw labels as frequent as in training, uniformly before it, int64 ``(num_samples,)``."""
        counts = self.label_counts
        weights = torch.where(counts.sum() > 0, counts, 1).float()
        return weights.multinomial(num_samples, replacement=True)


class ConditionalModule(ConditionalModel, AdversarialModule, ABC):
    """An adversarial model whose generator takes labels.

    Args:
        num_classes: Number of labels.
        generator: The network that makes samples.
        discriminator: The network that judges.
        g_optimizer: Makes the generator's optimizer for its parameters.
        d_optimizer: Makes the discriminator's optimizer for its parameters.
        lr_scheduler: Makes a learning rate schedule for each of the two optimizers.
    """

    def __init__(
        self,
        num_classes: int,
        generator: ConditionalGenerator,
        discriminator: nn.Module,
        g_optimizer: MakeOptimizer,
        d_optimizer: MakeOptimizer,
        lr_scheduler: MakeScheduler | None,
    ) -> None:
        super().__init__(
            generator, discriminator, g_optimizer, d_optimizer, lr_scheduler, n_critic=1
        )
        self.count_labels(num_classes)

    def sample_given(self, labels: Tensor) -> Tensor:
        return self.evaluated_generator(self.latents(len(labels)), labels.to(self.device))

    def fakes_given(self, labels: Tensor) -> Tensor:
        """Generate the fake points of a training step, one for each label."""
        return self.generator(self.latents(len(labels)), labels)
