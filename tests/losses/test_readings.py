"""What the logits of each game mean in numbers."""

import pytest
import torch

from gan_lightning.losses import (
    HingeLoss,
    LeastSquaresLoss,
    NonSaturatingLoss,
    SaturatingLoss,
    means_against_targets,
    pairs_won,
    probabilities,
    scores,
)

REAL, FAKE = torch.tensor([0.0, 2.0, -1.0]), torch.tensor([-3.0, 1.0, 3.0])


def plain(reading):
    assert all(value.shape == () for value in reading.values())
    return {name: pytest.approx(value.item(), rel=1e-5) for name, value in reading.items()}


@pytest.mark.parametrize("loss", [NonSaturatingLoss(0.1), SaturatingLoss()])
def test_log_odds_are_read_as_probabilities_and_as_how_often_they_are_right(loss):
    expected = {
        "d_real": (0.5 + 0.8807971 + 0.2689414) / 3,  # 1 / (1 + e^-logit)
        "d_fake": (0.0474259 + 0.7310586 + 0.9525741) / 3,
        "d_accuracy_real": 1 / 3,
        "d_accuracy_fake": 1 / 3,
    }
    assert plain(probabilities(REAL, FAKE)) == expected
    assert plain(loss.reading(REAL, FAKE)) == expected


def test_outputs_that_aim_at_one_and_zero_are_read_as_they_are():
    expected = {"d_output_real": 1 / 3, "d_output_fake": 1 / 3}
    assert plain(means_against_targets(REAL, FAKE)) == expected
    assert plain(LeastSquaresLoss().reading(REAL, FAKE)) == expected


def test_scores_are_read_as_means_and_their_difference():
    real, fake = torch.tensor([2.0, 4.0]), torch.tensor([-1.0, 0.0])
    expected = {"score_real": 3, "score_fake": -0.5, "score_gap": 3.5}
    assert plain(scores(real, fake)) == expected
    assert plain(HingeLoss().reading(real, fake)) == expected


def test_pairs_are_read_by_who_has_won_and_by_how_much():
    # Margins of 3, 1 and -4.
    assert plain(pairs_won(REAL, FAKE)) == {"d_pairs_won": 2 / 3, "d_margin": 0.0}


def test_a_pair_of_equal_logits_is_not_won():
    assert pairs_won(REAL, REAL)["d_pairs_won"] == 0


@pytest.mark.parametrize("reading", [probabilities, means_against_targets, scores])
def test_batches_of_different_sizes_are_read_each_by_its_own_mean(reading):
    expected = reading(REAL, FAKE)
    for name, value in reading(REAL.repeat(3), FAKE.repeat(2)).items():
        torch.testing.assert_close(value, expected[name])
