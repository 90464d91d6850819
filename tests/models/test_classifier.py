"""The classifier of images learns, is restored and reports exactly how often it is right."""

import json
from functools import partial

import pytest
import torch
from lightning.pytorch import LightningModule
from torch import nn
from torch.nn.functional import cross_entropy

from gan_lightning.data import Digits, TensorLoader
from gan_lightning.errors import InputError
from gan_lightning.models import Classifier
from gan_lightning.networks import AffineJitter, ConvClassifier, ImageClassifier

NETWORK = partial(ConvClassifier, base_channels=8)
ADAM = partial(torch.optim.Adam, lr=5e-3)


def classifier(**options):
    return Classifier((1, 8, 8), 10, **{"network": NETWORK, "optimizer": ADAM, **options})


def test_it_learns_handwritten_digits(quiet_trainer):
    torch.manual_seed(0)
    running = quiet_trainer(max_epochs=5, num_sanity_val_steps=0)
    running.fit(classifier(), Digits(8, batch_size=64))
    assert running.callback_metrics["val/accuracy"] > 0.9


class First(ImageClassifier):
    """Tells the class that an image's first pixel is nearest to."""

    def __init__(self, data_shape, num_classes):
        super().__init__()
        self.num_classes = num_classes
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return -self.weight * (x[:, 0, 0, :1] - torch.arange(self.num_classes)).abs()


def test_accuracy_is_the_exact_share_of_right_answers_whatever_the_batches(quiet_trainer):
    answers = torch.tensor([0, 1, 2, 3, 4, 5, 6])
    labels = torch.tensor([0, 1, 2, 3, 0, 0, 6])  # wrong twice, in batches of 3, 3 and 1
    x = answers.float().reshape(-1, 1, 1, 1).expand(-1, 1, 8, 8)
    batches = TensorLoader(x, labels, batch_size=3)
    model = classifier(network=First)
    for stage, look in [("val", "validate"), ("test", "test")]:
        running = quiet_trainer()
        getattr(running, look)(model, batches, verbose=False)
        found = running.callback_metrics
        assert found.keys() == {f"{stage}/accuracy", f"{stage}/loss"}
        assert found[f"{stage}/accuracy"].item() == pytest.approx(5 / 7)
        expected = cross_entropy(model(x), labels).item()
        assert found[f"{stage}/loss"].item() == pytest.approx(expected)


def test_predict_returns_the_class_of_each_image(quiet_trainer):
    x = torch.tensor([3.0, 7.0]).reshape(2, 1, 1, 1).expand(2, 1, 8, 8)
    batches = TensorLoader(x, torch.zeros(2).long(), batch_size=2)
    (classes,) = quiet_trainer().predict(classifier(network=First), batches)
    assert classes.tolist() == [3, 7]


def test_only_training_images_are_moved(quiet_trainer):
    model, seen = classifier(augmentation=AffineJitter), []
    model.network.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    x, labels = torch.rand(4, 1, 8, 8), torch.arange(4)
    model.log = lambda *args, **kwargs: None
    model.train()
    model.training_step((x, labels), 0)
    model(x)
    model.predict_step((x, labels), 0)
    assert not torch.equal(seen[0], x)
    assert torch.equal(seen[1], x)
    assert torch.equal(seen[2], x)


def test_the_loss_of_training_is_the_cross_entropy():
    model = classifier(network=First)
    model.log = lambda *args, **kwargs: None
    x, labels = torch.rand(5, 1, 8, 8), torch.tensor([0, 1, 2, 3, 9])
    expected = cross_entropy(model(x), labels)
    torch.testing.assert_close(model.training_step((x, labels), 0), expected)


def test_the_schedule_is_stepped_once_an_epoch(quiet_trainer):
    halved = partial(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    batches = TensorLoader(torch.rand(12, 1, 8, 8), torch.arange(12) % 4, batch_size=4)
    running = quiet_trainer(max_epochs=2)
    running.fit(classifier(lr_scheduler=halved), batches)
    assert running.optimizers[0].param_groups[0]["lr"] == pytest.approx(5e-3 / 4)


def test_a_checkpoint_alone_restores_it(quiet_trainer, tmp_path):
    model = classifier(augmentation=partial(AffineJitter, degrees=3.0))
    running, path = quiet_trainer(), tmp_path / "classifier.ckpt"
    running.strategy.connect(model)
    running.save_checkpoint(path, weights_only=True)
    x = torch.rand(3, 1, 8, 8)
    for loader in (LightningModule, Classifier):
        restored = loader.load_from_checkpoint(path, map_location="cpu", weights_only=True)
        assert type(restored) is Classifier
        assert restored.augmentation.degrees == 3.0
        assert torch.equal(restored.eval()(x), model.eval()(x))


def test_its_hyperparameters_are_plain_values():
    hyperparameters = dict(classifier(augmentation=AffineJitter).hparams)
    assert json.loads(json.dumps(hyperparameters)) == hyperparameters
    assert hyperparameters["_class_path"] == "gan_lightning.Classifier"
    assert hyperparameters["network"] == {
        "class_path": "gan_lightning.ConvClassifier",
        "init_args": {"base_channels": 8},
    }
    assert hyperparameters["data_shape"] == [1, 8, 8]


def test_a_network_of_another_kind_is_refused_by_name():
    with pytest.raises(InputError, match=r"network: expected an? ImageClassifier, found Identity"):
        classifier(network=nn.Identity)
