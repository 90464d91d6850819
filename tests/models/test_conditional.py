"""Conditional models draw labels as frequent as those that they were trained on."""

from functools import partial

import pytest
import torch

from gan_lightning.models import ACGAN, ConditionalGAN
from gan_lightning.networks import (
    AuxiliaryClassifier,
    LabelledDiscriminator,
    LabelledGenerator,
    MLPDiscriminator,
    MLPGenerator,
)

SGD = partial(torch.optim.SGD, lr=1e-3)


@pytest.fixture(params=[ConditionalGAN, ACGAN])
def make(request):
    judge = AuxiliaryClassifier if request.param is ACGAN else LabelledDiscriminator
    return lambda num_classes=4: request.param(
        (2,),
        num_classes=num_classes,
        generator=partial(
            LabelledGenerator,
            generator=partial(MLPGenerator, latent_dim=6, hidden_dims=[8]),
            embedding_dim=3,
        ),
        discriminator=partial(judge, discriminator=partial(MLPDiscriminator, hidden_dims=[8])),
        g_optimizer=SGD,
        d_optimizer=SGD,
    )


def test_labels_of_training_are_counted(make, fit):
    model = make()
    assert model.label_counts.tolist() == [0, 0, 0, 0]
    fit(model, max_epochs=3)
    assert model.label_counts.tolist() == [12, 12, 12, 12]  # three times sixteen points
    assert model.label_counts.dtype == torch.int64


def frequencies(model, num_samples=20_000):
    labels = model.random_labels(num_samples)
    assert labels.shape == (num_samples,)
    assert labels.dtype == torch.int64
    return labels.bincount(minlength=model.num_classes) / num_samples


def test_random_labels_are_as_frequent_as_those_of_training(make):
    model = make()
    model.label_counts.copy_(torch.tensor([600, 300, 100, 0]))
    found, expected = frequencies(model), torch.tensor([0.6, 0.3, 0.1, 0.0])
    # Five standard deviations of a share of 20 000.
    assert ((found - expected).abs() <= 5 * (expected * (1 - expected) / 20_000).sqrt()).all()


def test_before_training_all_labels_are_as_frequent(make):
    found = frequencies(make())
    assert ((found - 1 / 4).abs() <= 5 * (0.25 * 0.75 / 20_000) ** 0.5).all()


def test_the_counts_are_in_the_checkpoint(make, fit, tmp_path):
    model, path = make(), tmp_path / "model.ckpt"
    fit(model, max_epochs=1).save_checkpoint(path, weights_only=True)
    restored = type(model).load_from_checkpoint(path, map_location="cpu", weights_only=True)
    assert restored.label_counts.tolist() == [4, 4, 4, 4]


def test_samples_have_the_random_labels(make):
    model = make()
    model.label_counts.copy_(torch.tensor([0, 0, 5, 0]))
    asked = []
    model.generator.register_forward_pre_hook(lambda _, arguments: asked.append(arguments[1]))
    assert model.sample(7).shape == (7, 2)
    assert asked[0].tolist() == [2] * 7
