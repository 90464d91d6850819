"""Numerical comparisons of samples with data."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor
from tqdm.auto import tqdm

from gan_lightning.callbacks.logger_parts import keep_text
from gan_lightning.callbacks.monitored import curve_name, log_number, monitors
from gan_lightning.callbacks.run_folder import data_of
from gan_lightning.data import Stage
from gan_lightning.errors import InputError
from gan_lightning.metrics import TwoSampleMetric
from gan_lightning.models import AdversarialModule, GenerativeModel, LatentModel
from gan_lightning.sampling import drawn_in_shares

CHUNK_SIZE = 500
"""Samples that share a seed, so that they do not depend on the rank that draws them."""


class Comparison(NamedTuple):
    """The result of one comparison of samples with data."""

    stage: Stage
    protocol: str
    values: dict[str, float]
    floor: dict[str, float]
    """The same quantities for real training points in place of samples; empty in validation."""
    goals: dict[str, float]
    """The values of a perfect sampler, where known."""
    baselines: Mapping[str, Mapping[str, float]] = MappingProxyType({})
    """The same quantities, and ``seconds``, for the data's baselines; empty in validation."""


class SampleMetrics(Callback):
    """Compares samples with validation or test points by the data module's metrics.

    Latents are the same each time and independent of the training's random numbers, so that
    frequent comparisons do not change a run; they are the same on any number of devices. A
    conditional model draws labels as frequent as those of the points. ``test`` compares equally
    many real training points in the same way: the floor that no sampler can be expected to beat.
    Many numbers depend on how many points are compared, so no more than the number of training
    points are drawn.

    Args:
        num_samples: Samples to draw in validation, over all ranks.
        test_samples: Samples to draw in ``test``, at most as many as there are training points.
        seed: Seed of their latents.
    """

    def __init__(self, num_samples: int = 2000, test_samples: int = 10_000, seed: int = 0) -> None:
        if min(num_samples, test_samples) < 2:
            raise InputError(
                "SampleMetrics: num_samples and test_samples must be at least 2, found "
                f"{num_samples} and {test_samples}."
            )
        self.num_samples = num_samples
        self.test_samples = test_samples
        self.seed = seed
        self.num_drawn = 0
        self.protocol = ""
        self.latest: Comparison | None = None
        self.samples: Tensor | None = None
        self.compared: tuple[Tensor, Tensor] | None = None
        self.floor: dict[str, float] = {}
        self._told = ""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.fit_loop.total_batch_idx < 0 and isinstance(pl_module, GenerativeModel):
            self.metric = data_of(trainer).metrics("val")
            self._tell(trainer, "val", self._described(trainer, pl_module, "val", self.num_samples))

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._start(trainer, pl_module, "val")

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._start(trainer, pl_module, "test")

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if isinstance(pl_module, GenerativeModel):
            x, labels = batch
            self._add(self.metric, data_of(trainer).unscale(x), labels, real=True)

    on_test_batch_end = on_validation_batch_end

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking and isinstance(pl_module, GenerativeModel):
            with isolate_rng():
                pl_module.sample(2)  # errors come before training
        elif isinstance(pl_module, GenerativeModel):
            values = self._compared(trainer, pl_module, "val", self.num_samples)
            self.compared = self.metric.gathered(real=False), self.metric.gathered(real=True)
            self._state_protocol(trainer, pl_module, "val")
            self._report(trainer, pl_module, "val", values, {})
            if trainer.state.fn == TrainerFn.FITTING:
                self._show_floor(trainer)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if isinstance(pl_module, GenerativeModel):
            points, _ = data_of(trainer).training_points(self.test_samples, 0, 1)
            values = self._compared(trainer, pl_module, "test", len(points))
            self._state_protocol(trainer, pl_module, "test")  # of the samples, not the floor
            self.samples = self.metric.gathered(real=False)
            self._report(
                trainer, pl_module, "test", values, self._floor(trainer, self.test_samples)
            )
            assert self.latest is not None
            baselines = self._baselines(trainer, len(points))
            self.latest = self.latest._replace(baselines=baselines)

    def _start(self, trainer: Trainer, pl_module: LightningModule, stage: Stage) -> None:
        self.metric = data_of(trainer).metrics(stage)
        self.metric.shows_progress = stage == "test" and trainer.is_global_zero
        # Ranks can only exchange what lies on their device; a single process uses the CPU.
        self.metric.to(pl_module.device if trainer.world_size > 1 else "cpu")

    def _compared(
        self, trainer: Trainer, model: GenerativeModel, stage: Stage, num_samples: int
    ) -> dict[str, Tensor]:
        """Draw this rank's share of the samples and return what the metric says of all."""
        self.num_drawn = num_samples
        labels = None
        if model.num_classes is not None:
            labels = data_of(trainer).labels_like(stage, num_samples)
        shares = drawn_in_shares(
            model,
            num_samples,
            labels,
            self.seed,
            CHUNK_SIZE,
            trainer.global_rank,
            trainer.world_size,
        )
        total = -(-num_samples // CHUNK_SIZE // trainer.world_size)
        with isolate_rng():
            hidden = not self.metric.shows_progress or None  # None: where nobody watches
            for x, asked in tqdm(shares, "samples", total, disable=hidden, leave=False):
                self._add(self.metric, data_of(trainer).unscale(x), asked, real=False)
            return self.metric.compute()

    def _show_floor(self, trainer: Trainer) -> None:
        """Log the monitored metric of real points as a line below its curve."""
        if not self.floor:
            found = self._floor(trainer, self.num_samples)
            tagged = {f"val/{name}": float(value) for name, value in found.items()}
            self.floor = {name: tagged[name] for name in monitors(trainer)[0] if name in tagged}
        for name, value in self.floor.items():
            log_number(trainer, f"{name}_floor", value)

    def state_dict(self) -> dict[str, Any]:
        return {"floor": self.floor}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.floor = dict(state_dict.get("floor", {}))

    def _floor(self, trainer: Trainer, num_points: int) -> dict[str, Tensor]:
        """Return the metric of real training points in place of samples."""
        points, labels = data_of(trainer).training_points(
            num_points, trainer.global_rank, trainer.world_size
        )
        self.metric.forget_generated()
        self._add(self.metric, points, labels, real=False)
        with isolate_rng():
            return self.metric.compute()

    def _baselines(self, trainer: Trainer, num_samples: int) -> dict[str, dict[str, float]]:
        """Return the metrics of the data's baselines, each computed on one rank."""
        found = {}
        for name, draw in data_of(trainer).baselines().items() if trainer.world_size == 1 else ():
            with isolate_rng():
                started = time.process_time()
                rows = draw(num_samples)
                seconds = time.process_time() - started
                self.metric.forget_generated()
                self._add(self.metric, rows, None, real=False)
                numbers = {key: float(value) for key, value in self.metric.compute().items()}
            found[name] = {**numbers, "seconds": seconds}
        return found

    def _add(
        self, metric: TwoSampleMetric, points: Tensor, labels: Tensor | None, real: bool
    ) -> None:
        labels = None if labels is None else labels.to(metric.device)
        metric.update(points.to(metric.device), labels, real=real)

    def _report(
        self,
        trainer: Trainer,
        pl_module: GenerativeModel,
        stage: Stage,
        values: dict[str, Tensor],
        floor: dict[str, Tensor],
    ) -> None:
        numbers, floors = ({k: float(v) for k, v in r.items()} for r in (values, floor))
        goals = dict(self.metric.goals)
        self.latest = Comparison(stage, self.protocol, numbers, floors, goals)
        device = pl_module.device  # GPUs exchange only what lies on them
        tagged = {
            curve_name(stage, name, values): value.float().to(device)
            for name, value in values.items()
            if stage != "val" or not name.endswith("_floor")  # which is the same each time
        }
        # Already equal on all ranks, which Lightning must know.
        pl_module.log_dict(tagged, sync_dist=trainer.world_size > 1)

    def _state_protocol(self, trainer: Trainer, model: GenerativeModel, stage: Stage) -> None:
        """Say once per run how the numbers were computed: without that they mean nothing."""
        self.protocol = self._described(trainer, model, stage, self.num_drawn)
        self._tell(trainer, stage, self.protocol)

    def _tell(self, trainer: Trainer, stage: Stage, protocol: str) -> None:
        if protocol != self._told:
            self._told = protocol
            for logger in trainer.loggers if trainer.is_global_zero else ():
                step = max(trainer.fit_loop.total_batch_idx, 0)
                keep_text(logger, f"{stage}/protocol", protocol, step)

    def _described(
        self, trainer: Trainer, model: GenerativeModel, stage: Stage, num_samples: int
    ) -> str:
        count = f"{num_samples} samples"
        if stage == "test" and num_samples < self.test_samples:
            count += " (as many as there are training points)"
        latents = ""
        if isinstance(model, LatentModel):
            latents = f"latents of {type(model.sampler).__name__}, "
            if model.temperature != 1:
                latents += f"temperature {model.temperature:g}, "
        elif isinstance(model, AdversarialModule) and model.truncation is not None:
            latents = f"latents truncated at {model.truncation:g}, "
        protocol = (
            f"{count} of the {'averaged' if model.has_average else 'raw'} weights, "
            f"{latents}seed {self.seed}, against {data_of(trainer).described(stage)}"
        )
        return f"{protocol}; {self.metric.protocol}" if self.metric.protocol else protocol
