"""An exponential moving average of the generator's weights."""

from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gan_lightning.callbacks.contracts import AveragedModel
from gan_lightning.errors import InputError


class GeneratorEMA(Callback):
    """Keeps the model's ``averaged_generator``, from which samples are then drawn.

    Averaging the generator alone follows Karras et al., 2018; giving the horizon as a half-life in
    images, so that it does not depend on the batch size, follows Karras et al., 2020. The average
    is part of the model: metrics, pictures, checkpoints and ``sample`` use it.

    Args:
        half_life: Number of real points seen after which old weights count half.
        ramp_up: Early in training the half-life is at most this share of the points seen so far,
            so that the first average is not the initial noise; 0 turns this off.
    """

    def __init__(self, half_life: float = 10_000, ramp_up: float = 0.05) -> None:
        if half_life <= 0 or ramp_up < 0:
            raise InputError(
                "GeneratorEMA: expected a positive half_life and a ramp_up of at least 0, "
                f"found {half_life} and {ramp_up}."
            )
        self.half_life = half_life
        self.ramp_up = ramp_up
        self.points_seen = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not hasattr(pl_module, "start_average"):
            raise InputError(
                f"GeneratorEMA averages a generator, and {type(pl_module).__name__} has none."
            )
        if stage == "fit":
            cast(AveragedModel, pl_module).start_average()

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
        model = cast(AveragedModel, pl_module)
        average, generator = model.averaged_generator, model.generator
        move_average = get_ema_multi_avg_fn(self.decay(num_points))
        move_average(list(average.parameters()), list(generator.parameters()), 0)
        for averaged, current in zip(average.buffers(), generator.buffers(), strict=True):
            averaged.copy_(current)

    def decay(self, num_points: int) -> float:
        """Return the weight of the past after a batch of ``num_points``."""
        half_life = self.half_life
        if self.ramp_up > 0:
            half_life = min(half_life, self.ramp_up * self.points_seen)
        return float(0.5 ** (num_points / half_life))

    def state_dict(self) -> dict[str, Any]:
        return {"points_seen": self.points_seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.points_seen = state_dict["points_seen"]
