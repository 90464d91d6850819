"""Wasserstein GAN: Arjovsky et al., 2017."""

import torch
from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.models.adversarial import (
    AdversarialModule,
    MakeDiscriminator,
    MakeGenerator,
    MakeOptimizer,
    MakeScheduler,
    built,
)
from gan_lightning.networks import (
    Discriminator,
    Generator,
    MLPDiscriminator,
    MLPGenerator,
    Shape,
)


class WGAN(AdversarialModule):
    """A critic with clipped weights scores points (Arjovsky et al., 2017, Algorithm 1).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        generator: Makes the generator for a shape of data.
        discriminator: Makes the critic for a shape of data.
        clip_value: Largest absolute value of a critic's weight.
        g_optimizer: Makes the generator's optimizer for its parameters.
        d_optimizer: Makes the critic's optimizer for its parameters.
        lr_scheduler: Makes a learning rate schedule for each of the two optimizers, stepped once
            an epoch; none by default.
        n_critic: Critic steps for one generator step.
    """

    def __init__(
        self,
        data_shape: Shape,
        generator: MakeGenerator = MLPGenerator,
        discriminator: MakeDiscriminator = MLPDiscriminator,
        clip_value: float = 0.01,
        g_optimizer: MakeOptimizer = torch.optim.RMSprop,
        d_optimizer: MakeOptimizer = torch.optim.RMSprop,
        lr_scheduler: MakeScheduler | None = None,
        n_critic: int = 5,
    ) -> None:
        super().__init__(
            built("generator", Generator, generator, tuple(data_shape)),
            built("discriminator", Discriminator, discriminator, tuple(data_shape)),
            g_optimizer,
            d_optimizer,
            lr_scheduler,
            n_critic,
        )
        if not clip_value > 0:
            raise InputError(f"clip_value must be positive, found {clip_value}.")
        self.clip_value = clip_value

    def discriminator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real)).detach()

        critic = self.discriminator
        real_scores, fake_scores = critic(real), critic(fake)
        self.log_scores(real_scores, fake_scores)

        return fake_scores.mean() - real_scores.mean()

    def generator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real))
        return -self.discriminator(fake).mean()

    @torch.no_grad()
    def constrain_discriminator(self) -> None:
        """Clip the critic's weights, which bounds its slope."""
        for weight in self.discriminator.parameters():
            weight.clamp_(-self.clip_value, self.clip_value)
