"""Labels of several digits share the vectors of their digits."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from gan_lightning.errors import InputError
from gan_lightning.networks import (
    DCGANDiscriminator,
    LabelledGenerator,
    MLPGenerator,
    ProjectionDiscriminator,
)
from gan_lightning.networks.label_embedding import SumOfParts, label_embedding, tables


def test_a_label_is_the_sum_of_its_digits():
    embedding = SumOfParts(24, 5, [2, 3, 4])
    ones, threes, fours = (table.weight for table in embedding.tables)
    labels = torch.tensor([0, 23, 1 * 12 + 0 * 4 + 3])
    expected = [(0, 0, 0), (1, 2, 3), (1, 0, 3)]
    for vector, (a, b, c) in zip(embedding(labels), expected, strict=True):
        torch.testing.assert_close(vector, ones[a] + threes[b] + fours[c])


def test_its_numbers_have_the_variance_of_an_embedding_without_parts():
    vectors = SumOfParts(1000, 200, [10, 10, 10])(torch.arange(1000))
    assert 0.85 < vectors.var().item() < 1.15


@pytest.mark.parametrize("parts", [[], [10, 10], [-10, -100], [0, 10]])
def test_parts_that_do_not_make_up_the_labels_are_refused(parts):
    with pytest.raises(InputError, match=r"product is the number of labels, 1000; found \["):
        label_embedding(1000, 4, parts)


def test_without_parts_each_label_has_its_own():
    assert isinstance(label_embedding(7, 4), nn.Embedding)
    names = set(LabelledGenerator((2,), 7).state_dict())
    assert "embedding.weight" in names


def test_generator_and_discriminator_learn_every_digit():
    shape, labels = (3, 28, 28), torch.tensor([7, 119, 642, 999])
    generator = LabelledGenerator(shape, 1000, partial(MLPGenerator, latent_dim=20), 4, [10] * 3)
    judge = ProjectionDiscriminator(
        shape, 1000, partial(DCGANDiscriminator, base_channels=2, spectral_norm=True), [10] * 3
    )
    judge(generator(torch.randn(4, generator.latent_dim), labels), labels).sum().backward()
    for network in (generator, judge):
        found = tables(network.embedding)
        assert len(found) == 3
    moved = [int((t.weight.grad.norm(dim=1) > 0).sum()) for t in tables(generator.embedding)]
    assert moved == [4, 4, 3]  # hundreds 0, 1, 6, 9; tens 0, 1, 4, 9; ones 7, 9, 2, 9
    assert all(is_parametrized(table, "weight") for table in tables(judge.embedding))
