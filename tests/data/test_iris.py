"""Iris against what is known about the flowers."""

import pytest
import torch
from sklearn.datasets import load_iris

from gan_lightning.data import Iris
from gan_lightning.errors import InputError

SPECIES = ["setosa", "versicolor", "virginica"]


def iris(**kwargs):
    module = Iris(**kwargs)
    module.setup("fit")
    return module


def rows_of(module, *splits):
    return torch.cat([module.unscale(getattr(module, split).x) for split in splits])


def as_multiset(rows):
    return sorted(map(tuple, rows.tolist()))


def test_there_are_150_flowers_fifty_of_each_species():
    module = iris(val_fraction=0.0)
    assert len(module.train.x) == 150
    assert module.train.labels.bincount().tolist() == [50, 50, 50]


def test_the_petals_of_setosa_are_1_462_centimetres_long_on_average():
    module = iris(val_fraction=0.0)
    setosa = rows_of(module, "train")[module.train.labels == 0]
    assert setosa[:, 2].mean().item() == pytest.approx(1.462)


def test_unscaled_rows_are_the_original_ones():
    module = iris(val_fraction=0.0)
    assert torch.equal(rows_of(module, "train"), torch.from_numpy(load_iris().data))
    assert torch.equal(module.train.labels, torch.from_numpy(load_iris().target))


@pytest.mark.parametrize("test_fraction", [0.1, 0.3])
def test_the_splits_together_are_the_original_rows_once_each(test_fraction):
    module = iris(test_fraction=test_fraction)
    rows = rows_of(module, "train", "val", "test")  # two flowers are equal: sets would hide one
    assert as_multiset(rows) == as_multiset(torch.from_numpy(load_iris().data))


def test_the_split_is_stratified():
    module = iris(val_fraction=0.3, test_fraction=0.2)
    assert module.train.labels.bincount().tolist() == [25, 25, 25]
    assert module.val.labels.bincount().tolist() == [15, 15, 15]
    assert module.test.labels.bincount().tolist() == [10, 10, 10]


