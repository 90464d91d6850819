"""A training step never waits for the GPU."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from gan_lightning.data import TensorLoader
from gan_lightning.losses import R1
from gan_lightning.models import GAN, R3GAN, VAE, WGANGP

pytestmark = [
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="PyTorch's sync debug mode needs a CUDA GPU"
    ),
    pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype"),
]
ADAM = partial(torch.optim.Adam, lr=1e-3)
PLAYERS = {"g_optimizer": ADAM, "d_optimizer": ADAM}
MODELS = {
    "GAN": partial(GAN, **PLAYERS),
    "GAN with R1": partial(GAN, penalties=[R1(1.0)], **PLAYERS),
    "R3GAN": partial(R3GAN, **PLAYERS),
    "WGANGP": partial(WGANGP, n_critic=2, **PLAYERS),
    "VAE": partial(VAE, optimizer=ADAM),
}
WARM_UP = 3
"""Batches in which optimizers make their state and kernels are chosen."""


class NoSync(Callback):
    """Lets PyTorch raise where a step after the first ones waits for the GPU."""

    def __init__(self):
        self.watched = 0

    def on_train_start(self, trainer, model):
        step = model.training_step

        def training_step(batch, batch_idx):
            if batch_idx < WARM_UP:
                return step(batch, batch_idx)
            torch.cuda.set_sync_debug_mode("error")
            try:
                return step(batch, batch_idx)
            finally:
                torch.cuda.set_sync_debug_mode("default")
                self.watched += 1

        model.training_step = training_step


@pytest.mark.parametrize("name", MODELS)
def test_a_step_does_not_wait_for_the_gpu(tmp_path, name):
    torch.manual_seed(0)
    no_sync = NoSync()
    loader = TensorLoader(torch.randn(160, 2), torch.zeros(160, dtype=torch.int64), 16, seed=0)
    trainer = Trainer(
        accelerator="gpu",
        devices=1,
        max_epochs=1,
        default_root_dir=tmp_path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[no_sync],
    )
    trainer.fit(MODELS[name]((2,)), loader)
    assert no_sync.watched == 10 - WARM_UP
