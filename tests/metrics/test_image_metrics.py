"""Every metric of images ranks real, damaged, missing and memorised images as it must.

Real images are scikit-learn's digits, in halves drawn at random: the first is the data, and the
samples come from the second.
"""

import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import avg_pool2d, interpolate

from gan_lightning.features import DigitFeatures
from gan_lightning.metrics import (
    CompleteImageMetrics,
    ImageMetrics,
    precision_recall_density_coverage,
    transfer_accuracies,
)

N = 600
FEATURES = DigitFeatures(margin=5)  # these digits fill their images


@pytest.fixture(scope="module")
def digits():
    """Real images in three sets that share none, with their labels."""
    bundled = load_digits()
    small = torch.from_numpy(bundled.images)[:, None].float() * (255 / 16)
    images = interpolate(small, (28, 28), mode="bicubic").round().clamp(0, 255).to(torch.uint8)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    images, labels = images[order], torch.from_numpy(bundled.target)[order].long()
    parts = [slice(0, N), slice(N, 2 * N), slice(1797 - 597, 1797)]
    return [(images[part], labels[part]) for part in parts]


def noisy(images, std):
    noise = std * torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    return (images + noise).round().clamp(0, 255).to(torch.uint8)


def blurred(images):
    return avg_pool2d(images.float(), 5, stride=1, padding=2).round().to(torch.uint8)


