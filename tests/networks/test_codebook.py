"""A generator that chooses one of many learned codes."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.networks import Codebook, LabelledGenerator, MLPGenerator

inside = partial(MLPGenerator, latent_dim=3, hidden_dims=[8], output=nn.Identity)


@pytest.mark.parametrize("data_shape", [(2,), (1, 4, 4)])
def test_a_point_becomes_the_code_of_the_nearest_key_if_little_is_blurred(data_shape):
    codebook = Codebook(data_shape, inside, num_codes=5, reach=2.0, blur=0.01)
    nn.init.normal_(codebook.codes)
    z = torch.randn(7, 3)
    points = codebook.generator(z).flatten(1)
    expected = 2.0 * codebook.codes[torch.cdist(points, 2.0 * codebook.keys).argmin(1)]
    torch.testing.assert_close(codebook(z).flatten(1), expected, atol=1e-3, rtol=0)


def test_half_way_between_two_keys_a_point_becomes_the_middle_of_their_codes():
    codebook = Codebook((2,), inside, num_codes=2, blur=0.3)
    nn.init.zeros_(codebook.generator.layers[-3].weight)
    middle = codebook.keys.mean(0)
    codebook.generator.layers[-3].bias.data = middle.detach()
    nn.init.normal_(codebook.codes)
    torch.testing.assert_close(codebook(torch.randn(1, 3))[0], codebook.codes.mean(0))


def test_each_cell_of_a_grid_has_a_code_at_first():
    codes = Codebook((2,), inside, num_codes=400).codes  # in units of their reach
    cells = (5 * (codes + 1)).floor().long()
    assert ((cells >= 0) & (cells < 10)).all()
    assert len((10 * cells[:, 0] + cells[:, 1]).unique()) == 100


def test_the_generator_inside_may_know_labels():
    codebook = Codebook((2,), partial(LabelledGenerator, embedding_dim=4), num_classes=3)
    assert codebook.num_classes == 3
    points = codebook(torch.zeros(3, codebook.latent_dim), torch.arange(3))
    assert torch.pdist(points).min() > 0


@pytest.mark.parametrize("wrong", [{"reach": 0.0}, {"blur": -1.0}, {"blur": float("nan")}])
def test_a_reach_or_blur_that_is_no_positive_number_is_refused(wrong):
    with pytest.raises(InputError, match="Codebook: reach and blur must be positive, found"):
        Codebook((2,), **wrong)
