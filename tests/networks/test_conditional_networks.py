"""Networks that receive the label, or predict it."""

from functools import partial

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.networks import (
    AuxiliaryClassifier,
    DCGANDiscriminator,
    DCGANGenerator,
    LabelledDiscriminator,
    LabelledGenerator,
    MLPDiscriminator,
    MLPGenerator,
    ProjectionDiscriminator,
    ResNetDiscriminator,
    ResNetGenerator,
)

NUM_CLASSES = 3
MLP = partial(MLPDiscriminator, hidden_dims=(16,))
DCGAN = partial(DCGANDiscriminator, base_channels=4)
SHAPES = [(4,), (1, 8, 8), (3, 16, 16)]

GENERATORS = [
    (partial(MLPGenerator, latent_dim=20), SHAPES),
    (partial(DCGANGenerator, latent_dim=20, base_channels=4), SHAPES[1:]),
    (partial(ResNetGenerator, latent_dim=20, base_channels=8), SHAPES[1:]),
]
INSIDE = [
    (MLP, SHAPES),
    (DCGAN, SHAPES[1:]),
    (partial(ResNetDiscriminator, base_channels=8, spectral_norm=False), SHAPES[1:]),
]


def each(cases):
    pairs = [
        pytest.param(inside, shape, id=f"{inside.func.__name__}-{shape}")
        for inside, shapes in cases
        for shape in shapes
    ]
    return pytest.mark.parametrize(("inside", "data_shape"), pairs)


every_conditional = pytest.mark.parametrize(
    "make", [LabelledDiscriminator, ProjectionDiscriminator]
)
every_batch = pytest.mark.parametrize("batch", [1, 7])


@pytest.fixture
def labels():
    return torch.tensor([0, 1, 2, 0, 1, 2, 0])


def still(network, outputs):
    """Names of the parameters that no draw of inputs moves."""
    names = {name for name, _ in network.named_parameters()}
    for _ in range(5):
        network.zero_grad()
        outputs().square().sum().backward()
        names &= {n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()}
    return sorted(names)


@each(GENERATORS)
@every_batch
def test_a_labelled_generator_makes_points_and_moves_every_parameter(
    inside, data_shape, batch, labels
):
    network = LabelledGenerator(data_shape, NUM_CLASSES, inside)
    given = labels[:batch]
    assert network.latent_dim == 20 - 16
    assert network(torch.randn(batch, 4), given).shape == (batch, *data_shape)
    assert not still(network, lambda: network(torch.randn(batch, 4), given) + 1)


@each(GENERATORS)
def test_the_same_latent_with_another_label_is_another_point(inside, data_shape):
    network = LabelledGenerator(data_shape, NUM_CLASSES, inside).eval()
    z = torch.randn(1, 4).expand(NUM_CLASSES, 4)
    points = network(z, torch.arange(NUM_CLASSES)).flatten(1)
    assert (torch.cdist(points, points) + torch.eye(NUM_CLASSES)).min() > 0
    same = network(z, torch.ones(NUM_CLASSES, dtype=torch.long)).flatten(1)
    torch.testing.assert_close(same[0], same[2])


def test_a_labelled_generator_is_the_one_inside_on_latent_and_embedding(labels):
    network = LabelledGenerator((4,), NUM_CLASSES, partial(MLPGenerator, latent_dim=20), 5)
    assert network.latent_dim == 15
    z = torch.randn(7, 15)
    together = torch.cat([z, network.embedding.weight[labels]], 1)
    torch.testing.assert_close(network(z, labels), network.generator(together))


@pytest.mark.parametrize("embedding_dim", [0, -1, 20, 21])
def test_an_embedding_that_leaves_no_latent_is_refused(embedding_dim):
    with pytest.raises(InputError, match=f"latent_dim 20, found {embedding_dim}"):
        LabelledGenerator((4,), NUM_CLASSES, partial(MLPGenerator, latent_dim=20), embedding_dim)


@every_conditional
@each(INSIDE)
@every_batch
def test_a_conditional_discriminator_gives_a_logit_each_and_moves_every_parameter(
    make, inside, data_shape, batch
):
    network = make(data_shape, NUM_CLASSES, inside)
    given = torch.arange(batch) % NUM_CLASSES
    logits = network(torch.randn(batch, *data_shape), given)
    assert logits.shape == (batch,)
    assert not still(network, lambda: network(torch.randn(batch, *data_shape), given) + 1)


@every_conditional
@each(INSIDE)
def test_the_logit_of_a_point_depends_on_the_label(make, inside, data_shape):
    network = make(data_shape, NUM_CLASSES, inside).eval()
    x = torch.randn(1, *data_shape).expand(NUM_CLASSES, *data_shape)
    logits = network(x, torch.arange(NUM_CLASSES))
    assert len(logits.unique()) == NUM_CLASSES


@every_conditional
@each(INSIDE)
def test_each_point_is_judged_alone_with_its_own_label(make, inside, data_shape, labels):
    network = make(data_shape, NUM_CLASSES, inside).eval()
    x = torch.randn(7, *data_shape)
    alone = [network(x[i : i + 1], labels[i : i + 1]) for i in range(7)]
    torch.testing.assert_close(network(x, labels), torch.cat(alone))


def test_a_labelled_discriminator_is_the_one_inside_on_the_point_beside_the_labels_plane(labels):
    network = LabelledDiscriminator((1, 8, 8), NUM_CLASSES, DCGAN).eval()
    x = torch.randn(7, 1, 8, 8)
    together = torch.cat([x, network.planes[labels]], 1)
    assert together.shape == (7, 2, 8, 8)
    torch.testing.assert_close(network(x, labels), network.discriminator(together))


@each(INSIDE)
def test_a_projection_discriminator_is_its_formula(inside, data_shape, labels):
    network = ProjectionDiscriminator(data_shape, NUM_CLASSES, inside).eval()
    x = torch.randn(7, *data_shape)
    features = network.discriminator.features(x)
    expected = network.discriminator(x) + torch.stack(
        [network.embedding.weight[label] @ f for label, f in zip(labels, features, strict=True)]
    )
    torch.testing.assert_close(network(x, labels), expected)


@each(INSIDE)
def test_without_embeddings_a_projection_is_the_discriminator_inside(inside, data_shape, labels):
    network = ProjectionDiscriminator(data_shape, NUM_CLASSES, inside).eval()
    nn.init.zeros_(network.embedding.weight)
    x = torch.randn(7, *data_shape)
    torch.testing.assert_close(network(x, labels), network.discriminator(x))


@each(INSIDE)
def test_an_auxiliary_classifier_judges_source_and_class_of_the_same_features(inside, data_shape):
    network = AuxiliaryClassifier(data_shape, NUM_CLASSES, inside).eval()
    x = torch.randn(7, *data_shape)
    logits, class_logits = network.judge(x)
    assert class_logits.shape == (7, NUM_CLASSES)
    torch.testing.assert_close(logits, network.discriminator(x))
    torch.testing.assert_close(logits, network(x))
    features = network.discriminator.features(x)
    torch.testing.assert_close(
        class_logits, features @ network.classifier.weight.T + network.classifier.bias
    )
