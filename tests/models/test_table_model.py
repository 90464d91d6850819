"""Rows of a table: categories one after another, then numbers; copulas for small tables."""

import copy
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch import Trainer

from gan_lightning import MLPVelocity, TableModel
from gan_lightning.callbacks import SamplerFit
from gan_lightning.cli.restored import check_fit
from gan_lightning.data import FrameTable
from gan_lightning.errors import InputError
from gan_lightning.networks.autoregressive import AutoregressiveCategories
from gan_lightning.networks.rows import RowLayout
from gan_lightning.samplers import GaussianCopula, GaussianMixture

BLOCKS = (1, 3, 1, 2)


def frame(num_rows=1200):
    """The second category follows from the first, and the number from both."""
    random = np.random.default_rng(0)
    first = random.integers(0, 3, num_rows)
    number = 10 * first + random.normal(0, 1, num_rows)
    return pd.DataFrame(
        {
            "number": number.round(2),
            "first": np.array(["a", "b", "c"])[first],
            "second": np.array(["p", "q", "q"])[first],
        }
    )


LEARNED = {"first": "categorical", "second": "categorical"}
"""One follows from the other, and is to be learned all the same."""


def made(data, **kwargs):
    return TableModel(
        data.data_shape,
        num_classes=data.num_classes,
        blocks=data.blocks,
        num_points=data.num_points,
        velocity=partial(MLPVelocity, hidden_dims=[32, 32]),
        **kwargs,
    )


def trainer(tmp_path, **kwargs):
    return Trainer(
        **{"max_epochs": 1, "default_root_dir": tmp_path, **kwargs},
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[SamplerFit()],
    )


def test_a_row_is_taken_apart_and_put_together():
    layout = RowLayout(BLOCKS, 7)
    x = torch.tensor([[0.5, -1, 1, -1, 2.5, 1, -1], [1.5, 1, -1, -1, 3.5, -1, 1]])
    assert layout.values(x).tolist() == [[0.5, 2.5], [1.5, 3.5]]
    assert layout.codes(x).tolist() == [[1, 0], [0, 1]]
    assert torch.equal(layout.joined(layout.values(x), layout.codes(x)), x)


@pytest.mark.parametrize("width", [0, 6, 8])
def test_blocks_that_are_not_those_of_the_rows_are_refused(width):
    with pytest.raises(InputError, match="Expected rows of a table"):
        RowLayout(BLOCKS, width)


def test_a_column_sees_only_the_columns_before_it_and_the_given_cells():
    network = AutoregressiveCategories([3, 2, 4], num_numbers=1)
    codes, values = torch.tensor([[0, 0, 0], [1, 0, 0], [0, 0, 3]]), torch.zeros(3, 1)
    nothing = torch.zeros(3, 3, dtype=torch.bool), torch.zeros(3, 1, dtype=torch.bool)
    losses = network(codes, nothing[0], values, nothing[1])
    assert losses.shape == (3, 3)
    assert losses[0, 0] == losses[0, 2]  # the last category is not seen by the first column
    assert losses[1, 0] != losses[1, 1]  # the first is by the second
    last = nothing[0].clone()
    last[:, 2] = True
    given = network(codes, last, values, nothing[1])
    assert given[0, 0] != given[0, 2]
    assert given[2].tolist() == [0, 0, 0]  # and what is given costs nothing
    assert network(codes, nothing[0], values + 1, nothing[1])[0].equal(losses[0])
    with_number = network(codes, nothing[0], values + 1, ~nothing[1])
    assert (with_number != losses).any(1).all()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    torch.manual_seed(0)
    data = FrameTable(frame(), types=LEARNED, batches_per_epoch=300)
    model = made(data, optimizer=partial(torch.optim.Adam, lr=5e-3))
    trainer(tmp_path_factory.mktemp("run"), limit_val_batches=0).fit(model, data)
    return data, model


