"""Wasserstein GAN with gradient penalty: Gulrajani et al., 2017."""

from collections.abc import Sequence
from typing import Any

from gan_lightning.losses import GradientPenalty, Penalty
from gan_lightning.models.wgan import WassersteinGAN
from gan_lightning.networks import Shape
from gan_lightning.schedules import Scheduled


class WGANGP(WassersteinGAN):
    """A critic whose slope is kept at 1 between real and fake points.

    Gulrajani et al., 2017, Algorithm 1. The critic must not use batch normalisation, since the
    penalty concerns each point independently.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        gp_weight: Weight of the gradient penalty, λ in the paper; a number or a schedule.
        every: Critic steps from one use of the gradient penalty to the next: a lazy penalty.
        n_critic: Critic steps per generator step.
        penalties: Further terms of the critic's objective.
    """

    def __init__(
        self,
        data_shape: Shape,
        *,
        gp_weight: Scheduled = 10.0,
        every: int = 1,
        n_critic: int = 5,
        penalties: Sequence[Penalty] = (),
        **shared: Any,
    ) -> None:
        own = [GradientPenalty(gp_weight, every)] if gp_weight != 0 else []
        super().__init__(data_shape, n_critic=n_critic, penalties=[*own, *penalties], **shared)
        self.gp_weight = gp_weight
        self.every = every
