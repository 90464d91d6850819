"""What every data module promises, whatever its points mean."""

import csv
import inspect
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from gan_lightning import data
from gan_lightning.data import (
    CSV,
    MNIST,
    Checkerboard,
    Clustered,
    DataModule,
    Digits,
    FrameTable,
    GaussianGrid,
    GaussianRing,
    ImageFolder,
    Images,
    Iris,
    Recalled,
    Spiral,
    StackedMNIST,
    StandardNormal,
    Table,
    TwoMoons,
)
from gan_lightning.data.columns import Categorical, Continuous
from gan_lightning.errors import InputError


def small_table(batch_size=8, **kwargs):
    """Sixty rows, no two of them equal, with three labels."""
    index = torch.arange(60)
    rows = torch.stack([index / 10, (7 * index % 60).sqrt(), index % 2], 1).double()
    columns = [Continuous("a (m)"), Continuous("b"), Categorical("parity", ("even", "odd"))]
    options = {"val_fraction": 0.25, "test_fraction": 0.15, "split_seed": 0, **kwargs}
    return Table(columns, rows, index % 3, batch_size, **options)


@pytest.fixture(scope="session")
def files(tmp_path_factory, write_idx):
    """Sixty MNIST files' worth of random images, and thirty pictures in two folders."""
    root, random = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    write_idx(root / "MNIST" / "raw")
    for i in range(30):
        folder = root / "pictures" / ("cats" if i % 2 else "dogs")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return root


def small_mnist(files, **kwargs):
    return MNIST(
        **{"root": str(files), "download": False, "num_val": 15, "official": False, **kwargs}
    )


def small_folder(files, **kwargs):
    return ImageFolder(str(files / "pictures"), **{"size": 8, "val_fraction": 0.2, **kwargs})


IMAGES = {
    "MNIST": small_mnist,
    "MNIST for a sigmoid": lambda files, **kwargs: small_mnist(
        files, value_range="[0, 1]", size=32, **kwargs
    ),
    "StackedMNIST": lambda files, **kwargs: StackedMNIST(
        str(files), download=False, num_val=15, official=False, **kwargs
    ),
    "ImageFolder": small_folder,
    "ImageFolder in grey": lambda files, **kwargs: small_folder(
        files, channels=1, flip=True, val_fraction=0, **kwargs
    ),
}
CASES = {
    "Digits": lambda **kwargs: Digits(8, **kwargs),
    "Digits in training alone": lambda **kwargs: Digits(
        16, num_val=0, value_range="[0, 1]", **kwargs
    ),
    "Iris": Iris,
    "Iris with species": lambda **kwargs: Iris(species_column=True, **kwargs),
    "Iris of one species": lambda **kwargs: Iris(species=["virginica"], **kwargs),
    "Iris with test rows": lambda **kwargs: Iris(test_fraction=0.2, **kwargs),
    "Iris for training alone": lambda **kwargs: Iris(val_fraction=0, decimals=None, **kwargs),
    "Table": small_table,
    "StandardNormal": lambda **kwargs: StandardNormal(num_samples=400, **kwargs),
    "GaussianRing": lambda **kwargs: GaussianRing(num_samples=400, std=0.05, **kwargs),
    "GaussianRing of one": lambda **kwargs: GaussianRing(1, num_samples=100, **kwargs),
    "GaussianGrid": lambda **kwargs: GaussianGrid(num_samples=800, **kwargs),
    "TwoMoons": lambda **kwargs: TwoMoons(num_samples=400, **kwargs),
    "Spiral": lambda **kwargs: Spiral(num_samples=400, **kwargs),
    "Checkerboard": lambda **kwargs: Checkerboard(num_samples=400, **kwargs),
    "Clustered images": lambda **kwargs: Clustered(Digits(8, **kwargs), 5),
    "Clustered points": lambda **kwargs: Clustered(
        GaussianRing(num_samples=400, std=0.05, **kwargs), 3
    ),
}


@pytest.fixture(params=[*CASES, *IMAGES])
def make(request, files):
    name = request.param
    return CASES[name] if name in CASES else partial(IMAGES[name], files)


@pytest.fixture
def module(make):
    module = make()
    module.setup("fit")
    return module


def holds_images(module):
    return isinstance(module.data if isinstance(module, Clustered) else module, Images)


def batches(loader):
    xs, labels = zip(*loader, strict=True)
    return torch.cat(xs), torch.cat(labels)


def test_every_data_module_of_the_package_has_a_case(files):
    exported = [value for value in vars(data).values() if inspect.isclass(value)]
    modules = {c for c in exported if issubclass(c, DataModule) and not inspect.isabstract(c)}
    tested = {type(make()) for make in CASES.values()}
    tested |= {Images}  # the base of three of them
    tested |= {FrameTable, CSV}  # whose batches are random within cells: see test_frame.py
    tested |= {Recalled}  # stands for data that are gone, and has no points
    assert modules <= tested | {type(make(files)) for make in IMAGES.values()}


