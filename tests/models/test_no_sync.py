"""A training step never waits for the GPU."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ProgressBar
from torch.utils._python_dispatch import TorchDispatchMode

from gan_lightning.callbacks.run_progress import RunProgress
from gan_lightning.data import TensorLoader
from gan_lightning.losses import R1
from gan_lightning.models import GAN, R3GAN, VAE, WGANGP

ADAM = partial(torch.optim.Adam, lr=1e-3, fused=True)  # others read their own counters
PLAYERS = {"g_optimizer": ADAM, "d_optimizer": ADAM}
MODELS = {
    "GAN": partial(GAN, **PLAYERS),
    "GAN with R1": partial(GAN, penalties=[R1(1.0)], **PLAYERS),
    "R3GAN": partial(R3GAN, **PLAYERS),
    "WGANGP": partial(WGANGP, n_critic=2, **PLAYERS),
    "VAE": partial(VAE, optimizer=ADAM),
}
BATCHES = 10
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


class NothingRead(Callback):
    """Counts the numbers that are read from tensors between the first batches and the last one."""

    def __init__(self):
        self.reads = 0

    def on_train_batch_start(self, trainer, model, batch, batch_idx):
        if batch_idx == WARM_UP:
            self.watching = _Watching(self)
            self.watching.__enter__()

    def on_train_batch_end(self, trainer, model, outputs, batch, batch_idx):
        if batch_idx == BATCHES - 1:
            self.watching.__exit__(None, None, None)


class _Watching(TorchDispatchMode):
    def __init__(self, counter):
        super().__init__()
        self.counter = counter

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.counter.reads += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **(kwargs or {}))


def trained(make, *callbacks, **settings):
    torch.manual_seed(0)
    points = torch.randn(16 * BATCHES, 2)
    loader = TensorLoader(points, torch.zeros(len(points), dtype=torch.int64), 16, seed=0)
    trainer = Trainer(
        devices=1,
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        callbacks=list(callbacks),
        **settings,
    )
    trainer.fit(make((2,)), loader)
    return trainer


@pytest.mark.filterwarnings("ignore:GPU available but not used")
@pytest.mark.parametrize("name", MODELS)
def test_batches_after_a_logged_one_read_no_number_which_a_gpu_would_have_to_finish(name):
    counter = NothingRead()
    bar = RunProgress()  # of few lines without a terminal
    trained(MODELS[name], counter, bar, accelerator="cpu", log_every_n_steps=2)
    assert counter.reads == 0


@pytest.mark.filterwarnings("ignore:GPU available but not used")
@pytest.mark.parametrize("name", MODELS)
def test_another_progress_bar_is_given_the_losses(name):
    trainer = trained(MODELS[name], ProgressBar(), accelerator="cpu", log_every_n_steps=2)
    assert any(metric.endswith("_loss") for metric in trainer.progress_bar_metrics)


@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="PyTorch's sync debug mode needs a CUDA GPU"
)
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("name", MODELS)
def test_a_step_does_not_wait_for_the_gpu(name):
    no_sync = NoSync()
    trained(MODELS[name], no_sync, accelerator="gpu", enable_progress_bar=False)
    assert no_sync.watched == BATCHES - WARM_UP
