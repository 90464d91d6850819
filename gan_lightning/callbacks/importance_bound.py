"""A tight bound on the likelihood of test points under a variational autoencoder."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.types import STEP_OUTPUT

from gan_lightning.errors import InputError
from gan_lightning.models import VariationalModel


class ImportanceBound(Callback):
    """Logs ``test/iwae_bound``, a bound on log p(x) in nats: Burda et al., 2016, Equation 8.

    It is tighter than ``test/elbo``, and the tighter the more samples it uses.

    Args:
        num_samples: Latents for each point.
        num_points: The first test points to use, over all ranks; all by default.
    """

    def __init__(self, num_samples: int = 500, num_points: int | None = None) -> None:
        if num_samples < 1 or (num_points is not None and num_points < 1):
            raise InputError(
                "ImportanceBound: num_samples and num_points must be positive integers, found "
                f"{num_samples} and {num_points}."
            )
        self.num_samples = num_samples
        self.num_points = num_points
        self._left = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, VariationalModel):
            raise InputError(
                f"ImportanceBound: {type(pl_module).__name__} has no bound on the likelihood."
            )

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        points = self.num_points
        self._left = 2**63 if points is None else -(-points // trainer.world_size)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        x, labels = (values[: self._left] for values in batch)
        if not len(x) or not isinstance(pl_module, VariationalModel):
            return
        self._left -= len(x)
        bound = pl_module.bound(x, self.num_samples, labels).mean()
        pl_module.log(
            "test/iwae_bound",
            bound,
            on_step=False,
            on_epoch=True,
            batch_size=len(x),
            sync_dist=trainer.world_size > 1,
        )
