"""Wasserstein GAN with gradient penalty: Gulrajani et al., 2017."""

import torch
from torch import Tensor

from gan_lightning.losses import gradient_penalty
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


class WGANGP(AdversarialModule):
    """A critic whose slope is held at 1 between real and fake points.

    Gulrajani et al., 2017, Algorithm 1.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        generator: Makes the generator for a shape of data.
        discriminator: Makes the critic for a shape of data; without batch normalisation, since the
            penalty is each point's own.
        gp_weight: Weight of the gradient penalty, λ in the paper.
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
        gp_weight: float = 10.0,
        g_optimizer: MakeOptimizer = torch.optim.Adam,
        d_optimizer: MakeOptimizer = torch.optim.Adam,
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
        self.gp_weight = gp_weight

    def discriminator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real)).detach()

        critic = self.discriminator
        real_scores, fake_scores = critic(real), critic(fake)
        penalty = gradient_penalty(critic, real, fake).mean()
        self.log_scores(real_scores, fake_scores)
        self.log_if_due({"gradient_penalty": penalty.detach()})

        return fake_scores.mean() - real_scores.mean() + self.gp_weight * penalty

    def generator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real))
        return -self.discriminator(fake).mean()
