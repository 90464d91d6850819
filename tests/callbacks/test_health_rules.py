"""What the health rules conclude from curves."""

import math

import pytest

from gan_lightning.callbacks.diagnosis import LASTING
from gan_lightning.callbacks.health_rules import diagnoses


def curve(*values, every=50):
    return [(every * (i + 1) - 1, float(value)) for i, value in enumerate(values)]


def steady(value, count=2 * LASTING):
    return curve(*[value] * count)


GOALS = {"modes": 8.0}
ILL = {
    "log-odds of a certain discriminator": (
        {"train/d_real": steady(0.999), "train/d_fake": steady(0.001)},
        "discriminator won",
    ),
    "outputs at their targets": (
        {"train/d_output_real": steady(0.99), "train/d_output_fake": steady(0.01)},
        "discriminator won",
    ),
    "all pairs won by far": (
        {"train/d_pairs_won": steady(1.0), "train/d_margin": steady(20)},
        "discriminator won",
    ),
    "all points beyond the hinge": (
        {
            "train/score_real": steady(2),
            "train/score_fake": steady(-2),
            "train/d_loss": steady(0.0),
        },
        "discriminator won",
    ),
    "no difference between noise and data": (
        {
            "train/d_real": steady(0.501),
            "train/d_fake": steady(0.499),
            "val/precision": curve(0, 0, 0),
        },
        "discriminator blind",
    ),
    "one mode of eight": (
        {"val/reverse_kl": curve(*[math.log(8)] * 3), "val/modes": curve(1, 1, 1)},
        "collapse",
    ),
    "two classes": (
        {"val/class_kl": curve(*[math.log(4)] * 3), "val/modes": curve(2, 2, 2)},
        "collapse",
    ),
    "samples that do not vary": ({"val/spread": curve(0.1, 0.05, 0.05)}, "collapse"),
    "few images, all good": (
        {
            "val/precision": curve(0.9, 0.9, 0.9),
            "val/recall": curve(0.01, 0, 0),
            "val/coverage": curve(0.1, 0.05, 0.05),
        },
        "collapse",
    ),
    "a loss that runs away": (
        {"train/g_loss": curve(*[1.0] * 20, 2e3, 1e4, 1e5)},
        "divergence",
    ),
    "units asleep": ({"train/active_units": steady(0)}, "posterior collapse"),
    "units fallen asleep": (
        {"train/active_units": curve(*[5] * 20, *[0] * 6)},
        "posterior collapse",
    ),
    "an average of the start": ({"average/start": curve(0.6)}, "cold average"),
    "copies": ({"val/novelty": curve(0.9, 0.1)}, "copies"),
}
WELL = {
    "nothing yet": {},
    "no difference between samples and data that are alike": {
        "train/d_real": steady(0.501),
        "train/d_fake": steady(0.499),
        "val/precision": curve(0, 0.3, 0.6),
    },
    "no difference, and no samples judged yet": {
        "train/d_real": steady(0.501),
        "train/d_fake": steady(0.499),
        "val/precision": curve(0, 0),
    },
    "an early discriminator that decides": {
        "train/d_real": steady(0.6),
        "train/d_fake": steady(0.4),
        "val/precision": curve(0, 0, 0),
    },
    "a certain discriminator, for a while": {
        "train/d_real": steady(0.999, LASTING - 1),
        "train/d_fake": steady(0.001, LASTING - 1),
    },
    "a good discriminator": {"train/d_real": steady(0.95), "train/d_fake": steady(0.05)},
    "a critic's large gap": {
        "train/score_real": steady(20),
        "train/score_fake": steady(-20),
        "train/d_loss": steady(-40),
    },
    "pairs won narrowly": {"train/d_pairs_won": steady(1.0), "train/d_margin": steady(0.5)},
    "modes that are being found": {
        "val/reverse_kl": curve(2.0, 1.4, 0.8),
        "val/modes": curve(0, 1, 3),
    },
    "many modes, unevenly": {
        "val/class_kl": curve(0.8, 0.8, 0.8),
        "val/modes": curve(7, 7, 7),
    },
    "classes of noise": {
        "val/class_kl": curve(*[math.log(10)] * 3),
        "val/modes": curve(1, 1, 1),
        "val/precision": curve(0, 0, 0),
    },
    "blurred samples near most of the data": {
        "val/precision": curve(0.5, 0.5, 0.6),
        "val/recall": curve(0, 0, 0),
        "val/coverage": curve(0.8, 0.8, 0.8),
    },
    "two validations only": {"val/spread": curve(0.01, 0.01)},
    "a spread that grows": {"val/spread": curve(0.02, 0.1, 0.2)},
    "a critic's loss that begins small": {"train/d_loss": curve(*[0.01] * 20, -5, -9, -30)},
    "a loss that falls": {"train/reconstruction_loss": curve(*range(500, 100, -10))},
    "one wave": {"train/g_loss": curve(*[1.0] * 20, 500, 2, 2)},
    "units that wake up": {"train/active_units": curve(0, 0, 0, 2, 2)},
    "a warm average": {"average/start": curve(0.9, 0.5, 0.01)},
    "samples somewhat near": {"val/novelty": curve(0.5)},
}


@pytest.mark.parametrize(("curves", "kind"), ILL.values(), ids=ILL)
def test_a_disease_is_named_and_no_other_is(curves, kind):
    (found,) = diagnoses(curves, GOALS)
    assert found.kind == kind
    assert found.advice.startswith(("Try", "Train"))


@pytest.mark.parametrize("curves", WELL.values(), ids=WELL)
def test_healthy_runs_and_runs_too_short_to_judge_are_passed_over(curves):
    assert diagnoses(curves, GOALS) == []


@pytest.mark.parametrize(("divergence", "modes"), [(math.log(8), "1 mode"), (1.0, "3 modes")])
def test_a_collapse_counts_the_modes_that_are_left(divergence, modes):
    curves = {"val/reverse_kl": curve(*[divergence] * 3), "val/modes": curve(1, 1, 1)}
    (found,) = diagnoses(curves, GOALS)
    assert f"about {modes} of 8" in found.problem
