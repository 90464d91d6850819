"""Objectives of the two players as functions of the discriminator's logits."""

from abc import ABC, abstractmethod

from torch import Tensor
from torch.nn.functional import relu, softplus

from gan_lightning.errors import InputError
from gan_lightning.losses.readings import means_against_targets, probabilities, scores


class AdversarialLoss(ABC):
    """The losses of both players: scalars, for logits of shape ``(batch,)``."""

    @abstractmethod
    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the loss of a discriminator with these logits."""

    @abstractmethod
    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return the loss of a generator whose samples have these logits."""

    def reading(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """Return what these logits mean in this game, by name; by default they are log-odds."""
        return probabilities(real_logits, fake_logits)


class NonSaturatingLoss(AdversarialLoss):
    """Binary cross-entropy with the generator's non-saturating form.

    Goodfellow et al., 2014, Equation 1 and Section 3: D maximises log D(x) + log(1 - D(G(z))), G
    maximises log D(G(z)). With D = sigmoid(logit), -log D is softplus(-logit) and -log(1 - D) is
    softplus(logit).

    Args:
        label_smoothing: How far below 1 the target of real points lies, in [0, 1/2); one-sided, as
            Salimans et al., 2016, Section 3.4.
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        if not 0 <= label_smoothing < 0.5:
            raise InputError(f"label_smoothing must lie in [0, 0.5), found {label_smoothing}.")
        self.label_smoothing = label_smoothing

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        real_loss = softplus(-real_logits)
        if self.label_smoothing:  # -(1 - s) log D - s log(1 - D) = softplus(-logit) + s logit
            real_loss = real_loss + self.label_smoothing * real_logits
        return real_loss.mean() + softplus(fake_logits).mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        return softplus(-fake_logits).mean()


class SaturatingLoss(AdversarialLoss):
    """Binary cross-entropy as the minimax game: G minimises log(1 - D(G(z))).

    Goodfellow et al., 2014, Equation 1. Its gradient vanishes where the discriminator is certain.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return softplus(-real_logits).mean() + softplus(fake_logits).mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        return -softplus(fake_logits).mean()


class LeastSquaresLoss(AdversarialLoss):
    """Squared distance to 1 for real and to 0 for fake: Mao et al., 2017, Equation 9."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return ((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2

    def generator(self, fake_logits: Tensor) -> Tensor:
        return (fake_logits - 1).square().mean() / 2

    def reading(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        return means_against_targets(real_logits, fake_logits)


class HingeLoss(AdversarialLoss):
    """Hinge loss: Lim & Ye, 2017; Miyato et al., 2018, Equations 16 and 17."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean()

    def reading(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        return scores(real_logits, fake_logits)


def relativistic_pairing_loss(winner_logits: Tensor, loser_logits: Tensor) -> Tensor:
    """Return the mean of -log sigmoid(winner - loser) over pairs, a scalar.

    Jolicoeur-Martineau, 2019, in the form of Huang et al., 2024, Equation 2: for D the real point
    of each pair should win, for G the fake one.

    Args:
        winner_logits: Logits of the points that should be judged higher, shape ``(batch,)``.
        loser_logits: Logits of their partners, shape ``(batch,)``.

    Example:
        >>> import torch
        >>> undecided = torch.zeros(3)
        >>> relativistic_pairing_loss(undecided, undecided)  # log 2
        tensor(0.6931)
    """
    return softplus(loser_logits - winner_logits).mean()
