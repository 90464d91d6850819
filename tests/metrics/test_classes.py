"""A classifier's scores of samples, against values worked out by hand."""

import math

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.metrics import class_histogram, class_shares, classifier_score, label_accuracy


def shares(real, num_classes):
    return class_shares(real, "real", num_classes)


def sure_logits(classes, num_classes=10):
    """Logits of a classifier that is certain of these classes."""
    return 1000.0 * torch.nn.functional.one_hot(classes, num_classes)


@pytest.mark.parametrize("num_found", [1, 3, 10])
def test_sure_verdicts_score_the_number_of_classes_found(num_found):
    logits = sure_logits(torch.arange(90 * num_found) % num_found)
    assert classifier_score(logits).item() == pytest.approx(num_found)


def test_undecided_verdicts_score_one():
    assert classifier_score(torch.zeros(20, 10)).item() == pytest.approx(1)


def test_a_score_in_between_is_that_worked_out_by_hand():
    logits = torch.tensor([[0.9, 0.1], [0.1, 0.9]]).log()  # the marginal is (0.5, 0.5)
    expected = math.exp(0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5))
    assert classifier_score(logits).item() == pytest.approx(expected)


def test_a_constant_added_to_logits_and_their_order_do_not_change_the_score():
    logits = 3 * torch.randn(50, 10)
    expected = classifier_score(logits)
    torch.testing.assert_close(classifier_score(logits.flip(0) + 100), expected, rtol=1e-5, atol=0)


def test_a_single_sample_scores_one():
    assert classifier_score(torch.randn(1, 10)).item() == pytest.approx(1)


def test_logits_in_half_precision_are_scored_in_float64():
    logits = torch.randn(50, 10).half()
    assert torch.equal(classifier_score(logits), classifier_score(logits.double()))


@pytest.mark.parametrize("broken", [torch.nan, torch.inf, -torch.inf])
def test_logits_that_are_not_finite_have_no_score(broken):
    logits = torch.randn(6, 10)
    logits[2, 3] = broken
    assert classifier_score(logits).isnan()


@pytest.mark.parametrize("shape", [(0, 10), (10,)])
def test_a_score_needs_samples(shape):
    with pytest.raises(InputError, match=r"Logits need the shape \(samples, classes\)"):
        classifier_score(torch.zeros(shape))


def test_equal_shares_differ_by_nothing():
    real = torch.arange(1000) % 10
    modes, kl, total_variation = class_histogram(shares(real, 10), real[:200].flip(0))
    assert (modes.item(), kl.item(), total_variation.item()) == (10, 0, 0)


def test_one_class_of_ten_is_one_mode_at_log_ten():
    real, generated = torch.arange(1000) % 10, torch.full((50,), 3)
    modes, kl, total_variation = class_histogram(shares(real, 10), generated)
    assert modes.item() == 1
    assert kl.item() == pytest.approx(math.log(10))
    assert total_variation.item() == pytest.approx((0.9 + 9 * 0.1) / 2)


def test_uneven_shares_have_the_values_worked_out_by_hand():
    real, generated = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1])
    _, kl, total_variation = class_histogram(shares(real, 2), generated)
    assert kl.item() == pytest.approx(0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25))
    assert total_variation.item() == pytest.approx(0.25)


@pytest.mark.parametrize(("count", "modes"), [(4, 1), (5, 2)])
def test_a_mode_is_found_with_a_tenth_of_its_share(count, modes):
    real = torch.arange(100) % 2  # of 100 samples, each class should have 50
    generated = torch.zeros(100, dtype=torch.int64)
    generated[:count] = 1
    assert class_histogram(shares(real, 2), generated).modes.item() == modes


def test_a_class_that_the_data_lack_is_not_a_mode_and_infinitely_far():
    real, generated = torch.tensor([0, 1]), torch.tensor([0, 1, 2, 2])
    modes, kl, total_variation = class_histogram(shares(real, 4), generated)
    assert modes.item() == 2
    assert kl.item() == math.inf
    assert total_variation.item() == pytest.approx(0.5)


@pytest.mark.parametrize("wrong", [-1, 4])
def test_a_class_that_does_not_exist_is_refused_by_name(wrong):
    with pytest.raises(InputError, match=rf"The generated set needs labels from 0 to 3.*{wrong}"):
        class_histogram(shares(torch.arange(4), 4), torch.tensor([1, wrong]))


def test_an_empty_set_has_no_histogram():
    with pytest.raises(InputError, match="The generated set needs at least 1 label"):
        class_histogram(shares(torch.arange(4), 4), torch.arange(0))


def test_accuracy_is_the_share_of_samples_of_the_requested_class():
    predicted, labels = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, 0])
    assert label_accuracy(predicted, labels).item() == 0.75


@pytest.mark.parametrize(("predicted", "labels"), [(3, 4), (0, 0)])
def test_accuracy_needs_one_verdict_for_each_label(predicted, labels):
    with pytest.raises(InputError, match="need the same shape and at least 1"):
        label_accuracy(torch.zeros(predicted), torch.zeros(labels))
