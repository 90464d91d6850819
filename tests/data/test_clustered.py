"""Clusters in place of labels."""

import pytest
import torch

from gan_lightning.data import (
    MNIST,
    Clustered,
    DataMemory,
    DataModule,
    Digits,
    GaussianRing,
    Iris,
)
from gan_lightning.data.units import PointUnits
from gan_lightning.errors import InputError


def clustered(data, num_clusters, **kwargs):
    module = Clustered(data, num_clusters, **kwargs)
    module.setup("fit")
    return module


def ring(**kwargs):
    """Eight modes whose points lie within a hundredth of the way to the next one."""
    return GaussianRing(8, std=0.005, num_samples=1000, **kwargs)


@pytest.mark.parametrize("name", ["train", "val", "test"])
def test_each_mode_that_lies_apart_is_one_cluster_in_every_split(name):
    module = clustered(ring(), 8)
    modes, clusters = getattr(module.data, name).labels, getattr(module, name).labels
    pairs = set(zip(modes.tolist(), clusters.tolist(), strict=True))
    assert len(pairs) == 8
    assert {mode for mode, _ in pairs} == {cluster for _, cluster in pairs} == set(range(8))


def test_validation_points_belong_to_the_clusters_of_the_training_points():
    module = clustered(Digits(8), 12)
    centres = torch.stack(
        [module.train.x[module.train.labels == k].float().mean(0).flatten() for k in range(12)]
    )
    nearest = torch.cdist(module.val.x.float().flatten(1), centres).argmin(1)
    agreement = (nearest == module.val.labels).float().mean()
    assert agreement > 0.85  # k-means of mini-batches ends near the means of its clusters


def test_the_datas_own_labels_are_not_used():
    data = ring()
    expected = clustered(data, 5)
    setup = data.setup

    def with_other_labels(stage):
        setup(stage)
        for name in ("train", "val", "test"):
            split = getattr(data, name)
            setattr(data, name, split._replace(labels=split.labels.flip(0)))

    data.setup = with_other_labels
    found = clustered(data, 5)
    for name in ("train", "val", "test"):
        assert torch.equal(getattr(found, name).labels, getattr(expected, name).labels)


def test_points_stay_the_datas_own():
    module = clustered(Digits(8), 5)
    assert module.train.x is module.data.train.x
    assert module.val.x is module.data.val.x


def collected(make_loader):
    torch.manual_seed(3)  # of the order, and of images that are drawn by chance
    x, labels = zip(*make_loader(), strict=True)
    return torch.cat(x), torch.cat(labels)


@pytest.mark.parametrize("binarise", [None, "threshold", "bernoulli"])
@pytest.mark.parametrize("stage", ["train", "val", "test", "predict"])
def test_batches_are_the_datas_own_with_clusters_for_labels(stage, binarise):
    module = clustered(Digits(8, value_range="[0, 1]", binarise=binarise), 5)
    own_labels = module.data.train.labels
    x, clusters = collected(getattr(module, f"{stage}_dataloader"))
    expected, _ = collected(getattr(module.data, f"{stage}_dataloader"))
    assert torch.equal(x, expected)
    assert (binarise is None) == (len(x.unique()) > 2)
    assert set(clusters.tolist()) == set(range(5))
    assert module.data.train.labels is own_labels


def test_training_batches_hold_each_point_with_its_cluster():
    module = clustered(ring(), 5)
    clusters = {tuple(x): k for x, k in zip(*(part.tolist() for part in module.train), strict=True)}
    x, labels = collected(module.train_dataloader)
    assert [clusters[tuple(point)] for point in x.tolist()] == labels.tolist()
    points, labels = module.training_points(50, 1, 2)
    assert len(points) == 25
    assert [clusters[tuple(point)] for point in points.float().tolist()] == labels.tolist()


def test_real_points_that_samples_are_compared_with_are_drawn_like_the_datas_own():
    module = clustered(Digits(8, binarise="bernoulli"), 5)
    points = module.training_points(50, 0, 1)
    assert torch.equal(points.x, module.data.training_points(50, 0, 1).x)
    assert set(points.x.unique().tolist()) == {0, 255}


@pytest.mark.usefixtures("mnist_files")
def test_points_have_the_name_that_the_data_give_them(tmp_path):
    module = clustered(MNIST(str(tmp_path), download=False, num_val=0, official=False), 3)
    assert module.described("val") == module.data.described("val") == "20 test points"


def test_clusters_repeat_and_leave_the_runs_random_numbers_alone():
    torch.manual_seed(5)
    first = clustered(ring(), 20)
    drawn = torch.rand(3)
    torch.manual_seed(6)
    again = clustered(ring(), 20)
    assert torch.equal(first.train.labels, again.train.labels)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(3), drawn)
    assert not torch.equal(clustered(ring(), 20, cluster_seed=1).train.labels, first.train.labels)


