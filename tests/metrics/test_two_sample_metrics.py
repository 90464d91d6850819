"""What every comparison of two sets promises as a torchmetrics object."""

import copy
import math
import pickle

import pytest
import torch

from gan_lightning.metrics import (
    CompleteTableMetrics,
    ImageMetrics,
    PointMetrics,
    TableMetrics,
    TwoSampleMetric,
    classifiers,
)

CENTRES = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
TRAIN = torch.randn(30, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def log_density(points):
    return -points.square().sum(1) / 2 - math.log(2 * math.pi)


METRICS = {
    "CompleteTableMetrics": lambda: CompleteTableMetrics(
        ["a (cm)", "b (cm)"], [0, 1], TRAIN, torch.zeros(30, dtype=torch.int64)
    ),
    "ImageMetrics": ImageMetrics,
    "PointMetrics": lambda: PointMetrics(CENTRES, 0.5, log_density, 2.8),
    "TableMetrics": lambda: TableMetrics(["a (cm)", "b (cm)"], [0, 1]),
}
every_metric = pytest.mark.parametrize("make", METRICS.values(), ids=METRICS)


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    monkeypatch.setattr(classifiers, "NUM_TREES", 3)


@pytest.fixture
def sets():
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(60, 2, generator=generator, dtype=torch.float64)
    generated = 0.3 + torch.randn(40, 2, generator=generator, dtype=torch.float64)
    return real, generated


def computed(metric, real, generated, batch=1000):
    for points, is_real in [(real, True), (generated, False)]:
        for part in points.split(batch):
            metric.update(part, real=is_real)
    return metric.compute()


def assert_same(results, expected):
    assert results.keys() == expected.keys()
    for name, value in results.items():
        torch.testing.assert_close(value, expected[name], msg=name)


def test_every_metric_of_the_package_has_a_case():
    ours, found = [TwoSampleMetric], set()
    while ours:
        children = ours.pop().__subclasses__()
        ours += children
        found |= {c.__name__ for c in children if "gan_lightning" in c.__module__}
    assert found == set(METRICS)


@every_metric
def test_results_are_finite_scalars_by_name(make, sets):
    results = computed(make(), *sets)
    for name, value in results.items():
        assert isinstance(name, str)
        assert value.shape == ()
        assert value.double().isfinite(), name


@every_metric
@pytest.mark.parametrize("batch", [1, 7])
def test_many_batches_give_the_same_as_one(make, sets, batch):
    assert_same(computed(make(), *sets, batch=batch), computed(make(), *sets))


@every_metric
def test_real_and_generated_batches_may_come_in_turns(make, sets):
    real, generated = sets
    metric = make()
    for i in range(0, 60, 20):
        metric.update(generated[i : i + 20], real=False)
        metric.update(real[i : i + 20], real=True)
    assert_same(metric.compute(), computed(make(), *sets))


@every_metric
def test_the_order_of_points_does_not_matter(make, sets):
    real, generated = sets
    assert_same(computed(make(), real.flip(0), generated.flip(0)), computed(make(), *sets))


@every_metric
def test_reset_forgets_both_sets(make, sets):
    real, generated = sets
    metric = make()
    computed(metric, 5 * real, 5 * generated)
    metric.reset()
    assert_same(computed(metric, *sets), computed(make(), *sets))


@every_metric
def test_points_added_after_computing_count_in_the_next_result(make, sets):
    real, generated = sets
    metric = make()
    computed(metric, real, generated[:10])
    metric.update(generated[10:], real=False)
    assert_same(metric.compute(), computed(make(), *sets))


@every_metric
def test_the_two_sets_are_not_confused(make, sets):
    real, generated = sets
    forth, back = computed(make(), real, 3 * generated), computed(make(), 3 * generated, real)
    (name,) = (name for name in forth if name.endswith("wasserstein"))
    assert forth[name] > back[name]  # the unit is the real set's deviation


@every_metric
def test_a_metric_has_nothing_to_keep_in_a_checkpoint(make, sets):
    metric = make()
    computed(metric, *sets)
    assert not metric.state_dict()
    assert not list(metric.parameters())


@every_metric
@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_goes_on_from_the_same_points_by_itself(make, sets, clone):
    metric = make()
    expected = computed(metric, *sets)
    twin = clone(metric)
    metric.update(100 + sets[0], real=False)
    twin.update(sets[0][:0], real=True)  # nothing new, but what was computed is forgotten
    assert_same(twin.compute(), expected)