def test_samples_keep_the_dependences_of_the_columns(trained):
    data, model = trained
    samples = data.units.frame(data.unscale(model.sample(600)))
    follows = {"a": "p", "b": "q", "c": "q"}
    assert (samples["first"].map(follows) == samples["second"]).mean() > 0.97
    means = samples.groupby("first")["number"].mean()
    assert means.tolist() == pytest.approx([0, 10, 20], abs=1)
    assert samples["first"].value_counts(normalize=True).min() > 0.25


def test_given_cells_stay_and_the_others_follow_from_them(trained):
    data, model = trained
    x = data.units.scale(torch.tensor([[20.0, 0.0, 0.0]]).double()).repeat(400, 1)
    samples = {}
    for name, held in [("number", (True, False, False)), ("second", (False, False, True))]:
        torch.manual_seed(0)
        rows = model.completed(x, torch.tensor(held).expand(400, 3))
        samples[name] = data.units.frame(data.unscale(rows))
    assert (samples["number"]["number"] == 20).all()
    assert (samples["number"]["first"] == "c").mean() > 0.9
    assert (samples["second"]["second"] == "p").all()
    assert (samples["second"]["first"] == "a").mean() > 0.9
    assert samples["second"]["number"].mean() == pytest.approx(0, abs=1.5)


def test_every_weight_gets_a_gradient_from_rows_with_given_cells():
    data = FrameTable(frame(), types=LEARNED)
    data.setup("fit")
    model = made(data)
    model.losses(data.units.scale(data.train.x), data.train.labels)["loss"].backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("columns", [["number"], ["first", "second"]])
def test_tables_of_one_kind_of_columns_are_modelled_too(columns):
    data = FrameTable(
        frame()[columns], types={name: LEARNED[name] for name in columns if name in LEARNED}
    )
    data.setup("fit")
    model = made(data)
    assert model.losses(data.scale(data.train.x), data.train.labels)["loss"].isfinite()
    assert data.unscale(model.sample(5)).shape == (5, len(columns))


def small(num_rows=150):
    """Two numbers whose correlation is 0.9 in one class and -0.9 in the other."""
    random = np.random.default_rng(0)
    kind = np.arange(num_rows) % 2
    first = random.normal(0, 1, num_rows)
    second = (1 - 2 * kind) * 0.9 * first + 0.44 * random.normal(0, 1, num_rows) + 9 * kind
    return pd.DataFrame({"x": first, "y": np.exp(second), "kind": np.where(kind, "v", "u")})


