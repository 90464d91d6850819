"""What a classifier learns from one labelled set for another."""

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.metrics import transfer, transfer_accuracies, transfer_accuracy


def two_clouds(num_rows, distance=8.0):
    labels = torch.arange(num_rows) % 2
    return torch.randn(num_rows, 3) + distance * labels[:, None], labels


def test_classes_that_lie_apart_are_all_recognised():
    assert transfer_accuracy(*two_clouds(200), *two_clouds(300)).item() == 1


def test_swapped_labels_of_generated_points_are_all_wrong():
    points, labels = two_clouds(200)
    assert transfer_accuracy(points, 1 - labels, *two_clouds(300)).item() == 0


def test_labels_without_meaning_leave_only_guesses():
    points = torch.randn(2000, 3)
    labels, test_labels = torch.randint(2, (2, 2000))
    accuracy = transfer_accuracy(points, labels, torch.randn(2000, 3), test_labels)
    assert accuracy.item() == pytest.approx(0.5, abs=0.05)  # 4 standard deviations


def test_a_class_that_was_never_generated_is_never_predicted():
    points, labels = two_clouds(200)
    only_ones = labels == 1
    accuracy = transfer_accuracy(points[only_ones], labels[only_ones], *two_clouds(300))
    assert accuracy.item() == 0.5


def test_each_letter_says_what_is_trained_and_tested_on():
    training, real, generated = two_clouds(200), two_clouds(300), two_clouds(200)
    swapped = generated[0], 1 - generated[1]
    accuracies = transfer_accuracies(training, real, swapped)
    assert accuracies == {"tstr": 0, "trtr": 1, "trts": 0}
    # Where it is tested on what it was trained on, a forest knows every label, whatever it means.
    meaningless = torch.randn(200, 3), torch.arange(200) % 2
    assert transfer_accuracies(meaningless, real, meaningless)["trts"] == 1
    assert transfer_accuracies(training, meaningless, training)["trtr"] < 0.7


def test_a_classifier_learns_from_as_many_real_points_as_samples(monkeypatch):
    seen = []

    def accuracy(train, train_labels, test, test_labels):
        seen.append((train, train_labels))
        return torch.tensor(0.5)

    monkeypatch.setattr(transfer, "transfer_accuracy", accuracy)
    training = two_clouds(500)
    for _ in range(2):
        transfer_accuracies(training, two_clouds(300), two_clouds(40))
    assert [len(labels) for _, labels in seen] == [40] * 6
    points, labels = seen[1]
    assert torch.equal(points, seen[2][0])
    assert torch.equal(points, seen[4][0])  # the same each time
    pairs = set(zip(training[0][:, 0].tolist(), training[1].tolist(), strict=True))
    assert set(zip(points[:, 0].tolist(), labels.tolist(), strict=True)) <= pairs
    transfer_accuracies(training, two_clouds(300), two_clouds(600))
    assert torch.equal(seen[-1][0], training[0])  # all there are, in their order


def test_it_is_the_same_every_time_and_in_any_unit():
    train, labels = two_clouds(200, distance=1.0)
    test, test_labels = two_clouds(300, distance=1.0)
    torch.manual_seed(1)
    first = transfer_accuracy(train, labels, test, test_labels)
    torch.manual_seed(2)
    units = torch.tensor([1.0, 2.0**10, 2.0**-10])
    again = transfer_accuracy(units * train, labels, units * test, test_labels)
    assert torch.equal(first, again)
    assert 0.5 < first.item() < 1


def test_images_in_bytes_and_in_half_precision_are_taken():
    labels = torch.arange(40) % 2
    images = (200 * labels)[:, None, None, None].expand(-1, 1, 4, 4)
    for dtype in (torch.uint8, torch.float16):
        accuracy = transfer_accuracy(images.to(dtype), labels, images.to(dtype), labels)
        assert accuracy.item() == 1


def test_points_that_are_not_finite_have_no_accuracy():
    points, labels = two_clouds(20)
    points[3, 1] = torch.nan
    assert transfer_accuracy(points, labels, *two_clouds(20)).isnan()


def test_a_set_without_a_label_for_each_row_is_refused_by_name():
    points, labels = two_clouds(20)
    with pytest.raises(InputError, match="The test set needs one label for each of its 20 rows"):
        transfer_accuracy(points, labels, points, labels[:5])
    with pytest.raises(InputError, match="The test set needs 3 dimensions like the train set"):
        transfer_accuracy(points, labels, points[:, :2], labels)


def numbers(num_rows, noise, seed):
    """Two features, and a number that is three times the first, with noise of a deviation."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(num_rows, 2, generator=generator).double()
    return x, 3 * x[:, 0] + noise * torch.randn(num_rows, generator=generator).double()


def test_numbers_are_predicted_as_far_as_they_are_determined():
    clear = transfer.transfer_r2(*numbers(800, 0.1, 0), *numbers(400, 0.1, 1))
    noisy = transfer.transfer_r2(*numbers(800, 3.0, 0), *numbers(400, 3.0, 1))
    assert clear > 0.95
    assert noisy == pytest.approx(0.5, abs=0.15)  # half of the variance is noise


def test_numbers_that_are_missing_are_left_out():
    x, y = numbers(200, 0.1, 0)
    y[::2] = torch.nan
    assert transfer.transfer_r2(x, y, *numbers(100, 0.1, 1)) > 0.8
    assert transfer.transfer_r2(x, y * torch.nan, *numbers(100, 0.1, 1)).isnan()
