"""Wasserstein GAN: Arjovsky et al., 2017."""

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from gan_lightning.errors import InputError
from gan_lightning.losses import scores
from gan_lightning.models.adversarial import AdversarialModule
from gan_lightning.models.judgement import Terms
from gan_lightning.models.optimization import MakeOptimizer
from gan_lightning.networks import Shape


class SlowRMSprop(torch.optim.RMSprop):
    """RMSprop at the rate of the paper's Algorithm 1, a 200th of PyTorch's default.

    Args:
        params: The weights.
        lr: Learning rate.
        settings: Further arguments of RMSprop.
    """

    def __init__(self, params: ParamsT, lr: float = 5e-5, **settings: Any) -> None:
        super().__init__(params, lr, **settings)


class WassersteinGAN(AdversarialModule):
    """A critic scores points, and the difference of its mean scores is a distance.

    Arjovsky et al., 2017, Equation 2. A subclass bounds the critic's slope.
    """

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return fake_logits.mean() - real_logits.mean()

    def generator_loss(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return -fake_logits.mean()

    def reading(self, real_logits: Tensor, fake_logits: Tensor) -> Terms:
        return scores(real_logits, fake_logits)


class WGAN(WassersteinGAN):
    """A critic with clipped weights scores points (Arjovsky et al., 2017, Algorithm 1).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        clip_value: Largest absolute value of a critic's weight.
        g_optimizer: Makes the generator's optimizer for its parameters.
        d_optimizer: Makes the critic's optimizer for its parameters.
        n_critic: Critic steps per generator step.
    """

    def __init__(
        self,
        data_shape: Shape,
        *,
        clip_value: float = 0.01,
        g_optimizer: MakeOptimizer = SlowRMSprop,
        d_optimizer: MakeOptimizer = SlowRMSprop,
        n_critic: int = 5,
        **shared: Any,
    ) -> None:
        super().__init__(
            data_shape,
            g_optimizer=g_optimizer,
            d_optimizer=d_optimizer,
            n_critic=n_critic,
            **shared,
        )
        if not clip_value > 0:
            raise InputError(f"clip_value must be positive, found {clip_value}.")
        self.clip_value = clip_value

    @torch.no_grad()
    def constrain_discriminator(self) -> None:
        """Clip the critic's weights, which bounds its slope."""
        for weight in self.discriminator.parameters():
            weight.clamp_(-self.clip_value, self.clip_value)
