"""Samples against data, in numbers."""

from typing import Any, Literal

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import STEP_OUTPUT

from gan_lightning.callbacks.contracts import data_of, draw
from gan_lightning.callbacks.run_folder import tensorboard
from gan_lightning.errors import InputError


class SampleMetrics(Callback):
    """Compares samples with the validation or test points, by the data module's metrics.

    Latents are the same each time, apart from the training's random numbers, so that watching a
    run more closely does not change it.

    Args:
        num_samples: Samples to draw, over all ranks.
        seed: Seed of their latents.
    """

    def __init__(self, num_samples: int = 2000, seed: int = 0) -> None:
        if num_samples < 2:
            raise InputError(f"SampleMetrics: num_samples must be at least 2, found {num_samples}.")
        self.num_samples = num_samples
        self.seed = seed
        self.protocol = ""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.metrics = data_of(trainer).metrics()

    def _start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Ranks can only exchange what lies on their device; alone, the CPU knows every dtype.
        self.metrics.to(pl_module.device if trainer.world_size > 1 else "cpu")
        self.metrics.reset()

    def _add_real(self, trainer: Trainer, batch: Any) -> None:
        self._add(trainer, batch[0], real=True)

    def _add(self, trainer: Trainer, x: torch.Tensor, real: bool) -> None:
        points = data_of(trainer).unscale(x)
        self.metrics.update(points.to(self.metrics.device), real=real)

    def _compare(
        self, trainer: Trainer, pl_module: LightningModule, stage: Literal["val", "test"]
    ) -> None:
        share = -(-self.num_samples // trainer.world_size)
        with isolate_rng():
            torch.manual_seed(self.seed * trainer.world_size + trainer.global_rank)
            for samples in draw(pl_module, share):
                self._add(trainer, samples, real=False)
        results = self.metrics.compute()
        if not trainer.sanity_checking:
            self._state_protocol(trainer, pl_module, stage)
            tagged = {f"{stage}/{name}": value.float() for name, value in results.items()}
            # Alike on all ranks already; Lightning wants to hear that it knows.
            pl_module.log_dict(tagged, sync_dist=trainer.world_size > 1)

    def _state_protocol(
        self, trainer: Trainer, pl_module: LightningModule, stage: Literal["val", "test"]
    ) -> None:
        """Say, once a run, how the numbers come about: without that they mean nothing."""
        averaged = getattr(pl_module, "averaged_generator", None) is not None
        protocol = (
            f"{self.num_samples} samples of the {'averaged' if averaged else 'raw'} generator, "
            f"seed {self.seed}, against {data_of(trainer).described(stage)}"
        )
        if protocol != self.protocol:
            self.protocol = protocol
            for board in tensorboard(trainer):
                board.add_text(f"{stage}/protocol", protocol, trainer.fit_loop.total_batch_idx)

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._start(trainer, pl_module)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._add_real(trainer, batch)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._compare(trainer, pl_module, "val")

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._start(trainer, pl_module)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._add_real(trainer, batch)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._compare(trainer, pl_module, "test")