@pytest.fixture(scope="module")
def samples(digits):
    """Sets of equally many samples, each wrong in its own way."""
    (data, _), (fresh, labels), (training, _) = digits
    of_nine = labels == 9
    return {
        "real": fresh,
        "noisy": noisy(fresh, 40),
        "blurred": blurred(fresh),
        "shifted": fresh.roll(4, 3),
        "one digit missing": torch.where(of_nine[:, None, None, None], fresh[~of_nine][0], fresh),
        "ten memorised": training[:10].repeat(N // 10, 1, 1, 1),
        "a single image": training[:1].repeat(N, 1, 1, 1),
        "black": torch.zeros_like(data),
        "noise": noisy(torch.full_like(data, 128), 80),
        "memorised": training,
    }


@pytest.fixture(scope="module")
def found(digits, samples):
    """The complete metrics of each set of samples."""
    (data, data_labels), _, training = digits
    results = {}
    for name, images in samples.items():
        metric = CompleteImageMetrics(FEATURES, True, *training)
        metric.update(data, data_labels, real=True)
        metric.update(images, real=False)
        results[name] = {k: float(v) for k, v in metric.compute().items()}
    return results


@pytest.mark.parametrize("quantity", ["fid", "kid"])
def test_a_distance_is_least_for_real_images_and_grows_with_the_damage(found, quantity):
    distance = {name: values[quantity] for name, values in found.items()}
    held_out = {k: v for k, v in distance.items() if k not in ("real", "memorised")}
    assert distance["real"] < 0.5 * min(held_out.values())  # not 0: 600 images are few
    assert distance["one digit missing"] < distance["ten memorised"] < distance["a single image"]
    assert max(distance["noisy"], distance["shifted"]) < distance["noise"]
    assert distance["blurred"] < distance["black"]


def test_kid_of_real_images_is_negligible(found):
    assert abs(found["real"]["kid"]) < 0.01 * found["noise"]["kid"]


def test_precision_and_recall_tell_damage_from_missing_variety(found):
    assert found["real"]["precision"] > 0.6 < found["real"]["recall"]
    for broken in ("noise", "black"):
        assert found[broken]["precision"] < 0.05
        assert found[broken]["coverage"] < 0.05
    for narrow in ("ten memorised", "a single image"):
        assert found[narrow]["precision"] > 0.4
        assert found[narrow]["recall"] < 0.05
        assert found[narrow]["coverage"] < 0.15
    assert found["one digit missing"]["recall"] < found["real"]["recall"]


def test_density_and_coverage_of_real_images_are_near_1(found):
    assert found["real"]["density"] == pytest.approx(1, abs=0.2)
    assert found["real"]["coverage"] > 0.85


def test_classes_are_counted(found):
    assert found["real"]["modes"] == 10
    assert found["one digit missing"]["modes"] == 9
    assert found["a single image"]["modes"] == 1
    assert found["real"]["class_tv"] < 0.1 < found["ten memorised"]["class_tv"]
    # A tenth of the images is another digit's, and the missing tenth is the distance.
    assert found["one digit missing"]["class_tv"] == pytest.approx(0.1, abs=0.06)


def test_the_memoriser_is_caught_although_its_images_are_perfect(found):
    assert found["memorised"]["fid"] < 3 * found["real"]["fid"]
    for copies in ("memorised", "ten memorised", "a single image"):
        assert found[copies]["memorised"] == 1
    for honest in ("real", "noisy", "blurred", "shifted", "noise", "black"):
        assert found[honest]["memorised"] < 0.02


def test_diversity_orders_sets_by_how_many_different_images_they_hold(found):
    diversity = {name: values["diversity"] for name, values in found.items()}
    assert diversity["real"] == pytest.approx(1, abs=0.1)
    assert diversity["a single image"] < diversity["ten memorised"] < diversity["real"]


def test_the_classifiers_score_alone_is_fooled_by_ten_clear_images(found):
    assert found["ten memorised"]["classifier_score"] > 0.6 * found["real"]["classifier_score"]
    assert found["a single image"]["classifier_score"] == pytest.approx(1, abs=1e-3)


class NarrowFeatures(DigitFeatures):
    """So few last features that the images of one class are enough for an FID."""

    def extract(self, images):
        features = super().extract(images)
        return features._replace(last=features.last[:, :20])


def test_requested_labels_are_compared(digits):
    (data, data_labels), (fresh, labels), training = digits
    wrong = (labels + 1) % 10

    def numbers(asked):
        metric = CompleteImageMetrics(NarrowFeatures(margin=5), True, *training)
        metric.update(data, data_labels, real=True)
        metric.update(fresh, asked, real=False)
        return {name: float(value) for name, value in metric.compute().items()}

    right, mistaken = numbers(labels), numbers(wrong)
    assert right["accuracy"] > 0.8 > 0.1 > mistaken["accuracy"]
    assert right["class_fid"] < 0.5 * mistaken["class_fid"]
    assert {f"class_fid/{label}" for label in range(10)} <= set(right)
    assert right["tstr"] > 0.9 < right["trts"]
    assert mistaken["tstr"] < 0.1 > mistaken["trts"]
    assert right["trtr"] == mistaken["trtr"] == pytest.approx(right["tstr"], abs=0.05)
    for of_all in ("fid", "precision", "memorised"):
        assert right[of_all] == mistaken[of_all]


def test_classifiers_learn_from_images_and_rows_by_one_protocol(digits):
    (data, data_labels), (fresh, labels), training = digits
    metric = CompleteImageMetrics(FEATURES, True, *training)
    metric.update(data, data_labels, real=True)
    metric.update(fresh[:100], labels[:100], real=False)
    found = metric.compute()
    expected = transfer_accuracies(training, (data, data_labels), (fresh[:100], labels[:100]))
    assert set(expected) == {"tstr", "trtr", "trts"}
    assert {name: found[name] for name in expected} == expected


def test_classes_that_the_extractor_does_not_know_are_not_counted(digits):
    (data, labels), (fresh, _), training = digits
    metric = CompleteImageMetrics(FEATURES, False, *training)
    metric.update(data, labels, real=True)
    metric.update(fresh, labels, real=False)
    assert {"modes", "class_tv", "classifier_score", "accuracy"}.isdisjoint(metric.compute())


def test_labels_without_meaning_are_not_compared(digits):
    (data, labels), (fresh, _), training = digits
    metric = CompleteImageMetrics(FEATURES, True, *training)
    metric.by_label = False
    metric.update(data, labels, real=True)
    metric.update(fresh, labels, real=False)
    assert {"accuracy", "class_fid", "tstr"}.isdisjoint(metric.compute())


def test_validation_is_a_part_of_the_complete_comparison(digits, found):
    (data, labels), (fresh, _), _ = digits
    metric = ImageMetrics(FEATURES, knows_classes=True)
    metric.update(data, labels, real=True)
    metric.update(fresh, real=False)
    quick = {name: float(value) for name, value in metric.compute().items()}
    assert {"fid", "kid", "precision", "recall", "class_tv"} <= set(quick) <= set(found["real"])
    for name, value in quick.items():  # batches of other sizes add up in another order
        assert value == pytest.approx(found["real"][name], rel=1e-6), name


def test_the_order_of_the_images_and_of_the_batches_does_not_matter(digits):
    (data, _), (fresh, _), _ = digits
    results = []
    for step in (1, -1):
        metric = ImageMetrics(FEATURES, knows_classes=True)
        for part in data[: 400 : abs(step)].split(70)[::step]:
            metric.update(part, real=True)
        metric.update(fresh[::2] if step > 0 else fresh[::2].flip(0), real=False)
        results.append(metric.compute())
    for name, value in results[0].items():
        torch.testing.assert_close(value, results[1][name], rtol=1e-4, atol=1e-5)


def test_numbers_in_place_of_bytes_are_refused_since_their_range_is_a_guess(digits):
    (data, _), *_ = digits
    metric = ImageMetrics(FEATURES, knows_classes=True)
    metric.update(data, real=True)
    metric.update(data.float() / 255, real=False)
    with pytest.raises(Exception, match=r"expected images as uint8.*found float32"):
        metric.compute()


def test_the_protocol_names_the_features_and_their_weights():
    assert ImageMetrics(FEATURES, True).protocol == f"features of {FEATURES.name}"


@pytest.mark.parametrize(("num_real", "num_samples"), [(256, 255), (255, 256), (30, 600)])
def test_there_is_no_fid_of_fewer_images_than_two_for_each_feature(digits, num_real, num_samples):
    (data, labels), (fresh, asked), training = digits
    metric = CompleteImageMetrics(FEATURES, True, *training)
    metric.update(data[:num_real], labels[:num_real], real=True)
    metric.update(fresh[:num_samples], asked[:num_samples], real=False)
    found = metric.compute()
    assert "fid" not in found
    assert not any(name.startswith("class_fid") for name in found)
    assert abs(found["kid"]) < 0.1
    assert metric.protocol == (
        f"features of {FEATURES.name}, in which an FID needs 256 images or more: judge by kid; "
        "no FID by class, which needs 256 images of each"
    )


def test_there_is_a_fid_of_two_images_for_each_feature(digits):
    (data, _), (fresh, _), _ = digits
    metric = ImageMetrics(FEATURES, knows_classes=True)
    metric.update(data[:256], real=True)
    metric.update(fresh[:256], real=False)
    assert "fid" in metric.compute()
    assert metric.protocol == f"features of {FEATURES.name}"


def test_memorised_samples_are_reported_first(found):
    assert {next(iter(values)) for values in found.values()} == {"memorised"}


@pytest.mark.parametrize(("num_images", "neighbours"), [(600, 5), (250, 5), (249, 4), (30, 1)])
def test_the_balls_of_few_images_reach_to_nearer_neighbours(digits, num_images, neighbours):
    (data, _), (fresh, _), _ = digits
    metric = ImageMetrics(FEATURES, knows_classes=False)
    metric.update(data[:num_images], real=True)
    metric.update(fresh, real=False)
    found = metric.compute()
    real, samples = FEATURES(data[:num_images]).middle, FEATURES(fresh).middle
    expected = precision_recall_density_coverage(real, samples, neighbours)
    for name, value in expected._asdict().items():
        torch.testing.assert_close(found[name], value)
