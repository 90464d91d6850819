"""What goes wrong with a discriminator, judged by the meaning of its logits."""

from collections.abc import Callable

from gan_lightning.callbacks.diagnosis import LASTING, Curves, Diagnosis, Goals, lasts, late_values

UNDECIDED = 0.02
"""Largest distance from 1/2 of the probabilities of a discriminator that decides nothing."""


def discriminator_won(curves: Curves, goals: Goals) -> Diagnosis | None:
    """The discriminator is almost certain about every point, by the meaning of its logits."""
    certain: dict[str, Callable[[float], bool]] = {
        "train/d_real": lambda x: x > 0.99,
        "train/d_fake": lambda x: x < 0.01,
        "train/d_output_real": lambda x: x > 0.93,
        "train/d_output_fake": lambda x: x < 0.07,
        "train/d_pairs_won": lambda x: x > 0.999,
        "train/d_margin": lambda x: x > 5,
    }
    games = [
        ("train/d_real", "train/d_fake"),
        ("train/d_output_real", "train/d_output_fake"),
        ("train/d_pairs_won", "train/d_margin"),
    ]
    won = any(all(lasts(curves, name, certain[name]) for name in game) for game in games)
    if not won and not _hinge_is_won(curves):
        return None
    return Diagnosis(
        "discriminator won",
        "The discriminator has won",
        f"for {LASTING} logged batches in a row it has told every real point from every generated "
        "one, and the generator learns little from that.",
        "Try a lower learning rate of d_optimizer, the penalty R1, InstanceNoise or an "
        "augmentation, a smaller discriminator, or R3GAN.",
    )


def discriminator_blind(curves: Curves, goals: Goals) -> Diagnosis | None:
    """The discriminator finds no difference, but hardly any sample looks like data."""
    precision = late_values(curves, "val/precision")
    undecided = all(
        lasts(curves, name, lambda x: abs(x - 0.5) < UNDECIDED)
        for name in ("train/d_real", "train/d_fake")
    )
    if not undecided or max(precision, default=1) >= 0.1:
        return None
    return Diagnosis(
        "discriminator blind",
        "The discriminator cannot tell samples from data",
        f"for {LASTING} logged batches in a row it has given both a probability of one half, "
        "although hardly any sample looks like data.",
        "Try a discriminator without batch normalisation, which gives real and generated batches "
        "the same mean, or a higher learning rate of d_optimizer.",
    )


def _hinge_is_won(curves: Curves) -> bool:
    """Return whether all points lie beyond the hinge, where no gradient is left."""
    beyond = lasts(curves, "train/score_real", lambda x: x > 1)
    below = lasts(curves, "train/score_fake", lambda x: x < -1)
    return beyond and below and lasts(curves, "train/d_loss", lambda x: abs(x) < 0.01)
