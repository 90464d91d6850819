"""Trains on two CPU processes and writes what each rank saw: run by test_devices.py."""

import json
import sys
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from lightning.pytorch import Callback, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger

from gan_lightning.callbacks import Checkpoints, FiniteLosses, GeneratorEMA, RandomState
from gan_lightning.callbacks.sample_metrics import SampleMetrics
from gan_lightning.cli.trainer import GenerativeTrainer
from gan_lightning.data import GaussianRing
from gan_lightning.models import GAN, R3GAN


class Witness(Callback):
    """Keeps what a rank trained on, and gathers it at the end."""

    def on_train_start(self, trainer, model):
        self.latents, self.real, self.sample_sums = [], [], []
        sample = model.sample
        model.sample = lambda *args: self.kept(sample(*args))
        draw = model.latents
        model.latents = lambda *args: self.latents.append(draw(*args)) or self.latents[-1]

    def kept(self, samples):
        self.sample_sums.append(samples.sum().item())
        return samples

    def on_train_batch_start(self, trainer, model, batch, batch_idx):
        self.real.append(batch[0].sum().item())

    def on_train_end(self, trainer, model):
        weights = torch.nn.utils.parameters_to_vector(model.parameters())
        mine = {
            "weights": weights.tolist(),
            "latents": [z.sum().item() for z in self.latents[:3]],
            "real": self.real,
            "points_seen": trainer.callbacks[0].points_seen,
            "samples": self.sample_sums,
            "ks": trainer.callback_metrics["val/ks"].item(),
        }
        ranks = [None] * trainer.world_size
        dist.all_gather_object(ranks, mine)
        if trainer.is_global_zero:
            (self.folder / "ranks.json").write_text(
                json.dumps({"ranks": ranks, "find_unused": trainer.strategy._ddp_kwargs})
            )


def main(model_class: str, folder: Path, devices: int) -> None:
    torch.set_num_threads(1)
    seed_everything(0)
    adam = partial(torch.optim.Adam, lr=1e-3)
    model = {"GAN": GAN, "R3GAN": R3GAN}[model_class]((2,), g_optimizer=adam, d_optimizer=adam)
    witness = Witness()
    witness.folder = folder
    trainer = GenerativeTrainer(
        accelerator="cpu",
        devices=devices,
        max_epochs=2,
        logger=TensorBoardLogger(folder, "run"),
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[
            GeneratorEMA(),
            RandomState(),
            FiniteLosses(),
            SampleMetrics(100),
            witness,
            Checkpoints(),
        ],
    )
    trainer.fit(model, datamodule=GaussianRing(num_samples=512, batch_size=32))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