def test_a_small_table_gets_copulas_says_so_and_is_done_after_one_batch(tmp_path):
    data = FrameTable(small(), val_fraction=0.0, batches_per_epoch=50)
    model, run = made(data), trainer(tmp_path, max_epochs=9, limit_val_batches=0)
    with pytest.warns(UserWarning, match="150 rows: a Gaussian copula"):
        run.fit(model, data)
    assert run.fit_loop.total_batch_idx == 0
    samples = data.units.frame(data.unscale(model.sample(4000)))
    for kind, sign in [("u", 1), ("v", -1)]:
        chosen = samples[samples["kind"] == kind]
        assert np.corrcoef(chosen["x"], np.log(chosen["y"]))[0, 1] == pytest.approx(
            0.9 * sign,
            abs=0.15,  # shrunk, as 75 rows ask for
        )
    assert samples["kind"].value_counts(normalize=True)["u"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("num_samples", [0, 1, 7, 100])
def test_labels_of_copulas_are_as_frequent_as_whole_numbers_allow(num_samples):
    model = made(FrameTable(small()))
    model.label_counts.copy_(torch.tensor([30, 120]))
    labels = model.random_labels(num_samples)
    counts = labels.bincount(minlength=2)
    assert counts.sum() == num_samples
    assert ((counts - num_samples * torch.tensor([0.2, 0.8])).abs() < 1).all()


def test_a_small_table_can_have_networks():
    data = FrameTable(small())
    assert made(data, copula_up_to=0).averaged == ("categories", "velocity")
    assert made(data).averaged == ()


def fitted(num_rows=200, seed=0):
    data = FrameTable(small(num_rows), val_fraction=0.0)
    data.setup("fit")
    sampler = GaussianCopula(data.data_shape[0], 2, data.blocks)
    sampler.fit(data.units.scale(data.train.x), data.train.labels)
    return data, sampler


def test_the_same_rows_make_the_same_copulas_and_leave_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first, second = fitted()[1], fitted()[1]
    assert torch.equal(torch.rand(2), expected)
    for name, values in first.state_dict().items():
        assert torch.equal(values, second.state_dict()[name]), name


def test_copulas_come_back_from_their_state():
    data, sampler = fitted()
    other = GaussianCopula(data.data_shape[0], 2, data.blocks)
    with pytest.raises(InputError, match="has not been fitted"):
        other.sample(3)
    other.load_state_dict(copy.deepcopy(sampler.state_dict()))
    drawn = []
    for each in (sampler, other):
        torch.manual_seed(0)
        drawn.append(each.sample(9, torch.arange(9) % 2))
    assert torch.equal(*drawn)


def test_requested_labels_come_in_their_order():
    data, sampler = fitted()
    labels = torch.tensor([1, 0, 0, 1, 1])
    rows = data.unscale(sampler.sample(5, labels))
    assert rows[:, 2].long().tolist() == labels.tolist()


def test_a_label_of_few_rows_borrows_the_correlations_of_all():
    data, sampler = fitted()
    x, labels = data.units.scale(data.train.x), torch.zeros(200, dtype=torch.int64)
    labels[:3] = 1
    sampler.fit(x, labels)
    assert sampler.sample(50, torch.ones(50, dtype=torch.int64)).isfinite().all()


def test_a_bound_that_depends_on_a_category_holds_in_samples_after_few_batches(tmp_path):
    random = np.random.default_rng(0)
    year = random.integers(2000, 2008, 3000)
    bound = 3650 - 365 * (year - 2000)
    days = (bound * (1 - 0.1 * random.random(3000))).round()
    data = FrameTable(pd.DataFrame({"year": year.astype(str), "days": days}), batches_per_epoch=60)
    torch.manual_seed(0)
    model = made(data, optimizer=partial(torch.optim.Adam, lr=5e-3))
    trainer(tmp_path, limit_val_batches=0).fit(model, data)
    samples = data.units.frame(data.unscale(model.sample(1000)))
    bound = 3650 - 365 * (samples["year"].astype(int) - 2000)
    assert ((samples["days"] <= bound + 2) & (samples["days"] >= 0.9 * bound - 2)).mean() > 0.97


def test_networks_draw_from_no_other_sampler():
    data = FrameTable(frame(), types=LEARNED)
    with pytest.raises(InputError, match="draw from no other sampler"):
        made(data).exchange_sampler(GaussianMixture)


def test_a_checkpoint_from_before_conditional_scores_loads():
    data = FrameTable(frame(), types=LEARNED)
    data.setup("fit")
    model = made(data)
    weights = {n: w for n, w in model.state_dict().items() if not n.startswith("sampler.")}
    check_fit(model, data.data_shape, {"hyper_parameters": {}, "state_dict": {**weights}})
    other = made(data)
    other.on_load_checkpoint(checkpoint := {"state_dict": weights})
    other.load_state_dict(checkpoint["state_dict"])
    assert other.sampler_duty() == "rest"
    x = data.units.scale(data.rows[:50])
    assert other.losses(x, data.labels[:50])["loss"].isfinite()


def test_a_checkpoint_with_another_number_of_leaves_is_refused():
    data = FrameTable(frame(), types=LEARNED)
    weights = {**made(data).state_dict(), "sampler.quantiles": torch.zeros(1, 2, 3)}
    with pytest.raises(InputError, match=r"expected sampler.quantiles of shape \[1, 99, 33\]"):
        check_fit(made(data), data.data_shape, {"hyper_parameters": {}, "state_dict": weights})
