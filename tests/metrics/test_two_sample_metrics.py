"""What every comparison of two sets promises as a torchmetrics object."""

import copy
import math
import pickle

import pytest
import torch

from gan_lightning.metrics import (
    CompleteImageMetrics,
    CompleteTableMetrics,
    DensityMetrics,
    FeatureExtractor,
    Features,
    ImageMetrics,
    PointMetrics,
    TableMetrics,
    TwoSampleMetric,
    transfer,
    two_sample,
)

CENTRES = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
TRAIN = torch.randn(30, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def log_density(points):
    return -points.square().sum(1) / 2 - math.log(2 * math.pi)


class Pixels(FeatureExtractor):
    """Sees pixels as they are; the class is the brightest of the first three."""

    name = "Pixels"

    def extract(self, images):
        pixels = images.flatten(1).float()
        return Features(pixels, pixels / 255, pixels[:, :3])


def training_images():
    return torch.randint(256, (50, 1, 2, 2), generator=torch.Generator().manual_seed(1)).byte()


METRICS = {
    "CompleteTableMetrics": lambda: CompleteTableMetrics(
        ["a (cm)", "b (cm)"], [0, 1], TRAIN, torch.arange(30) % 3
    ),
    "ImageMetrics": lambda: ImageMetrics(Pixels(), knows_classes=True),
    "CompleteImageMetrics": lambda: CompleteImageMetrics(
        Pixels(), True, training_images(), torch.arange(50) % 3
    ),
    "DensityMetrics": lambda: DensityMetrics(log_density, 2.8),
    "PointMetrics": lambda: PointMetrics(CENTRES, 0.5, log_density, 2.8),
    "TableMetrics": lambda: TableMetrics(["a (cm)", "b (cm)"], [0, 1]),
}


@pytest.fixture(params=METRICS.values(), ids=METRICS)
def make(request):
    return request.param


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    for module in (transfer, two_sample):
        monkeypatch.setattr(module, "NUM_TREES", 3)


@pytest.fixture
def sets(make):
    """Sixty real and forty generated points of a wider distribution, with their labels."""
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(60, 4, generator=generator, dtype=torch.float64)
    generated = 0.3 + 2 * torch.randn(40, 4, generator=generator, dtype=torch.float64)
    if isinstance(make(), ImageMetrics):
        real, generated = (
            (128 + 25 * x).clamp(0, 255).byte().reshape(-1, 1, 2, 2) for x in (real, generated)
        )
    else:
        real, generated = real[:, :2], generated[:, :2]
    return (real, torch.arange(60) % 3), (generated, torch.arange(40) % 3)


def add(metric, points, labels, real):
    metric.update(points, labels, real=real)


def computed(metric, real, generated, batch=1000):
    for (points, labels), is_real in [(real, True), (generated, False)]:
        for part in zip(points.split(batch), labels.split(batch), strict=True):
            add(metric, *part, real=is_real)
    return metric.compute()


def part_of(points_and_labels, rows):
    points, labels = points_and_labels
    return points[rows], labels[rows]


def assert_same(results, expected):
    assert results.keys() == expected.keys()
    for name, value in results.items():
        torch.testing.assert_close(value, expected[name], msg=name)


def test_every_metric_of_the_package_has_a_case():
    def below(base):
        return {base} | {c for child in base.__subclasses__() for c in below(child)}

    ours = {c.__name__ for c in below(TwoSampleMetric) if "gan_lightning" in c.__module__}
    assert ours - {"TwoSampleMetric"} == set(METRICS)


def test_results_are_finite_scalars_by_name(make, sets):
    results = computed(make(), *sets)
    assert results
    for name, value in results.items():
        assert isinstance(name, str)
        assert value.shape == ()
        assert value.double().isfinite(), name


def test_the_goals_belong_to_quantities_that_are_computed(make, sets):
    metric = make()
    quantities = {name.partition("/")[0] for name in computed(metric, *sets)}
    complete = quantities | {name.partition("/")[0] for name in computed(all_there_is(make), *sets)}
    assert set(metric.goals) <= complete


def all_there_is(make):
    """The metric itself; that of images in its complete form, whose goals it shares."""
    is_of_images = isinstance(make(), ImageMetrics)
    return METRICS["CompleteImageMetrics"]() if is_of_images else make()


@pytest.mark.parametrize("batch", [1, 7])
def test_many_batches_give_the_same_as_one(make, sets, batch):
    assert_same(computed(make(), *sets, batch=batch), computed(make(), *sets))


def test_real_and_generated_batches_may_come_in_turns(make, sets):
    real, generated = sets
    metric = make()
    for i in range(0, 60, 20):
        add(metric, *part_of(generated, slice(i, i + 20)), real=False)
        add(metric, *part_of(real, slice(i, i + 20)), real=True)
    assert_same(metric.compute(), computed(make(), *sets))


def test_the_order_of_points_does_not_matter(make, sets):
    backwards = [[x.flip(0) for x in points] for points in sets]
    assert_same(computed(make(), *backwards), computed(make(), *sets))


def test_reset_forgets_both_sets(make, sets):
    real, generated = sets
    metric = make()
    computed(metric, generated, real)
    metric.reset()
    assert_same(computed(metric, *sets), computed(make(), *sets))


def test_generated_points_alone_can_be_forgotten(make, sets):
    real, generated = sets
    metric = make()
    computed(metric, real, real)
    metric.forget_generated()
    add(metric, *generated, real=False)
    assert_same(metric.compute(), computed(make(), *sets))


def test_points_added_after_computing_count_in_the_next_result(make, sets):
    real, generated = sets
    metric = make()
    computed(metric, real, part_of(generated, slice(10)))
    add(metric, *part_of(generated, slice(10, None)), real=False)
    assert_same(metric.compute(), computed(make(), *sets))


def test_labels_are_gathered_with_their_points_where_they_are_compared(make, sets):
    (real, labels), (generated, _) = sets
    metric = make()
    metric.update(real[:20], labels[:20], real=True)
    metric.update(real[20:], labels[20:], real=True)
    metric.update(generated, real=False)
    assert torch.equal(metric.gathered_labels(real=True), labels)
    assert metric.gathered_labels(real=False) is None
    unlabelled = make()
    unlabelled.by_label = False
    unlabelled.update(real, labels, real=True)
    assert unlabelled.gathered_labels(real=True) is None


def test_the_two_sets_are_not_confused(make, sets):
    forth, back = computed(make(), *sets), computed(make(), *sets[::-1])
    (name,) = (name for name in forth if name in ("wasserstein", "precision"))
    # The unit is the real set's deviation, and the precision is that of the generated set.
    assert forth[name] != pytest.approx(back[name].item(), rel=0.05)


def test_a_metric_has_nothing_to_keep_in_a_checkpoint(make, sets):
    metric = make()
    computed(metric, *sets)
    assert not metric.state_dict()
    assert not list(metric.parameters())


@pytest.mark.filterwarnings("ignore:You are using `torch.load`")  # PyTorch 2.4 unpickles by it
@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_continues_independently_from_the_same_points(make, sets, clone):
    metric = make()
    expected = computed(metric, *sets)
    twin = clone(metric)
    add(metric, *sets[0], real=False)
    add(twin, *part_of(sets[0], slice(0)), real=True)  # nothing new, but the result is forgotten
    assert_same(twin.compute(), expected)
