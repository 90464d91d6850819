"""What goes wrong in training, judged by curves alone.

Each rule takes the curves by name and returns a diagnosis, or None. A symptom must last: games
oscillate, and the first batches of any run look unhealthy.
"""

import math
import re

from gan_lightning.callbacks.diagnosis import (
    LASTING,
    VALIDATIONS,
    Curves,
    Diagnosis,
    Goals,
    late_values,
)
from gan_lightning.callbacks.discriminator_rules import discriminator_blind, discriminator_won

WATCHED = re.compile(
    r"train/(.*loss|d_real|d_fake|d_output_real|d_output_fake|d_pairs_won|d_margin|score_real"
    r"|score_fake|active_units)|val/(modes|reverse_kl|class_kl|precision|recall|coverage"
    r"|spread|novelty)"
    r"|average/start"
)
"""The curves that the rules use."""

GRACE_BATCHES = 200
"""Batches before which an inactive latent unit is not yet a symptom."""


def diagnoses(curves: Curves, goals: Goals) -> list[Diagnosis]:
    """Return all diagnoses so far.

    Args:
        curves: Everything logged so far.
        goals: What a perfect sampler has.
    """
    found = {rule: rule(curves, goals) for rule in RULES}
    # Each of these explains why samples are alike, and says more.
    if any(found[rule] for rule in (modes_lost, discriminator_won, average_is_cold)):
        found[diversity_lost] = None
    return [diagnosis for diagnosis in found.values() if diagnosis is not None]


def diverged(what: str) -> Diagnosis:
    """Return the diagnosis of a loss that runs away.

    Args:
        what: What was seen, a sentence.
    """
    return Diagnosis(
        "divergence",
        "The losses diverge",
        what,
        "Try lower learning rates, the callback GradientClipping, or more weight on a penalty such "
        "as R1.",
    )


def losses_diverge(curves: Curves, goals: Goals) -> Diagnosis | None:
    """A loss is a hundred times as large as at the start of the run, and keeps growing."""
    for name, curve in curves.items():
        values = [abs(value) for _, value in curve]
        if not name.startswith("train/") or not name.endswith("loss") or len(values) < 2 * LASTING:
            continue
        usual = sorted(values[:LASTING])[LASTING // 2]
        if min(values[-3:]) > max(100 * usual, 1000.0):
            return diverged(f"{name} is {curve[-1][1]:.3g}; at first, {usual:.3g} was usual.")
    return None


def modes_lost(curves: Curves, goals: Goals) -> Diagnosis | None:
    """Samples cover less than half of the modes or classes, and coverage does not improve."""
    divergence = next((curves[n] for n in ("val/reverse_kl", "val/class_kl") if n in curves), ())
    modes, due = curves.get("val/modes", ()), goals.get("modes", 0)
    late = [value for _, value in divergence[-VALIDATIONS:]]
    if due < 2 or len(late) < VALIDATIONS or not modes or modes[-1][1] > 0.6 * due:
        return None
    if (
        max(late_values(curves, "val/precision"), default=1) < 0.1
    ):  # classes of early noise mean nothing
        return None
    if not min(late) > math.log(2) or late[-1] < 0.75 * late[0]:
        return None
    reached = max(1, round(due * math.exp(-min(late[-1], 50.0))))
    plural = "mode" if reached == 1 else "modes"
    return _collapse(
        f"The generator has collapsed to about {reached} {plural} of {due:g}",
        f"for {VALIDATIONS} validations its samples have missed more than half of them.",
    )


def diversity_lost(curves: Curves, goals: Goals) -> Diagnosis | None:
    """Samples are alike: they hardly vary, or lie among the data but miss most of them."""
    spread = late_values(curves, "val/spread")
    grows = bool(spread) and spread[-1] > max(1.2 * spread[0], 0.02)
    if spread and max(spread) < 0.25 and not grows:
        return _collapse(
            "The samples have lost their diversity",
            f"they vary by {spread[-1]:.0%} of what the data vary.",
        )
    precision, recall, coverage = (
        late_values(curves, f"val/{name}") for name in ("precision", "recall", "coverage")
    )
    # Recall alone also fails where samples are blurred: then some lie near most of the data.
    missed = bool(recall) and max(recall) < 0.03 and max(coverage, default=0) < 0.25
    if precision and min(precision) > 0.3 and missed:
        return _collapse(
            "The samples have lost their diversity",
            f"they look like data (precision {precision[-1]:.2f}), but most of the data resemble "
            f"none of them (recall {recall[-1]:.2f}).",
        )
    return None


def posterior_collapsed(curves: Curves, goals: Goals) -> Diagnosis | None:
    """No latent unit depends on the input any more."""
    curve = curves.get("train/active_units", ())
    asleep = [batch for batch, value in curve if value == 0]
    awake = [batch for batch, value in curve if value > 0]
    if not asleep or asleep[-1] - max(awake, default=0) < GRACE_BATCHES:
        return None
    return Diagnosis(
        "posterior collapse",
        "The posterior has collapsed",
        "none of the latent units depends on the point: the decoder ignores them.",
        "Try a smaller beta, longer warm_up_batches or a weaker decoder.",
    )


def average_is_cold(curves: Curves, goals: Goals) -> Diagnosis | None:
    """The averaged weights still contain the initial ones."""
    late = curves.get("average/start", ())[-1:]
    if not late or late[0][1] < 0.05:
        return None
    return Diagnosis(
        "cold average",
        "The average of the weights is not warmed up",
        f"{late[0][1]:.0%} of it is still the initial weights, and samples and metrics use it.",
        "Train longer, or try a shorter half_life of GeneratorEMA or a ramp_up of 0.05.",
    )


def samples_are_copies(curves: Curves, goals: Goals) -> Diagnosis | None:
    """Samples lie much closer to training points than unseen data do."""
    late = curves.get("val/novelty", ())[-1:]
    if not late or late[0][1] > 0.25:
        return None
    return Diagnosis(
        "copies",
        "The samples are copies",
        f"their distance to the nearest training point is {late[0][1]:.0%} of that of held-out "
        "points.",
        "Try a smaller network, fewer epochs, more data or an augmentation.",
    )


RULES = (
    losses_diverge,
    discriminator_won,
    discriminator_blind,
    modes_lost,
    diversity_lost,
    posterior_collapsed,
    average_is_cold,
    samples_are_copies,
)


def _collapse(problem: str, symptom: str) -> Diagnosis:
    return Diagnosis(
        "collapse",
        problem,
        symptom,
        "Try R3GAN, Packing or MinibatchStd around the discriminator, the penalty R1, or a lower "
        "learning rate of g_optimizer.",
    )
