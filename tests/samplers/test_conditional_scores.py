"""Numbers have normal scores within the leaf of a tree over the categories."""

import pytest
import torch

from gan_lightning.errors import InputError
from gan_lightning.networks.rows import RowLayout
from gan_lightning.samplers import ConditionalScores
from gan_lightning.samplers.conditional_scores import REACH, interpolated

BLOCKS = (1, 3, 2, 1)
LAYOUT = RowLayout(BLOCKS, sum(BLOCKS))


def rows(num_rows=3000, rare=0):
    """The first category bounds the first number from above; nothing tells of the second."""
    torch.manual_seed(0)
    codes = torch.stack([torch.randint(0, 3, (num_rows,)), torch.randint(0, 2, (num_rows,))], 1)
    codes[:rare, 0] = 2
    codes[rare:, 0].clamp_(max=1 if rare else 2)
    bound = codes[:, 0] - 1.0
    values = torch.stack([bound - torch.rand(num_rows), torch.randn(num_rows)], 1)
    return LAYOUT.joined(values, codes), values, codes


def fitted(x):
    sampler = ConditionalScores(x.shape[1], BLOCKS)
    sampler.fit(x)
    return sampler


def test_a_bound_that_depends_on_a_category_is_the_same_score_in_every_level():
    x, values, codes = rows()
    scores = fitted(x).scored(values, codes)[:, 0]
    for level in range(3):
        within = scores[codes[:, 0] == level]
        assert within.max() == pytest.approx(REACH, abs=0.2)
        assert within.mean() == pytest.approx(0, abs=0.05)
        assert within.std() == pytest.approx(1, abs=0.05)


def test_a_number_of_which_no_category_tells_keeps_its_score():
    x, values, codes = rows()
    assert torch.allclose(fitted(x).scored(values, codes)[:, 1], values[:, 1], atol=1e-5)


def test_categories_of_few_rows_share_a_leaf_with_another():
    def leaves(rare):
        x, _, codes = rows(rare=rare)
        return fitted(x).trees(codes)[:, 0].unique()

    assert len(leaves(59)) == 2
    assert len(leaves(60)) == 3


def test_the_way_back_ends_where_it_began_even_beyond_the_known_values():
    x, values, codes = rows()
    values = torch.cat([values, values + 3, values.new_zeros(3000, 2)])
    codes = codes.repeat(3, 1)
    sampler = fitted(x)
    back = sampler.unscored(sampler.scored(values, codes), codes)
    assert torch.allclose(back, values, atol=1e-3)


def test_values_that_many_rows_share_do_not_break_the_way_back():
    codes = rows()[2]
    values = torch.stack([codes[:, 0].float(), torch.zeros(3000)], 1)
    sampler = fitted(LAYOUT.joined(values, codes))
    scores = sampler.scored(values, codes)
    assert scores.isfinite().all()
    assert torch.allclose(sampler.unscored(scores, codes), values, atol=1e-3)


def test_before_a_fit_and_without_categories_scores_are_those_of_the_columns():
    _, values, codes = rows()
    sampler = ConditionalScores(7, BLOCKS)
    assert torch.allclose(sampler.scored(values, codes), values, atol=1e-5)
    alone = ConditionalScores(2, (1, 1))
    alone.fit(values)
    assert torch.equal(alone.scored(values, codes[:, :0]), values)


def test_a_fit_leaves_random_numbers_alone_and_comes_back_from_its_state():
    x, values, codes = rows()
    before = torch.get_rng_state()
    sampler = fitted(x)
    assert torch.equal(torch.get_rng_state(), before)
    other = ConditionalScores(7, BLOCKS)
    other.load_state_dict(sampler.state_dict())
    assert torch.equal(other.scored(values, codes), sampler.scored(values, codes))


def test_the_state_of_a_model_from_before_draws_as_it_did_and_is_not_fitted_again():
    _, values, codes = rows()
    sampler, state = ConditionalScores(7, BLOCKS), {}
    sampler.complete(state)
    sampler.load_state_dict(state)
    assert sampler.fitted
    assert torch.allclose(sampler.scored(values, codes), values, atol=1e-5)


def test_the_state_of_a_model_whose_numbers_had_one_category_each_draws_as_it_did():
    _, values, codes = rows()
    quantiles = torch.randn(2, 3, 33).sort().values
    state = {"x.parents": torch.tensor([0, 1]), "x.quantiles": quantiles.clone()}
    sampler = ConditionalScores(7, BLOCKS)
    sampler.complete(state, "x.")
    sampler.load_state_dict({name.removeprefix("x."): weight for name, weight in state.items()})
    known = quantiles[torch.arange(2), codes[:, [0, 1]]]
    grid = torch.linspace(-REACH, REACH, 33).expand_as(known)
    assert torch.equal(sampler.scored(values, codes), interpolated(values, known, grid))


@pytest.mark.parametrize("part", ["columns", "branches"])
def test_trees_that_lead_nowhere_are_refused(part):
    sampler = ConditionalScores(7, BLOCKS)
    state = sampler.state_dict()
    state[f"trees.{part}"] = state[f"trees.{part}"] - 1
    with pytest.raises(InputError, match=f"damaged: trees.{part}"):
        sampler.complete(state)


def test_beyond_the_knots_lines_rise_by_one():
    knots = torch.tensor([0.0, 1, 3]).expand(4, 3)
    found = interpolated(torch.tensor([-1.0, 0.5, 2, 4]), knots, 2 * knots.square())
    assert found.tolist() == [-1, 1, 10, 19]
