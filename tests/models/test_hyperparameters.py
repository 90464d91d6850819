"""Models built in Python leave checkpoints that load safely."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.losses import R1, FiniteDifference, NonSaturatingLoss
from gan_lightning.models import GAN, R3GAN
from gan_lightning.models.hyperparameters import describe
from gan_lightning.networks import AdaptiveAugment, MLPDiscriminator, MLPGenerator
from gan_lightning.schedules import Cosine, Linear


class Scaled:
    """An object that keeps its argument."""

    def __init__(self, factor: float) -> None:
        self.factor = factor


class Forgetful:
    """An object that does not."""

    def __init__(self, factor: float) -> None:
        self.doubled = 2 * factor


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "text", [1, 2], {"a": [None, 1.5]}])
def test_plain_values_stay_as_they_are(value):
    assert describe(value, "x") == value


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (torch.tensor(0.25), 0.25),
        (torch.tensor(7), 7),
        ([np.float64(1.5), torch.tensor(2)], [1.5, 2]),
    ],
)
def test_numbers_of_numpy_and_of_pytorch_become_plain_ones(value, number):
    found = describe(value, "x")
    assert found == number
    assert type(found) is type(number)
    assert json.loads(json.dumps(found)) == number


def test_a_tensor_of_several_numbers_is_refused_by_name():
    with pytest.raises(InputError, match="scale: a checkpoint cannot restore"):
        describe(torch.zeros(2), "scale")


def test_classes_and_objects_become_what_yaml_holds_in_their_place():
    betas = partial(torch.optim.Adam, lr=0.1, betas=(0.5, 0.9))
    adam = {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.1, "betas": [0.5, 0.9]}}
    assert describe(betas, "x") == adam
    assert describe(nn.Tanh, "x") == {"class_path": "torch.nn.Tanh"}
    loss = {
        "class_path": "gan_lightning.NonSaturatingLoss",
        "init_args": {"label_smoothing": 0.0},
    }
    assert describe(NonSaturatingLoss(), "x") == loss
    assert describe(Scaled(2.0), "x")["init_args"] == {"factor": 2.0}


@pytest.mark.parametrize("value", [lambda shape: MLPGenerator(shape), Forgetful(1.0), len])
def test_what_no_checkpoint_could_restore_is_refused_by_name(value):
    with pytest.raises(InputError, match="generator: a checkpoint cannot restore"):
        describe(value, "generator")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "make",
    [
        lambda: GAN((3,)),
        lambda: GAN((3,), loss=NonSaturatingLoss(), g_optimizer=torch.optim.SGD, n_critic=2),
        lambda: R3GAN(
            (3,),
            generator=partial(MLPGenerator, latent_dim=2, hidden_dims=(4,), output=nn.Identity),
            discriminator=partial(
                MLPDiscriminator, activation=partial(nn.LeakyReLU, negative_slope=0.2)
            ),
            gamma=0.3,
            g_optimizer=partial(torch.optim.Adam, lr=1e-5, betas=(0.0, 0.9)),
            lr_scheduler=partial(torch.optim.lr_scheduler.StepLR, step_size=5),
        ),
        lambda: GAN(
            (3,),
            penalties=[R1(Linear(2.0, 1.0, 100), every=4), FiniteDifference("fake", std=0.1)],
            lr_scheduler=Linear(1.0, 0.0, 5000),
            beta2=Cosine(0.9, 0.99, 1000),
            micro_batches=2,
        ),
        lambda: GAN((1, 8, 8), augmentation=AdaptiveAugment(["cutout"], points=1000)),
        lambda: GAN((3,), n_critic=np.int64(2), loss=NonSaturatingLoss(torch.tensor(0.25))),
    ],
)
def test_a_model_built_in_python_is_restored_from_its_checkpoint_alone(make, tmp_path):
    model, path = make(), tmp_path / "model.ckpt"
    trainer = Trainer(
        accelerator="cpu", logger=False, enable_model_summary=False, default_root_dir=tmp_path
    )
    trainer.strategy.connect(model)
    trainer.save_checkpoint(path, weights_only=True)
    for loader in (LightningModule, type(model)):
        restored = loader.load_from_checkpoint(path, map_location="cpu", weights_only=True)
        assert type(restored) is type(model)
        assert restored.n_critic == model.n_critic
        assert restored.micro_batches == model.micro_batches
        for found, penalty in zip(restored.penalties, model.penalties, strict=True):
            assert type(found) is type(penalty)
            assert (found.every, found.weight_at(50)) == (penalty.every, penalty.weight_at(50))
        assert type(restored.augmentation) is type(model.augmentation)
        assert type(restored.beta2) is type(model.beta2)
        torch.manual_seed(1)
        expected = model.sample(4)
        torch.manual_seed(1)
        assert torch.equal(restored.sample(4), expected)
        ours = restored.g_optimizer(restored.generator.parameters())
        theirs = model.g_optimizer(model.generator.parameters())
        assert type(ours) is type(theirs)
        assert ours.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]
