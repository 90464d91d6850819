"""The contracts of networks with models, one for each kind; labels are optional."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import is_parametrized
from torch.nn.utils.spectral_norm import SpectralNorm

_KNOWN = ("torch.nn.", "gan_lightning.")
"""Packages whose modules, except normalisations, treat each point of a batch alone."""

Shape = tuple[int, ...]
"""Shape of one data point, without the batch: ``(1, 28, 28)`` for a digit, ``(4,)`` for a row."""


class Network(nn.Module, ABC):
    """A network that may know labels."""

    num_classes: int | None = None
    """Number of labels, 0 … num_classes - 1, that ``forward`` expects; None for a network without
    labels.
    """


class Generator(Network, ABC):
    """Maps latents, shape ``(batch, latent_dim)``, to points, shape ``(batch, *data_shape)``.

    ``labels``, int64 of shape ``(batch,)``, are for networks with ``num_classes``; others may omit
    the parameter.
    """

    latent_dim: int

    @abstractmethod
    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return one point for each latent vector."""


class Discriminator(Network, ABC):
    """Maps points, shape ``(batch, *data_shape)``, to logits, shape ``(batch,)``.

    A logit is any real number, never a probability: the loss holds the sigmoid, and a Wasserstein
    critic reads the same number as a score. ``labels`` are as for a generator.
    """

    judges_each_alone = False
    """Whether the logit of a point depends on nothing but the point, its label and the weights.

    Then real and generated points are judged in one pass, unless there is a batch or spectral
    normalisation or a module of one's own inside. Subclasses do not inherit it.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.judges_each_alone = vars(cls).get("judges_each_alone", False)

    @abstractmethod
    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return one logit for each point."""


class FeatureDiscriminator(Discriminator):
    """A discriminator whose logit is linear in features, which other heads can read too.

    Args:
        num_features: Number of features of a point.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    head: nn.Module
    """Maps features to one logit, shape ``(batch, 1)``."""

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """Return the features of each point, shape ``(batch, num_features)``."""

    def logits(self, features: Tensor) -> Tensor:
        """Return the logit of each point from its features, shape ``(batch,)``.

        Under autocast too, it has the precision of the head's weights: losses and differences of
        logits need more than the eight bits of bfloat16.
        """
        device = features.device.type
        if not torch.is_autocast_enabled(device):  # entering a context takes longer than the head
            return self.head(features).flatten(0)
        with torch.autocast(device, enabled=False):
            return self.head(features.to(next(self.head.parameters()).dtype)).flatten(0)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.logits(self.features(x))


class ClassifyingDiscriminator(Discriminator):
    """A discriminator that also predicts the class of a point; it receives no labels."""

    @abstractmethod
    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits, shape ``(batch,)``, and class logits, shape ``(batch, num_classes)``."""

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.judge(x)[0]


class ImageClassifier(nn.Module, ABC):
    """Maps images, shape ``(batch, *data_shape)``, to class logits, ``(batch, num_classes)``."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return one logit for each image and class."""


class Encoder(Network, ABC):
    """Maps points, shape ``(batch, *data_shape)``, to codes, shape ``(batch, code_dim)``.

    What a code means is up to the model: a latent vector, or the means and log-variances of one.
    ``labels`` are as for a generator.
    """

    @abstractmethod
    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return one code for each point."""


class Decoder(Network, ABC):
    """Maps latents, shape ``(batch, latent_dim)``, to numbers of shape ``(batch, *data_shape)``.

    They are any real numbers: the likelihood or the loss says what they mean, such as logits.
    ``labels`` are as for a generator.
    """

    latent_dim: int

    @abstractmethod
    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the numbers of one point for each latent vector."""


class VelocityField(Network, ABC):
    """Maps points and times to velocities, shaped like the points: ``(batch, *data_shape)``.

    Times lie in [0, 1], shape ``(batch,)``, one for each point. ``labels`` are as for a generator;
    a field that knows none ignores them.
    """

    @abstractmethod
    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the velocity of each point at its time."""


def conditioned(network: Network, x: Tensor, labels: Tensor | None) -> Tensor:
    """Apply a network, with labels if it uses them."""
    return network(x) if network.num_classes is None else network(x, labels)


def one_pass_suffices(discriminator: Discriminator) -> bool:
    """Return whether real and generated points can be judged in one pass.

    Batch normalisation gives a point another logit in another batch, spectral normalisation in each
    further pass, and modules of one's own may do anything.
    """
    return not any(
        isinstance(m, _BatchNorm)
        or is_parametrized(m)
        or any(isinstance(hook, SpectralNorm) for hook in m._forward_pre_hooks.values())
        or not getattr(m, "judges_each_alone", type(m).__module__.startswith(_KNOWN))
        for m in discriminator.modules()
    )
