"""An exponential moving average of the weights that samples are drawn with."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.types import STEP_OUTPUT
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gan_lightning.errors import InputError
from gan_lightning.models import GenerativeModel
from gan_lightning.schedules import Scheduled, value_at


class GeneratorEMA(Callback):
    """Keeps averages of the networks that draw samples: a generator, or an encoder and a decoder.

    Averaging the generator and not the discriminator follows Karras et al., 2018; a half-life in
    images, which does not depend on the batch size, follows Karras et al., 2020. The averages are
    part of the model: metrics, pictures, checkpoints and ``sample`` use them.

    Args:
        half_life: Number of real points after which old weights count half, or a schedule of it.
        ramp_up: Early in training the half-life is at most this share of the points seen so far, so
            that the average does not start with the initial noise; 0 turns this off.
    """

    def __init__(self, half_life: Scheduled = 10_000, ramp_up: float = 0.05) -> None:
        if (isinstance(half_life, int | float) and half_life <= 0) or ramp_up < 0:
            raise InputError(
                "GeneratorEMA: expected a positive half_life and a ramp_up of at least 0, "
                f"found {half_life} and {ramp_up}."
            )
        self.half_life = half_life
        self.ramp_up = ramp_up
        self.points_seen = 0
        self.share_of_start = 1.0
        self._averages: list[_Average] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, GenerativeModel) or not type(pl_module).averaged:
            raise InputError(
                f"GeneratorEMA: {type(pl_module).__name__} has no network to average, since "
                "none of its networks draws samples."
            )
        if stage == "fit":
            pl_module.start_average()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, GenerativeModel)  # see setup
        # Moving a model to a GPU, after the setup, replaces its buffers.
        self._averages = [_Average(*pair) for pair in pl_module.start_average()]

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        num_points = len(batch[0]) * trainer.world_size
        self.points_seen += num_points
        decay = self.decay(num_points)
        self.share_of_start *= decay
        for average in self._averages:
            average.move(decay)

    def decay(self, num_points: int) -> float:
        """Return the weight of the old average after a batch of ``num_points``."""
        half_life = value_at(self.half_life, self.points_seen)
        if self.ramp_up > 0:
            half_life = min(half_life, self.ramp_up * self.points_seen)
        return float(0.5 ** (num_points / half_life))

    def state_dict(self) -> dict[str, Any]:
        return {"points_seen": self.points_seen, "share_of_start": self.share_of_start}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.points_seen = state_dict["points_seen"]
        self.share_of_start = state_dict.get("share_of_start", 0.0)  # older checkpoints lack it


class LeftAverage(Callback):
    """Drops the averages of a checkpoint if no ``GeneratorEMA`` will move them any more."""

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
        moved = any(isinstance(callback, GeneratorEMA) for callback in callbacks)
        came_with = GeneratorEMA().state_key in checkpoint.get("callbacks", {})
        training = trainer.state.fn == TrainerFn.FITTING
        if moved or not came_with or not training or not isinstance(pl_module, GenerativeModel):
            return
        for name in pl_module.averaged:
            delattr(pl_module, f"averaged_{name}")
        rank_zero_warn(
            "The checkpoint's averaged weights are left out: without GeneratorEMA, nothing would "
            "move them. Samples are drawn with the weights themselves."
        )


class _Average:
    """The tensors of an averaged network and those of the trained one, listed once.

    Args:
        average: The averaged network.
        network: The trained one.
    """

    def __init__(self, average: nn.Module, network: nn.Module) -> None:
        self.weights = list(average.parameters()), list(network.parameters())
        buffers = list(zip(average.buffers(), network.buffers(), strict=True))
        # Tensors of one kind are copied at once.
        kinds = {averaged.dtype for averaged, _ in buffers}
        of_kinds = [[pair for pair in buffers if pair[0].dtype == kind] for kind in kinds]
        self.buffers = [tuple(zip(*pairs, strict=True)) for pairs in of_kinds]

    def move(self, decay: float) -> None:
        """Give the old average this weight, and copy statistics as they are."""
        averaged, current = self.weights
        if current:
            get_ema_multi_avg_fn(decay)(averaged, current, 0)
        for copies, originals in self.buffers:
            torch._foreach_copy_(copies, originals)
