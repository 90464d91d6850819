"""Objectives: pure functions and small objects of networks' outputs."""

from typing import Any

from gan_lightning.losses.adversarial import (
    AdversarialLoss,
    HingeLoss,
    LeastSquaresLoss,
    NonSaturatingLoss,
    SaturatingLoss,
    relativistic_pairing_loss,
)
from gan_lightning.losses.autoregressive import AutoregressiveBernoulli
from gan_lightning.losses.flow_matching import Times, velocity_loss
from gan_lightning.losses.likelihoods import Bernoulli, Gaussian, Likelihood
from gan_lightning.losses.penalties import (
    DRAGAN,
    R1,
    R2,
    FiniteDifference,
    GradientPenalty,
    Judge,
    Judged,
    Penalty,
    gradient_penalty,
    squared_gradient_norm,
)
from gan_lightning.losses.readings import (
    means_against_targets,
    pairs_won,
    probabilities,
    scores,
)
from gan_lightning.losses.reconstruction import (
    BinaryCrossEntropy,
    ReconstructionLoss,
    SquaredError,
)
from gan_lightning.losses.variational import (
    gaussian_kl,
    gaussian_log_density,
    importance_bound,
)

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "AdversarialLoss",
    "AutoregressiveBernoulli",
    "Bernoulli",
    "BinaryCrossEntropy",
    "FiniteDifference",
    "Gaussian",
    "GradientPenalty",
    "HingeLoss",
    "Judge",
    "Judged",
    "LeastSquaresLoss",
    "Likelihood",
    "NonSaturatingLoss",
    "Penalty",
    "ReconstructionLoss",
    "SaturatingLoss",
    "SquaredError",
    "Times",
    "gaussian_kl",
    "gaussian_log_density",
    "gradient_penalty",
    "importance_bound",
    "means_against_targets",
    "pairs_won",
    "probabilities",
    "relativistic_pairing_loss",
    "scores",
    "squared_gradient_norm",
    "velocity_loss",
]

_RENAMED = {"DiscriminatorPenalty": "Penalty"}


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        raise ImportError(f"{name} is now {_RENAMED[name]}.")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