# Known before setup


def test_shape_classes_and_monitor_are_known_before_setup(make):
    module = make()
    assert module.data_shape
    assert all(isinstance(size, int) and size > 0 for size in module.data_shape)
    assert isinstance(module.num_classes, int)
    assert module.num_classes >= 1
    assert module.monitor.startswith("val/")
    assert module.monitor_mode in ("min", "max")
    assert module.file_ending.startswith(".")


def test_setup_again_changes_nothing(module):
    before = {name: getattr(module, name) for name in ("train", "val", "test")}
    module.setup("test")
    for name, split in before.items():
        for old, new in zip(split, getattr(module, name), strict=True):
            assert torch.equal(old, new)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_size_that_is_not_positive_is_refused(make, batch_size):
    with pytest.raises(InputError, match=f"batch_size must be .* found {batch_size}"):
        make(batch_size=batch_size)


# Batches


@pytest.mark.parametrize("name", ["train", "val", "test", "predict"])
def test_batches_are_points_and_labels(module, name):
    for x, labels in getattr(module, f"{name}_dataloader")():
        assert x.dtype == torch.float32
        assert x.shape == (len(labels), *module.data_shape)
        assert x.isfinite().all()
        assert labels.dtype == torch.int64
        assert labels.shape == (len(x),)
        assert labels.min() >= 0
        assert labels.max() < module.num_classes


def test_batches_have_the_chosen_size_but_for_the_last(make):
    module = make(batch_size=7)
    module.setup("fit")
    for loader in (module.train_dataloader(), module.val_dataloader()):
        sizes = [len(labels) for _, labels in loader]
        assert set(sizes[:-1]) <= {7}
        assert 1 <= sizes[-1] <= 7


def test_every_label_occurs_in_training(module):
    if isinstance(module, StackedMNIST):
        pytest.skip("60 images cannot be of 1 000 classes")
    assert set(module.train.labels.tolist()) == set(range(module.num_classes))


def test_training_batches_are_shuffled_anew_each_epoch_and_hold_every_point(module):
    loader = module.train_dataloader()
    first, second = batches(loader)[0], batches(loader)[0]
    assert not torch.equal(first, second)
    for epoch in (first, second):
        assert torch.equal(_sorted(epoch), _sorted(module.scale(module.train.x)))


def test_training_order_follows_the_runs_seed(module):
    orders = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        orders.append(batches(module.train_dataloader())[0])
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])


@pytest.mark.parametrize("name", ["val", "test"])
def test_other_batches_come_in_their_order_each_time(module, name):
    split = getattr(module, name)
    loader = getattr(module, f"{name}_dataloader")()
    for _ in range(2):
        x, labels = batches(loader)
        assert torch.equal(x, module.scale(split.x))
        assert torch.equal(labels, split.labels)


def test_predict_goes_through_the_training_points_in_order(module):
    x, _ = batches(module.predict_dataloader())
    assert torch.equal(x, module.scale(module.train.x))


def test_ranks_share_every_split_between_them(module):
    def loaders(rank, name):
        module.trainer = SimpleNamespace(
            global_rank=rank,
            world_size=2,
            strategy=SimpleNamespace(broadcast=lambda seed: seed, root_device=torch.device("cpu")),
        )
        return getattr(module, f"{name}_dataloader")()

    for name, split in [("val", module.val), ("test", module.test), ("train", module.train)]:
        seen = torch.cat([batches(loaders(rank, name))[0] for rank in range(2)])
        if name == "train":  # an odd number of points is evened out by one that comes twice
            assert len(seen) == len(split.x) + len(split.x) % 2
            expected = module.scale(split.x).unique(dim=0)
            assert torch.equal(seen.unique(dim=0), expected)
        else:
            assert torch.equal(_sorted(seen), _sorted(module.scale(split.x)))


def test_all_ranks_take_the_seed_of_the_first(module):
    torch.manual_seed(5)  # each rank may have re-seeded itself
    module.trainer = SimpleNamespace(
        global_rank=0,
        world_size=1,
        strategy=SimpleNamespace(broadcast=lambda seed: 123, root_device=torch.device("cpu")),
    )
    assert module.train_dataloader().state_dict()["seed"] == 123


# What samples are compared with


def test_the_same_training_points_are_compared_on_any_number_of_ranks(module):
    num_points = 2 * len(module.train.x) // 3
    alone, labels = module.training_points(num_points, 0, 1)
    assert len(alone) == len(labels) == num_points
    for world_size in (1, 2, 3):
        parts = [module.training_points(num_points, rank, world_size) for rank in range(world_size)]
        assert torch.equal(_sorted(torch.cat([part.x for part in parts])), _sorted(alone))
        counts = torch.cat([part.labels for part in parts]).bincount(minlength=module.num_classes)
        assert torch.equal(counts, labels.bincount(minlength=module.num_classes))


