"""What is minimised: pure functions and small objects on logits."""

from gan_lightning.losses.adversarial import (
    AdversarialLoss,
    NonSaturatingLoss,
    relativistic_pairing_loss,
)
from gan_lightning.losses.penalties import squared_gradient_norm

__all__ = [
    "AdversarialLoss",
    "NonSaturatingLoss",
    "relativistic_pairing_loss",
    "squared_gradient_norm",
]