def test_a_split_without_points_of_its_own_is_the_one_that_stands_in_for_it():
    without_test = clustered(Digits(8), 3)
    assert without_test.test is without_test.val
    assert without_test.val is not without_test.train
    training_alone = clustered(Digits(8, num_val=0), 3)
    assert training_alone.test is training_alone.val is training_alone.train
    assert training_alone.described("test") == "1797 training points (none are held out)"
    all_three = clustered(ring(), 3)
    assert len({id(split) for split in (all_three.train, all_three.val, all_three.test)}) == 3


@pytest.mark.parametrize("num_clusters", [0, -3])
def test_a_number_of_clusters_that_is_not_positive_is_refused(num_clusters):
    with pytest.raises(InputError, match=f"num_clusters must be .* found {num_clusters}"):
        Clustered(ring(), num_clusters)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_k_means_does_not_take_is_refused(seed):
    with pytest.raises(InputError, match=rf"cluster_seed must lie in .* found {seed}"):
        Clustered(ring(), 3, cluster_seed=seed)


def test_more_clusters_than_points_are_refused():
    with pytest.raises(InputError, match="at least as many training points, found 100"):
        clustered(GaussianRing(num_samples=100), 200)


def test_facts_about_the_data_are_passed_on():
    data = Iris(val_fraction=0.2)
    module = clustered(data, 4)
    assert module.data_shape == data.data_shape
    assert module.num_classes == 4
    assert module.batch_size == data.batch_size
    assert (module.monitor, module.monitor_mode) == (data.monitor, data.monitor_mode)
    assert module.file_ending == data.file_ending


CALLS = {  # a call of each method that is about the data, not about their labels
    "prepare_data": (),
    "setup": ("fit",),
    "scale": (torch.ones(2, 2),),
    "from_stored": (torch.ones(2, 2),),
    "setup_units": (),
    "metrics": ("val",),
    "figures": (torch.ones(2, 2),),
    "real_pictures": (),
    "neighbours": (torch.ones(2, 2),),
    "baselines": (),
    "report": (torch.ones(2, 2), {}),
    "described": ("test",),
    "training_points": (10, 0, 1),
    "train_dataloader": (),
    "val_dataloader": (),
    "test_dataloader": (),
    "predict_dataloader": (),
    "remember": (DataMemory(PointUnits(), {}, None),),
    "held_out": (),
}

OWN = {"labels_like", "row_names", "fingerprint", "state_dict", "load_state_dict"}
"""Methods that tell of labels, or of points with their labels: here those are clusters."""

BY_UNITS = {"unscale", "write"}
"""Methods that the units of the data do."""


def test_every_method_of_data_that_is_not_about_labels_has_a_case():
    methods = {name for name, value in vars(DataModule).items() if callable(value)}
    public = {name for name in methods if not name.startswith("_")}
    assert public <= {*CALLS, *OWN, *BY_UNITS}


@pytest.mark.parametrize("name", CALLS)
def test_the_data_do_whatever_depends_on_the_meaning_of_their_points(monkeypatch, name):
    module = clustered(ring(), 3)
    seen, own = [], getattr(module.data, name)
    monkeypatch.setattr(module.data, name, lambda *args: seen.append(args) or own(*args))
    getattr(module, name)(*CALLS[name])
    assert seen[0] == CALLS[name]


def test_points_leave_the_scale_of_the_data(tmp_path):
    iris = Iris()
    module = clustered(iris, 3)
    x = module.train.x[:5]
    assert torch.equal(module.unscale(x), iris.unscale(x))
    for data, name in ((module, "clustered.csv"), (iris, "own.csv")):
        data.write(data.unscale(x), tmp_path / name)
    assert (tmp_path / "clustered.csv").read_text() == (tmp_path / "own.csv").read_text()


def test_nothing_is_compared_or_drawn_by_cluster():
    data = Digits(8, num_val=20)
    module = clustered(data, 3)
    points = module.unscale(module.scale(module.val.x))
    metric = module.metrics("test")
    for real in (True, False):
        metric.update(points, module.val.labels, real=real)
        assert metric.gathered_labels(real=real) is None
    drawn = module.figures(points, module.val.labels)["grid"]
    assert (drawn == data.figures(points)["grid"]).all()


def test_the_data_receive_the_trainer():
    module = Clustered(ring(), 3)
    module.trainer = trainer = object()
    module.setup("fit")
    assert module.data.trainer is trainer
