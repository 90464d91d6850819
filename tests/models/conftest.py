"""What the tests of models share."""

from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Callback
from torch import nn

from gan_lightning.data import TensorLoader


@pytest.fixture
def fit(quiet_trainer):
    """Train a model on sixteen points in the plane with labels 0 … 3, by default 2 × 2 batches."""

    def fit(model, *callbacks, batch_size=8, ckpt_path=None, **settings):
        loader = TensorLoader(torch.randn(16, 2), torch.arange(16) % 4, batch_size, seed=0)
        trainer = quiet_trainer(*callbacks, **{"max_epochs": 2, **settings})
        trainer.fit(model, loader, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    return fit


@pytest.fixture
def at_batch():
    """Put a model before one batch of a run, so that it returns what both players minimise."""

    def at_batch(model, index=0):
        model.trainer = SimpleNamespace(fit_loop=SimpleNamespace(total_batch_idx=index))
        return model

    return at_batch


class UpdateCounter(Callback):
    """Compares each player's weights before and after each batch."""

    def __init__(self):
        self.d_updates = self.g_updates = 0

    def on_train_batch_start(self, trainer, model, batch, batch_idx):
        self.before = self.weights(model)

    def on_train_batch_end(self, trainer, model, outputs, batch, batch_idx):
        after = self.weights(model)
        assert all(vector.isfinite().all() for vector in after)
        self.d_updates += not torch.equal(self.before[0], after[0])
        self.g_updates += not torch.equal(self.before[1], after[1])

    @staticmethod
    def weights(model):
        vector = nn.utils.parameters_to_vector
        return [vector(n.parameters()).clone() for n in (model.discriminator, model.generator)]


@pytest.fixture
def updates():
    """Count how often each player moves, as a callback."""
    return UpdateCounter()