def test_the_same_split_seed_gives_the_same_split_and_another_another():
    first, same, other = (iris(split_seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.val.x, same.val.x)
    assert as_multiset(rows_of(first, "val")) != as_multiset(rows_of(other, "val"))


def test_the_scaler_knows_training_rows_only():
    module = Iris()
    module.setup("fit")
    before = module.train.x.clone()
    training = set(as_multiset(module.unscale(before)))
    held_out = [i for i, row in enumerate(module.rows.tolist()) if tuple(row) not in training]
    module.rows[held_out] += 100
    module.setup("fit")
    assert torch.equal(module.train.x, before)
    assert module.val.x.max() > 10  # the change is seen where it belongs


def test_the_scaled_training_rows_fill_minus_one_to_one():
    x = iris().train.x
    assert x.min(0).values.tolist() == [-1] * 4
    assert x.max(0).values.tolist() == [1] * 4


def test_generated_centimetres_are_rounded_to_the_datas_tenth():
    rows = iris().unscale(torch.rand(20, 4) * 2 - 1)
    torch.testing.assert_close(rows * 10, (rows * 10).round(), rtol=0, atol=1e-9)


def test_no_decimals_leaves_generated_centimetres_unrounded():
    x = torch.linspace(-1, 1, 24).reshape(6, 4)
    module, rounded = iris(decimals=None), iris(decimals=1)
    fine, coarse = module.unscale(x), rounded.unscale(x)
    assert ((fine * 10) % 1).abs().max() > 0.1
    assert (fine - coarse).abs().max() <= 0.05 + 1e-9
    assert (fine - coarse).abs().max() > 0


def test_a_single_chosen_species_has_label_zero():
    module = iris(species=["versicolor"], val_fraction=0.0)
    assert module.num_classes == 1
    assert module.train.labels.tolist() == [0] * 50
    assert torch.equal(rows_of(module, "train"), torch.from_numpy(load_iris().data[50:100]))


def test_labels_count_the_chosen_species_in_their_order():
    module = iris(species=["virginica", "setosa"], val_fraction=0.0)
    data = torch.from_numpy(load_iris().data)
    rows = rows_of(module, "train")
    assert module.num_classes == 2
    assert as_multiset(rows[module.train.labels == 0]) == as_multiset(data[100:])
    assert as_multiset(rows[module.train.labels == 1]) == as_multiset(data[:50])


@pytest.mark.parametrize("species", [None, ["virginica", "setosa"], ["setosa"]])
def test_the_species_column_is_the_label(species):
    module = iris(species=species, species_column=True)
    count = len(species or SPECIES)
    assert module.data_shape == (4 + count,)
    assert module.columns[-1].categories == tuple(species or SPECIES)
    for split in (module.train, module.val):
        assert module.unscale(split.x)[:, 4].tolist() == split.labels.tolist()
        assert split.x[:, 4:].argmax(1).tolist() == split.labels.tolist()


def test_without_the_species_column_a_row_has_four_numbers():
    assert Iris().data_shape == (4,)


def test_written_rows_carry_centimetres_and_species(tmp_path):
    module = iris(species_column=True, val_fraction=0.0)
    module.write(rows_of(module, "train")[:1], tmp_path / "iris.csv")
    assert (tmp_path / "iris.csv").read_text(encoding="utf-8").splitlines() == [
        "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm),species",
        "5.1,3.5,1.4,0.2,setosa",
    ]


@pytest.mark.parametrize(("typo", "meant"), [("setoso", "setosa"), ("Virginica", "virginica")])
def test_an_unknown_species_is_refused_with_the_nearest_name(typo, meant):
    with pytest.raises(InputError, match=f"species: '{typo}'.* Did you mean '{meant}'"):
        Iris(species=["versicolor", typo])


def test_a_species_like_no_other_is_refused_with_all_names():
    with pytest.raises(InputError, match=f"'xyz' is none of {', '.join(SPECIES)}"):
        Iris(species=["xyz"])


@pytest.mark.parametrize("species", [[], ["setosa", "setosa"]])
def test_no_species_and_one_twice_are_refused(species):
    with pytest.raises(InputError, match=r"expected different names .*setosa.*found"):
        Iris(species=species)


@pytest.mark.parametrize(("val", "test"), [(-0.1, 0.0), (0.5, 0.5), (0.0, 1.0), (1.2, 0.0)])
def test_impossible_shares_are_refused_before_setup(val, test):
    with pytest.raises(InputError, match=f"val_fraction and test_fraction .* {val} and {test}"):
        Iris(val_fraction=val, test_fraction=test)


@pytest.mark.parametrize(("val", "test"), [(0.99, 0.0), (0.495, 0.495)])
def test_shares_that_round_to_no_training_row_are_refused(val, test):
    with pytest.raises(InputError, match="training"):
        Iris(val_fraction=val, test_fraction=test).setup("fit")


def test_negative_decimals_are_refused():
    with pytest.raises(InputError, match="decimals"):
        Iris(decimals=-1)


def test_no_length_comes_out_below_what_the_ruler_shows():
    data = Iris()
    data.setup("fit")
    assert data.unscale(torch.full((1, 4), -5.0)).tolist() == [[0.1] * 4]


@pytest.mark.parametrize(
    ("fractions", "val", "test"),
    [
        (
            (0.0, 0.0),
            "150 training points (none are held out)",
            "150 training points (none are held out)",
        ),
        ((0.3, 0.0), "45 validation points", "45 validation points"),
        ((0.2, 0.1), "30 validation points", "15 test points"),
    ],
)
def test_the_protocol_names_what_samples_are_compared_with(fractions, val, test):
    data = Iris(val_fraction=fractions[0], test_fraction=fractions[1])
    data.setup("fit")
    assert data.described("val") == val
    assert data.described("test") == test
