"""Trees ask for the categories that tell of a number."""

import math

import pytest
import torch

from gan_lightning.samplers.category_trees import MOST_LEVELS, CategoryTrees, nats_told


def drawn(num_rows, *sizes):
    torch.manual_seed(0)
    return torch.stack([torch.randint(0, size, (num_rows,)) for size in sizes], 1)


def test_an_interaction_of_two_categories_has_a_leaf_for_each_outcome():
    codes = drawn(4000, 2, 3, 4)
    same = (codes[:, 0] == 1) & (codes[:, 1] == 2)
    values = torch.stack([same + 0.01 * torch.rand(4000), torch.rand(4000)], 1).double()
    trees = CategoryTrees(2)
    trees.grow(values, codes, [2, 3, 4])
    leaves = trees(codes)
    assert not set(leaves[same, 0].tolist()) & set(leaves[~same, 0].tolist())
    assert leaves[:, 1].unique().tolist() == [0]  # nothing tells of the second number


def test_unordered_categories_are_told_apart_by_one_question():
    codes = drawn(4000, 12)
    odd = codes % 2 == 1
    trees = CategoryTrees(1)
    trees.grow((odd + 0.01 * torch.rand(4000, 1)).double(), codes, [12])
    leaves = trees(codes)
    assert len(leaves.unique()) == 2
    assert len(leaves[odd].unique()) == len(leaves[~odd].unique()) == 1


def test_trees_grown_anew_forget_what_they_were():
    codes = drawn(2000, 3)
    trees = CategoryTrees(1)
    trees.grow(codes.double() + 0.01 * torch.rand(2000, 1), codes, [3])
    assert len(trees(codes).unique()) == 3
    trees.grow(torch.rand(2000, 1).double(), codes, [3])
    assert trees(codes).unique().tolist() == [0]


def test_many_categories_are_never_asked_for_and_unknown_ones_find_a_leaf():
    size = MOST_LEVELS + 1
    codes = drawn(8000, size, 3)
    trees = CategoryTrees(1)
    trees.grow(codes[:, [0]].double() + torch.rand(8000, 1), codes, [size, 3])
    assert trees(codes).unique().tolist() == [0]
    trees.grow(codes[:, [1]].double() + torch.rand(8000, 1), codes, [size, 3])
    assert trees(torch.tensor([[2000, 0], [0, 1], [0, 2]])).unique().numel() == 3


@pytest.mark.parametrize("size", [2, 7, MOST_LEVELS])
def test_a_tree_that_asks_for_each_category_has_as_many_leaves(size):
    trees = CategoryTrees(2)
    leaves = trees.split(1, 0, size)
    assert trees(torch.arange(size)[:, None]).tolist() == [[0, leaf] for leaf in leaves]
    assert len({*leaves}) == size


def test_what_categories_tell_is_their_mutual_information():
    codes = drawn(100_000, 4, 4)
    bins = (5 * codes[:, [0]] + torch.randint(0, 5, (100_000, 1))).clamp(0, 19)
    told = nats_told(bins, codes, [4, 4])
    assert told[0, 0] == pytest.approx(math.log(4), abs=0.01)
    assert told[0, 1] == pytest.approx(0, abs=0.001)
