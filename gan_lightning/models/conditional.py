"""Models whose samples can be asked for by label."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from gan_lightning.models.adversarial import AdversarialModule
from gan_lightning.models.generative import GenerativeModel


class ConditionalModel(GenerativeModel, ABC):
    """A model that draws samples of given labels, 0 … num_classes - 1."""

    num_classes: int

    @abstractmethod
    def sample_given(self, labels: Tensor) -> Tensor:
        """Draw one point for each label, int64 of shape ``(num_samples,)``."""

    def sample(self, num_samples: int) -> Tensor:
        """Draw points of labels drawn uniformly, shape ``(num_samples, *data_shape)``."""
        return self.sample_given(self.random_labels(num_samples))

    def predict_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Draw one sample of the same label for each point of the batch."""
        return self.sample_given(batch[1])

    def random_labels(self, num_samples: int) -> Tensor:
        """Draw labels uniformly, int64 of shape ``(num_samples,)``."""
        return torch.randint(self.num_classes, (num_samples,), device=self.device)


class ConditionalModule(ConditionalModel, AdversarialModule, ABC):
    """An adversarial model whose generator takes labels."""

    def sample_given(self, labels: Tensor) -> Tensor:
        return self.evaluated_generator(self.latents(len(labels)), labels.to(self.device))

    def fakes_given(self, labels: Tensor) -> Tensor:
        """Generate the fake points of a training step, one for each label."""
        return self.generator(self.latents(len(labels)), labels)
