"""Matrix products of training steps in another precision."""

import pytest
import torch
from lightning.pytorch import LightningModule
from torch import nn

from gan_lightning.callbacks import MatmulPrecision
from gan_lightning.data import TensorLoader
from gan_lightning.errors import InputError


class Watching(LightningModule):
    """Notes the precision of each step, and may fail in one."""

    def __init__(self, fails=False):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.fails = fails
        self.seen = {"training": set(), "validation": set()}

    def training_step(self, batch, batch_idx):
        self.seen["training"].add(torch.get_float32_matmul_precision())
        if self.fails:
            raise RuntimeError("The step has failed.")
        return self.weight * batch[0].sum()

    def validation_step(self, batch, batch_idx):
        self.seen["validation"].add(torch.get_float32_matmul_precision())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1e-3)


@pytest.fixture(autouse=True)
def _full_precision():
    yield
    torch.set_float32_matmul_precision("highest")


def fit(quiet_trainer, model, *arguments):
    loader = TensorLoader(torch.randn(8, 2), torch.zeros(8, dtype=torch.int64), 2, seed=0)
    trainer = quiet_trainer(MatmulPrecision(*arguments), max_epochs=2, limit_val_batches=1)
    trainer.fit(model, loader, loader)


@pytest.mark.parametrize(("arguments", "precision"), [([], "medium"), (["high"], "high")])
def test_only_training_steps_have_the_precision(quiet_trainer, arguments, precision):
    model = Watching()
    fit(quiet_trainer, model, *arguments)
    assert model.seen == {"training": {precision}, "validation": {"highest"}}
    assert torch.get_float32_matmul_precision() == "highest"


def test_what_was_set_before_is_set_again(quiet_trainer):
    torch.set_float32_matmul_precision("high")
    model = Watching()
    fit(quiet_trainer, model)
    assert model.seen == {"training": {"medium"}, "validation": {"high"}}
    assert torch.get_float32_matmul_precision() == "high"


def test_a_step_that_fails_leaves_the_precision_as_it_was(quiet_trainer):
    with pytest.raises(RuntimeError, match="has failed"):
        fit(quiet_trainer, Watching(fails=True))
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_batch_that_is_skipped_leaves_the_precision_as_it_was(quiet_trainer):
    class Skipping(Watching):
        def on_train_batch_start(self, batch, batch_idx):
            return -1

    fit(quiet_trainer, Skipping())
    assert torch.get_float32_matmul_precision() == "highest"


def test_another_precision_is_refused_by_name():
    with pytest.raises(InputError, match="highest, high, medium, found bf16"):
        MatmulPrecision("bf16")
