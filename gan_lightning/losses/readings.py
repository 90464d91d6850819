"""Interpretations of a game's logits, as numbers for a person.

Each function takes the logits of real and of generated points, both of shape ``(batch,)``.
"""

from torch import Tensor


def probabilities(real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
    """Return mean D(x) and D(G(z)), and how often D is right, for logits that are log-odds.

    A game is balanced with both means at 1/2 and both accuracies between 1/2 and 1; accuracies that
    stay at 1 mean that the discriminator has won.
    """
    return {
        "d_real": real_logits.sigmoid().mean(),
        "d_fake": fake_logits.sigmoid().mean(),
        "d_accuracy_real": (real_logits > 0).float().mean(),
        "d_accuracy_fake": (fake_logits < 0).float().mean(),
    }


def means_against_targets(real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
    """Return the mean outputs of a discriminator with the targets 1 for real and 0 for fake.

    A game is balanced with both near 1/2; 1 and 0 mean that the discriminator has won.
    """
    return {"d_output_real": real_logits.mean(), "d_output_fake": fake_logits.mean()}


def scores(real_scores: Tensor, fake_scores: Tensor) -> dict[str, Tensor]:
    """Return a critic's mean scores, and their difference.

    For a Wasserstein critic the difference estimates a distance, up to the critic's slope, and
    should fall.
    """
    real, fake = real_scores.mean(), fake_scores.mean()
    return {"score_real": real, "score_fake": fake, "score_gap": real - fake}


def pairs_won(real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
    """Return how often the real point of a pair is judged above the generated one, and by how much.

    Only differences of logits have a meaning here: a game is balanced with a share of 1/2 and a
    margin of 0; a share that stays at 1 means that the discriminator has won.
    """
    margins = real_logits - fake_logits
    return {"d_pairs_won": (margins > 0).float().mean(), "d_margin": margins.mean()}
