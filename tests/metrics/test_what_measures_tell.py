"""Which measure detects which faulty sampler, on features whose distribution is known.

Ten classes are ten round clouds in 16 dimensions. No measure ranks all samplers: each is blind
somewhere, and these tests record where.
"""

import pytest
import torch

from gan_lightning.metrics import (
    class_histogram,
    classifier_score,
    frechet_distance,
    kernel_distance,
    memorised_share,
    normalised,
    precision_recall_density_coverage,
    relative_diversity,
)

NUM_CLASSES, NUM_ROWS = 10, 1000


def draw(num_rows=NUM_ROWS, num_classes=NUM_CLASSES, std=0.5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centres = 2 * torch.eye(16)[:NUM_CLASSES]
    noise = torch.randn(num_rows, 16, generator=generator)
    return centres[torch.arange(num_rows) % num_classes] + std * noise


@pytest.fixture(scope="module")
def scores():
    training, real, held_out = draw(2000, seed=1), draw(seed=2), draw(2000, seed=4)
    samplers = {
        "real": draw(seed=5),
        "shifted": draw(seed=3) + 0.15,
        "narrow": draw(std=0.2, seed=6),
        "one class missing": draw(num_classes=9, seed=7),
        "memoriser": training[:10].repeat(NUM_ROWS // 10, 1),
        "single point": training[:1].repeat(NUM_ROWS, 1),
        "noise": torch.randn(NUM_ROWS, 16, generator=torch.Generator().manual_seed(8)),
    }
    return {name: judge(real, rows, training, held_out) for name, rows in samplers.items()}


def judge(real, generated, training, held_out):
    logits = 20 * generated[:, :NUM_CLASSES]  # a classifier that asks for the nearest centre
    histogram = class_histogram(torch.full((NUM_CLASSES,), 1 / NUM_CLASSES), logits.argmax(1))
    measured = {
        "frechet": frechet_distance(real, generated),
        "kernel": kernel_distance(normalised(real, real), normalised(generated, real)),
        "score": classifier_score(logits),
        "memorised": memorised_share(generated, training, held_out),
        "diversity": relative_diversity(real, generated),
        **precision_recall_density_coverage(real, generated)._asdict(),
        **histogram._asdict(),
    }
    return {name: value.item() for name, value in measured.items()}


def test_fresh_data_score_as_data_do(scores):
    fresh = scores["real"]
    assert fresh["frechet"] < 0.1
    assert abs(fresh["kernel"]) < 0.01
    assert fresh["memorised"] < 0.005
    assert fresh["modes"] == NUM_CLASSES
    assert fresh["diversity"] == pytest.approx(1, abs=0.02)
    assert fresh["density"] == pytest.approx(1, abs=0.1)
    assert min(fresh["precision"], fresh["recall"], fresh["coverage"]) > 0.7


@pytest.mark.parametrize("distance", ["frechet", "kernel"])
def test_distances_are_least_for_fresh_data(scores, distance):
    values = {name: measured[distance] for name, measured in scores.items()}
    assert min(values, key=values.get) == "real"
    assert min(values["single point"], values["noise"]) > values["shifted"]


def test_recall_tells_narrowness_that_precision_rewards(scores):
    narrow = scores["narrow"]
    assert narrow["precision"] == 1
    assert narrow["recall"] < 0.1 < scores["real"]["recall"]


def test_the_histogram_tells_a_missing_class(scores):
    missing = scores["one class missing"]
    assert missing["modes"] == NUM_CLASSES - 1
    assert missing["kl"] > 10 * scores["real"]["kl"]
    assert missing["total_variation"] == pytest.approx(0.1, abs=0.01)
    assert missing["diversity"] < scores["real"]["diversity"]


def test_ten_memorised_points_deceive_the_classifier_but_not_recall_nor_coverage(scores):
    memoriser, real = scores["memoriser"], scores["real"]
    assert memoriser["score"] >= real["score"]
    assert memoriser["modes"] == NUM_CLASSES
    assert memoriser["precision"] > real["precision"] - 0.25
    assert memoriser["recall"] == 0
    assert memoriser["coverage"] < 0.1
    assert memoriser["memorised"] == 1


def test_only_a_memoriser_has_memorised(scores):
    copies = {name for name, measured in scores.items() if measured["memorised"] > 0.5}
    assert copies == {"memoriser", "single point"}


def test_a_single_point_is_one_mode_of_least_diversity(scores):
    point = scores["single point"]
    assert point["modes"] == 1
    assert point["score"] == pytest.approx(1)
    assert point["diversity"] == min(measured["diversity"] for measured in scores.values())


def test_noise_deceives_recall_and_diversity_but_not_precision_nor_coverage(scores):
    noise, real = scores["noise"], scores["real"]
    assert noise["recall"] > real["recall"]
    assert noise["diversity"] > 1
    assert noise["precision"] < 0.1
    assert noise["coverage"] < 0.2
