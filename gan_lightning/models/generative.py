"""What every generative model can do: draw samples."""

from abc import ABC, abstractmethod

from torch import Tensor

from gan_lightning.models.configured import ConfiguredModule


class GenerativeModel(ConfiguredModule, ABC):
    """A model that draws samples."""

    @abstractmethod
    def sample(self, num_samples: int) -> Tensor:
        """Draw points with the best weights, shape ``(num_samples, *data_shape)``, no gradients."""
