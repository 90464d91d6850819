"""R3GAN, "The GAN is dead; long live the GAN!": Huang et al., 2024."""

import torch
from torch import Tensor

from gan_lightning.losses import relativistic_pairing_loss, squared_gradient_norm
from gan_lightning.models.adversarial import (
    AdversarialModule,
    MakeDiscriminator,
    MakeGenerator,
    MakeOptimizer,
    MakeScheduler,
    built,
)
from gan_lightning.networks import Discriminator, Generator, MLPDiscriminator, MLPGenerator, Shape


class R3GAN(AdversarialModule):
    """Relativistic pairing loss with zero-centred penalties R1 and R2 (Huang et al., 2024).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        generator: Makes the generator for a shape of data.
        discriminator: Makes the discriminator for a shape of data.
        gamma: Weight of the penalties: gamma/2 (R1 + R2), Huang et al., 2024, Equations 3 and 4.
        g_optimizer: Makes the generator's optimizer for its parameters.
        d_optimizer: Makes the discriminator's optimizer for its parameters.
        lr_scheduler: Makes a learning rate schedule for each of the two optimizers, stepped once
            an epoch; none by default.
        n_critic: Discriminator steps for one generator step.
    """

    def __init__(
        self,
        data_shape: Shape,
        generator: MakeGenerator = MLPGenerator,
        discriminator: MakeDiscriminator = MLPDiscriminator,
        gamma: float = 1.0,
        g_optimizer: MakeOptimizer = torch.optim.Adam,
        d_optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: MakeScheduler | None = None,
        n_critic: int = 1,
    ) -> None:
        super().__init__(
            built("generator", Generator, generator, tuple(data_shape)),
            built("discriminator", Discriminator, discriminator, tuple(data_shape)),
            g_optimizer,
            d_optimizer,
            lr_scheduler,
            n_critic,
        )
        self.gamma = gamma

    def discriminator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real))

        # The penalties' second derivatives need the weights' own precision, float32 under autocast,
        # and share the forward pass with the loss.
        with torch.autocast(real.device.type, enabled=False):
            real = real.detach().to(self.dtype).requires_grad_()
            fake = fake.detach().to(self.dtype).requires_grad_()
            real_logits = self.discriminator(real)
            fake_logits = self.discriminator(fake)
            r1 = squared_gradient_norm(real_logits, real).mean()
            r2 = squared_gradient_norm(fake_logits, fake).mean()

        self.log_judgement(real_logits, fake_logits)
        self.log_if_due({"r1": r1.detach(), "r2": r2.detach()})
        return relativistic_pairing_loss(real_logits, fake_logits) + self.gamma / 2 * (r1 + r2)

    def generator_loss(self, real: Tensor, labels: Tensor) -> Tensor:
        fake = self.fakes(len(real))
        return relativistic_pairing_loss(self.discriminator(fake), self.discriminator(real))
