"""How networks are built for given data."""

import importlib
from functools import partial

import pytest
import torch

from gan_lightning import networks
from gan_lightning.errors import InputError
from gan_lightning.networks import (
    Discriminator,
    Encoder,
    Generator,
    InstanceNoise,
    LabelledDiscriminator,
    LabelledEncoder,
    LabelledGenerator,
    MLPDiscriminator,
    MLPGenerator,
    ProjectionDiscriminator,
    built,
    class_of,
    conditioned,
)


class Alone(Discriminator):
    """Its forward takes points and nothing else."""

    def __init__(self, data_shape):
        super().__init__()
        self.line = torch.nn.Linear(data_shape[0], 1)

    def forward(self, x):
        return self.line(x).flatten(0)


def test_a_network_that_is_already_built_is_taken_as_it_is():
    network = MLPGenerator((2,))
    assert built("generator", Generator, network, (4,), num_classes=3) is network


@pytest.mark.parametrize(
    "make",
    [MLPGenerator, partial(MLPGenerator, latent_dim=5), lambda shape: MLPGenerator(shape)],
    ids=["class", "partial", "function"],
)
def test_makers_without_labels_receive_only_the_shape(make):
    network = built("generator", Generator, make, (1, 2, 3), num_classes=3)
    assert network(torch.randn(4, network.latent_dim)).shape == (4, 1, 2, 3)
    assert network.num_classes is None


def make_by_function(data_shape, num_classes=None):
    return LabelledGenerator(data_shape, num_classes, embedding_dim=2)


@pytest.mark.parametrize(
    "make",
    [LabelledGenerator, partial(LabelledGenerator, embedding_dim=7), make_by_function],
    ids=["class", "partial", "function"],
)
def test_makers_with_a_parameter_of_that_name_receive_the_number_of_labels(make):
    network = built("generator", Generator, make, (2,), num_classes=3)
    assert network.num_classes == network.embedding.num_embeddings == 3


def test_a_makers_own_number_of_labels_is_kept_where_the_data_have_none():
    network = built("generator", Generator, partial(LabelledGenerator, num_classes=3), (2,))
    assert network.num_classes == 3


def test_an_encoder_receives_the_length_of_its_codes_and_the_number_of_labels():
    network = built("encoder", Encoder, LabelledEncoder, (2,), 5, num_classes=3)
    assert network(torch.randn(4, 2), torch.tensor([0, 1, 2, 0])).shape == (4, 5)


@pytest.mark.parametrize("make", [LabelledGenerator, LabelledDiscriminator])
def test_networks_that_need_labels_are_refused_in_a_sentence_where_there_are_none(make):
    with pytest.raises(InputError) as error:
        built("network", torch.nn.Module, make, (2,))
    assert str(error.value) == (
        f"{make.__name__} needs the number of labels, num_classes, which the data module supplies "
        "and a program passes to the model; found None."
    )


@pytest.mark.parametrize("make", [MLPDiscriminator, MLPDiscriminator((2,)), torch.nn.Identity])
def test_a_network_of_another_kind_is_refused_with_its_role(make):
    with pytest.raises(InputError, match=r"judge: expected a Generator, found \w+, which is not"):
        built("judge", Generator, make, (2,))


def test_the_class_behind_partials_is_found():
    twice = partial(partial(MLPGenerator, latent_dim=3), hidden_dims=(4,))
    assert class_of(twice) is class_of(partial(MLPGenerator)) is class_of(MLPGenerator)
    assert class_of(make_by_function) is make_by_function


def test_only_a_network_with_labels_receives_them():
    x, labels = torch.randn(3, 2), torch.tensor([1, 0, 2])
    network = Alone((2,))
    assert torch.equal(conditioned(network, x, labels), network(x))
    told = ProjectionDiscriminator((2,), 3)
    assert torch.equal(conditioned(told, x, labels), told(x, labels))
    assert not torch.equal(conditioned(told, x, labels), conditioned(told, x, labels.flip(0)))


def test_instance_noise_passes_labels_on_to_what_it_holds():
    plain = built("noise", Discriminator, InstanceNoise, (2,), num_classes=3)
    assert plain.num_classes is None
    make = partial(InstanceNoise, discriminator=LabelledDiscriminator)
    network = built("noise", Discriminator, make, (2,), num_classes=3).eval()
    assert network.num_classes == 3
    x, labels = torch.randn(3, 2), torch.tensor([1, 0, 2])
    assert torch.equal(network(x, labels), network.discriminator(x, labels))


@pytest.mark.parametrize("kind", ["Generator", "Discriminator", "Encoder", "Decoder"])
def test_the_old_name_of_a_contract_is_answered_with_the_new_one(kind):
    with pytest.raises(ImportError) as error:
        getattr(importlib.import_module("gan_lightning.networks"), f"Conditional{kind}")
    assert str(error.value) == (
        f"Conditional{kind} is now {kind}, whose forward takes labels as well: set num_classes on "
        "it."
    )


def test_unknown_names_are_not_attributes():
    for name in ("ConditionalNonsense", "Nonsense"):
        assert not hasattr(networks, name)
