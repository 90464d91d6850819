"""R3GAN, "The GAN is dead; long live the GAN!": Huang et al., 2024."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from gan_lightning.losses import R1, R2, Penalty, pairs_won, relativistic_pairing_loss
from gan_lightning.models.adversarial import AdversarialModule
from gan_lightning.models.judgement import Terms
from gan_lightning.networks import Shape
from gan_lightning.schedules import Scheduled


class R3GAN(AdversarialModule):
    """Relativistic pairing loss with zero-centred penalties R1 and R2 (Huang et al., 2024).

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        gamma: Weight of the penalties: gamma/2 (R1 + R2), Huang et al., 2024, Equations 3 and 4; a
            number or a schedule.
        every: Discriminator steps from one use of R1 and R2 to the next: lazy penalties.
        penalties: Penalties to use instead, such as two ``FiniteDifference``.
    """

    judges_real_in_generator_step = True

    def __init__(
        self,
        data_shape: Shape,
        *,
        gamma: Scheduled = 1.0,
        every: int = 1,
        penalties: Sequence[Penalty] | None = None,
        **shared: Any,
    ) -> None:
        zero_centred = [R1(gamma, every), R2(gamma, every)] if gamma != 0 else []
        super().__init__(
            data_shape, penalties=zero_centred if penalties is None else penalties, **shared
        )
        self.gamma = gamma
        self.every = every

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return relativistic_pairing_loss(real_logits, fake_logits)

    def generator_loss(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        assert real_logits is not None  # judges_real_in_generator_step
        return relativistic_pairing_loss(fake_logits, real_logits)

    def reading(self, real_logits: Tensor, fake_logits: Tensor) -> Terms:
        return pairs_won(real_logits, fake_logits)