def test_all_training_points_are_compared_where_more_are_requested(module):
    x, labels = module.training_points(10**6, 0, 1)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    assert torch.equal(x, module.unscale(module.scale(module.train.x))[order])
    assert torch.equal(labels, module.train.labels[order])


@pytest.mark.parametrize("stage", ["val", "test"])
def test_labels_like_a_splits_are_as_frequent_as_its_own(module, stage):
    labels = getattr(module, stage).labels
    for times in (1, 3):
        drawn = module.labels_like(stage, times * len(labels))
        counts = drawn.bincount(minlength=module.num_classes)
        assert torch.equal(counts, times * labels.bincount(minlength=module.num_classes))
    assert len(module.labels_like(stage, 5)) == 5
    assert torch.equal(module.labels_like(stage, 5), drawn[:5])


# The data's own units


@pytest.fixture
def points(module):
    return module.unscale(module.scale(module.val.x))


def test_unscaled_points_are_float64_or_bytes_without_gradient(module):
    x = module.scale(module.train.x[:5]).clone().requires_grad_()
    points = module.unscale(x)
    assert points.dtype == (torch.uint8 if holds_images(module) else torch.float64)
    assert len(points) == 5
    assert not points.requires_grad


@pytest.mark.sampled(2)
def test_the_monitored_metric_is_zero_for_equal_sets_and_grows_with_a_shift(module, points):
    name = module.monitor.removeprefix("val/")
    sign = 1 if module.monitor_mode == "min" else -1
    count = 800 if isinstance(module, StackedMNIST) else 300  # an FID needs two for each feature
    points = points[torch.arange(count) % len(points)]
    spread = points.double().std(0)
    found = []
    for shift in (0, 1, 10):
        metric = module.metrics("val")
        metric.update(points, real=True)
        shifted = points + shift * spread
        # Bytes stay bytes: what overflows is white.
        shifted = shifted.clamp(0, 255).byte() if holds_images(module) else shifted
        metric.update(shifted, real=False)
        found.append(sign * metric.compute()[name].item())
    assert found[0] == pytest.approx(0, abs=1e-6)
    assert found[0] < found[1] < found[2]


def test_metrics_are_made_anew_each_time(module, points):
    used = module.metrics("val")
    used.update(points, real=True)
    fresh = module.metrics("val")
    fresh.update(points[:3], real=True)
    assert len(fresh.gathered(real=True)) == 3


@pytest.mark.sampled(5)
@pytest.mark.parametrize("labelled", [False, True])
def test_figures_are_named_and_can_be_drawn(module, labelled):
    samples, labels = module.unscale(module.scale(module.train.x[:30])), module.train.labels[:30]
    figures = module.figures(samples, labels) if labelled else module.figures(samples)
    assert figures
    for name, figure in figures.items():
        assert name.isidentifier()  # a folder and a tag
        pixels = figure
        if isinstance(figure, Figure):
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3
        assert (pixels != 255).mean() > 0.01  # not a blank page


def test_real_pictures_are_named_and_can_be_drawn(module):
    pictures = module.real_pictures()
    assert set(pictures) == ({"real"} if holds_images(module) else set())
    for pixels in pictures.values():
        assert (pixels != 255).mean() > 0.01


def test_written_samples_read_back_to_the_same_values(module, points, tmp_path):
    if holds_images(module):
        module.write(points, tmp_path / "samples.npz", module.val.labels)
        with np.load(tmp_path / "samples.npz") as arrays:
            np.testing.assert_array_equal(arrays["images"], points)
            np.testing.assert_array_equal(arrays["labels"], module.val.labels)
        return
    path = tmp_path / f"samples{module.file_ending}"
    module.write(points, path)
    with path.open(newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    categories = {
        name: i
        for column in getattr(module, "columns", ())
        if isinstance(column, Categorical)
        for i, name in enumerate(column.categories)
    }
    values = [[categories[v] if v in categories else float(v) for v in line] for line in lines]
    assert len(header) == points.shape[1]
    assert values == points.tolist()


@pytest.mark.parametrize("name", ["samples.xlsx", "samples", "csv"])
def test_other_endings_are_refused_and_leave_no_file(module, points, tmp_path, name):
    if holds_images(module) and "." not in name:
        return  # a folder
    with pytest.raises(InputError, match=rf"{module.file_ending}.*{name}"):
        module.write(points, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_ending_in_capitals_is_the_same_ending(module, points, tmp_path):
    path = tmp_path / f"SAMPLES{module.file_ending.upper()}"
    module.write(points, path)
    assert path.stat().st_size > 0


def _sorted(x):
    """The points as a multiset."""
    return torch.tensor(sorted(x.flatten(1).tolist()))
