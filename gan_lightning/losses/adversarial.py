"""Objectives of the two players as functions of the discriminator's logits."""

from abc import ABC, abstractmethod

from torch import Tensor
from torch.nn.functional import softplus


class AdversarialLoss(ABC):
    """What each player minimises. Logits are shaped ``(batch,)``, both losses are scalars."""

    @abstractmethod
    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the loss of a discriminator that gave these logits."""

    @abstractmethod
    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return the loss of a generator whose samples were given these logits."""


class NonSaturatingLoss(AdversarialLoss):
    """Binary cross-entropy with the generator's non-saturating form.

    Goodfellow et al., 2014, Equation 1 and Section 3: D maximises log D(x) + log(1 - D(G(z))), G
    maximises log D(G(z)). With D = sigmoid(logit), -log D is softplus(-logit) and -log(1 - D) is
    softplus(logit).
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return softplus(-real_logits).mean() + softplus(fake_logits).mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        return softplus(-fake_logits).mean()


def relativistic_pairing_loss(winner_logits: Tensor, loser_logits: Tensor) -> Tensor:
    """Return the mean of -log sigmoid(winner - loser) over pairs, a scalar.

    Jolicoeur-Martineau, 2019, in the form of Huang et al., 2024, Equation 2: for D the real point
    of each pair should win, for G the fake one.

    Args:
        winner_logits: Logits of the points that should be judged higher, shape ``(batch,)``.
        loser_logits: Logits of their partners, shape ``(batch,)``.
    """
    return softplus(loser_logits - winner_logits).mean()
