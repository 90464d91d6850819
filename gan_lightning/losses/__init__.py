"""What is minimised: pure functions and small objects on logits."""

from gan_lightning.losses.adversarial import (
    AdversarialLoss,
    HingeLoss,
    LeastSquaresLoss,
    NonSaturatingLoss,
    SaturatingLoss,
    relativistic_pairing_loss,
)
from gan_lightning.losses.penalties import (
    DRAGAN,
    R1,
    DiscriminatorPenalty,
    gradient_penalty,
    squared_gradient_norm,
)

__all__ = [
    "DRAGAN",
    "R1",
    "AdversarialLoss",
    "DiscriminatorPenalty",
    "HingeLoss",
    "LeastSquaresLoss",
    "NonSaturatingLoss",
    "SaturatingLoss",
    "gradient_penalty",
    "relativistic_pairing_loss",
    "squared_gradient_norm",
]
