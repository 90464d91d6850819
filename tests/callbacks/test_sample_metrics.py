"""Samples against data: the same numbers on any number of devices, and what they depend on."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.utilities.seed import isolate_rng

from gan_lightning.callbacks import SampleMetrics
from gan_lightning.data import Clustered, Digits, GaussianRing
from gan_lightning.metrics import TwoSampleMetric
from gan_lightning.models import GAN, Classifier
from gan_lightning.networks import MLPDiscriminator, MLPGenerator


class Collected(TwoSampleMetric):
    """Keeps both sets and compares nothing."""

    def compute(self):
        return {}


class Echo:
    """A conditional sampler whose points are their labels, beside random numbers."""

    device = torch.device("cpu")
    num_classes = 8

    def __init__(self):
        self.asked = []

    def sample(self, num_samples, labels):
        assert len(labels) == num_samples, "a conditional model is asked by label"
        self.asked.append(labels)
        return torch.stack([labels.float(), torch.rand(len(labels))], 1)


def gan(data):
    return GAN(
        data.data_shape,
        generator=partial(MLPGenerator, latent_dim=3, hidden_dims=[8]),
        discriminator=partial(MLPDiscriminator, hidden_dims=[8]),
    )


@pytest.fixture
def ring():
    data = GaussianRing(num_samples=900, std=0.05)
    data.setup("fit")
    return data


def stand_in(data, rank=0, world_size=1):
    return SimpleNamespace(
        datamodule=data, global_rank=rank, world_size=world_size, is_global_zero=rank == 0
    )


def gathered(data, world_size, draw):
    """What all ranks together collect of generated points, and their labels."""
    points, labels = [], []
    for rank in range(world_size):
        callback = SampleMetrics(num_samples=1200, test_samples=700)
        callback.metric = Collected()
        draw(callback, stand_in(data, rank, world_size))
        points.append(callback.metric.gathered(real=False))
        labels.append(callback.metric.gathered_labels(real=False))
    return torch.cat(points), None if labels[0] is None else torch.cat(labels)


def judged(data, points):
    metric = data.metrics("val")
    metric.update(data.unscale(data.val.x), real=True)
    metric.update(points, real=False)
    return metric.compute()


def assert_same_points(points, expected):
    assert sorted(points.tolist()) == sorted(expected.tolist())


@pytest.mark.parametrize("world_size", [2, 3, 5])  # 1200 samples are three chunks of 500
def test_samples_and_numbers_are_the_same_on_any_number_of_ranks(ring, world_size):
    model = gan(ring)

    def draw(callback, trainer):
        callback._compared(trainer, model, "val", 1200)

    alone, _ = gathered(ring, 1, draw)
    together, _ = gathered(ring, world_size, draw)
    assert len(alone) == 1200
    assert len(alone.unique(dim=0)) == 1200  # no two chunks have the same latents
    assert_same_points(together, alone)
    numbers, expected = judged(ring, together), judged(ring, alone)
    assert numbers.keys() == expected.keys()
    for name, value in numbers.items():
        torch.testing.assert_close(value, expected[name], msg=name)


@pytest.mark.parametrize("world_size", [2, 3])
def test_the_floor_is_of_the_same_training_points_on_any_number_of_ranks(ring, world_size):
    alone, labels = gathered(ring, 1, lambda callback, trainer: callback._floor(trainer, 700))
    together, _ = gathered(
        ring, world_size, lambda callback, trainer: callback._floor(trainer, 700)
    )
    assert len(alone) == len(labels) == 700
    assert_same_points(together, alone)
    of_training = set(map(tuple, ring.unscale(ring.train.x).tolist()))
    assert set(map(tuple, alone.tolist())) <= of_training


@pytest.mark.parametrize("world_size", [1, 2])
@pytest.mark.parametrize("num_samples", [90, 1200])
def test_a_conditional_model_is_asked_for_the_labels_of_the_split(ring, world_size, num_samples):
    model = Echo()

    def draw(callback, trainer):
        callback._compared(trainer, model, "val", num_samples)

    points, labels = gathered(ring, world_size, draw)
    asked = torch.cat(model.asked)
    assert torch.equal(asked, labels)
    assert torch.equal(points[:, 0], labels.double())  # each point stays with its label
    counts, real = asked.bincount(minlength=8), ring.val.labels.bincount(minlength=8)
    if num_samples == len(ring.val.labels):
        assert torch.equal(counts, real)
    else:  # thirteen times around, and a third of a time
        assert ((counts - real * num_samples / len(ring.val.labels)).abs() <= real).all()


@pytest.mark.parametrize("model", [Echo(), None], ids=["conditional", "unconditional"])
def test_the_random_numbers_of_training_are_left_alone(ring, model):
    callback, trainer = SampleMetrics(50, 50), stand_in(ring)
    model = model or gan(ring)
    before = torch.get_rng_state()
    for stage in ("val", "test"):
        callback._start(trainer, model, stage)
        callback._add(callback.metric, ring.unscale(ring.val.x), ring.val.labels, real=True)
        callback._compared(trainer, model, stage, 50)
    callback._floor(trainer, 50)
    assert torch.equal(torch.get_rng_state(), before)


def test_samples_depend_on_the_seed_of_the_callback_and_not_of_the_run(ring):
    model, drawn = gan(ring), []
    for run_seed, seed in [(0, 0), (1, 0), (0, 1)]:
        with isolate_rng():
            torch.manual_seed(run_seed)
            callback = SampleMetrics(20, seed=seed)
            callback.metric = Collected()
            callback._compared(stand_in(ring), model, "val", 20)
            drawn.append(callback.metric.gathered(real=False))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


# In a Trainer


def test_validation_has_no_floor_and_test_has_that_of_training_points(ring, quiet_trainer):
    callback = SampleMetrics(num_samples=60, test_samples=300, seed=7)
    model = gan(ring)
    quiet_trainer(callback).validate(model, ring, verbose=False)
    assert callback.latest.stage == "val"
    assert callback.latest.floor == {}
    quiet_trainer(callback).test(model, ring, verbose=False)
    found = callback.latest
    assert found.stage == "test"
    assert found.values.keys() <= found.floor.keys()
    metric = ring.metrics("test")
    metric.update(ring.unscale(ring.test.x), ring.test.labels, real=True)
    metric.update(*ring.training_points(300, 0, 1), real=False)
    expected = {name: value.item() for name, value in metric.compute().items()}
    assert found.floor == pytest.approx(expected)
    assert found.floor["ks"] < found.values["ks"]  # the untrained generator is worse
    assert found.goals == dict(metric.goals)


def test_the_protocol_names_counts_weights_seed_split_and_features(quiet_trainer):
    data = Digits(8, num_val=20, batch_size=10)
    model = gan(data)
    callback = SampleMetrics(num_samples=30, test_samples=40, seed=7)
    quiet_trainer(callback).validate(model, data, verbose=False)
    assert callback.protocol == callback.latest.protocol
    assert "DigitFeatures" in callback.protocol
    assert callback.protocol == (
        "30 samples of the raw weights, seed 7, against 20 validation points; "
        f"features of {data.features.name}, in which an FID needs 256 images or more: "
        "judge by kid"
    )
    model.start_average()
    quiet_trainer(callback).validate(model, data, verbose=False)
    assert callback.protocol.startswith("30 samples of the averaged weights")


def test_a_test_draws_the_requested_number_of_samples(ring, quiet_trainer):
    callback = SampleMetrics(num_samples=30, test_samples=40)
    quiet_trainer(callback).test(gan(ring), ring, verbose=False)
    assert callback.protocol.startswith("40 samples")
    assert callback.metric.gathered(real=False).shape == (40, 2)  # of the floor, drawn last
    assert torch.equal(callback.metric.gathered(real=True), ring.unscale(ring.test.x))


class Counts(TwoSampleMetric):
    """Counts both sets."""

    def compute(self):
        return {"generated": torch.tensor(len(self.gathered(real=False)))}


@pytest.mark.parametrize(("asked_for", "drawn"), [(1000, 900), (300, 300)])
def test_samples_are_as_many_as_the_real_points_of_the_floor(
    ring, quiet_trainer, monkeypatch, asked_for, drawn
):
    monkeypatch.setattr(ring, "metrics", lambda stage: Counts())
    callback = SampleMetrics(num_samples=1000, test_samples=asked_for)
    quiet_trainer(callback).test(gan(ring), ring, verbose=False)
    assert callback.latest.values == callback.latest.floor == {"generated": drawn}
    reason = " (as many as there are training points)" if drawn < asked_for else ""
    assert callback.protocol.startswith(f"{drawn} samples{reason} of the raw weights")
    quiet_trainer(callback).validate(gan(ring), ring, verbose=False)
    assert callback.latest.values == {"generated": 1000}  # beside no floor
    assert callback.protocol.startswith("1000 samples of the raw weights")


def test_clusters_are_not_compared_by_label(quiet_trainer):
    data = Clustered(Digits(8, num_val=20, batch_size=10), 4)
    data.setup("test")
    asked = []
    model = gan(data)
    sample = model.sample
    model.know_labels(4)
    model.sample = lambda num_samples, labels: asked.append(labels) or sample(num_samples)
    callback = SampleMetrics(20, 20)
    quiet_trainer(callback).test(model, data, verbose=False)
    assert torch.equal(torch.cat(asked).bincount(), data.test.labels.bincount())
    assert not {"accuracy", "class_fid", "tstr"} & set(callback.latest.values)


def test_a_model_that_draws_no_samples_is_left_alone(quiet_trainer):
    data = Digits(8, num_val=20, batch_size=10)
    callback = SampleMetrics(20, 20)
    for action in ("validate", "test"):
        run = quiet_trainer(callback)
        getattr(run, action)(Classifier(data.data_shape, 10), data, verbose=False)
        assert {name.partition("/")[2] for name in run.callback_metrics} == {"accuracy", "loss"}
    assert callback.latest is None
    assert callback.protocol == ""
