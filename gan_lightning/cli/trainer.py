"""A Trainer that suits adversarial models, and draws samples."""

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.strategies import Strategy
from lightning.pytorch.trainer.connectors.checkpoint_connector import _CheckpointConnector
from lightning_utilities.core.rank_zero import rank_zero_warn

from gan_lightning.callbacks import Checkpoints
from gan_lightning.callbacks.other_latents import OtherLatents
from gan_lightning.cli.asked import asked_labels, check_output, output_of, seed_samples
from gan_lightning.cli.checkpoint_files import restoring
from gan_lightning.cli.devices import (
    SEVERAL_DEVICES,
    as_launched,
    check_processes,
    check_strategy,
)
from gan_lightning.cli.endings import interruptible, naming_the_cause
from gan_lightning.cli.known_ways import check_accumulation, check_callbacks
from gan_lightning.cli.model_at_hand import checked, make_ready
from gan_lightning.cli.overhead import forget_absent_gpus, rest_idle_hooks, rest_idle_profiler
from gan_lightning.cli.walking import WalkingTrainer
from gan_lightning.data import DataModule
from gan_lightning.errors import InputError
from gan_lightning.files import replacing
from gan_lightning.models import ConfiguredModule, GenerativeModel, MakeSampler
from gan_lightning.models.optimization import check_restored
from gan_lightning.sampling import (
    drawn,
    exchange_sampler,
    fit_sampler,
    needs_fitting,
    truncated,
)
from gan_lightning.table_sampling import write_table


class GenerativeTrainer(WalkingTrainer):
    """Lightning's Trainer with a strategy that works for two players, and the action ``sample``."""

    callbacks: list[Callback]

    def __init__(self, *args: Any, strategy: str | Strategy = "auto", **kwargs: Any) -> None:
        check_strategy(strategy)
        _check_intervals(kwargs)
        kwargs = as_launched(kwargs)
        super().__init__(*args, strategy=strategy, **kwargs)
        check_callbacks(self.callbacks)
        check_processes(self.num_devices, self.strategy.root_device.type == "cpu")
        if strategy == "auto" and self.world_size > 1:
            super().__init__(*args, strategy=SEVERAL_DEVICES, **kwargs)
        self._checkpoint_connector = _Restoring(self)

    def fit(self, model: LightningModule, *args: Any, **kwargs: Any) -> None:
        """Train a model; go on with a run that has a checkpoint."""
        check_accumulation(model, self.callbacks, self.accumulate_grad_batches)
        for callback in self.callbacks:
            if isinstance(callback, Checkpoints):
                callback.occupy(self)  # before the logger writes there
        rest_idle_hooks(model, self.callbacks)
        rest_idle_profiler(self)
        forget_absent_gpus()
        with interruptible(), naming_the_cause(self):
            super().fit(model, *args, **kwargs)

    def validate(self, *args: Any, verbose: bool = False, **kwargs: Any) -> Any:
        """Compare samples with the validation points."""
        with interruptible():
            return super().validate(*args, verbose=verbose, **kwargs)  # type: ignore[misc]

    def test(
        self,
        *args: Any,
        verbose: bool = False,
        sampler: MakeSampler | None = None,
        truncation: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Compare samples with the test points.

        Args:
            *args: As Lightning's.
            verbose: Print Lightning's table too.
            sampler: Of an autoencoder, what draws the latents in place of the checkpoint's own; it
                is fitted to those of the training data first.
            truncation: Of an adversarial model, the largest absolute value of the latents' numbers,
                as in ``sample``.
            **kwargs: As Lightning's.
        """
        other = OtherLatents(sampler, truncation)
        self.callbacks.append(other)
        try:
            with interruptible():
                return super().test(*args, verbose=verbose, **kwargs)  # type: ignore[misc]
        finally:
            self.callbacks = [callback for callback in self.callbacks if callback is not other]

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Write a twin of the training data, one sample for each point."""
        with interruptible():
            return super().predict(*args, **kwargs)

    def sample(  # noqa: PLR0913 - its arguments are the command's
        self,
        model: ConfiguredModule,
        datamodule: DataModule,
        ckpt_path: str | None = None,
        weights_only: bool | None = True,
        num_samples: int = 100,
        output: str | None = None,
        seed: int | None = None,
        labels: str | None = None,
        sampler: MakeSampler | None = None,
        truncation: float | None = None,
        given: str | None = None,
        impute: str | None = None,
    ) -> Path:
        """Draw samples from a checkpoint and write them in the data's own units.

        Args:
            model: The model that the checkpoint restores.
            datamodule: The data that it was trained on, for their units.
            ckpt_path: The checkpoint: a file, or ``last`` or ``best`` of the newest run.
            weights_only: Load nothing but tensors and plain values.
            num_samples: Number of samples.
            output: The file; its ending chooses the format. By default ``samples`` beside the run.
            seed: Seed that makes the samples repeatable; by default they differ each time.
            labels: Of a conditional model, the labels, such as ``0,1,2``, taken in turn.
            sampler: Of an autoencoder, what draws the latents, fitted to those of the data first.
            truncation: Of an adversarial model, the largest absolute value of latents' numbers.
            given: Of a table, cells that each row is to have: ``species=setosa,age>=40``.
            impute: Of a table, a CSV file of its columns, which is written with its gaps filled.
        """
        model, checkpoint = checked(model, ckpt_path, num_samples)
        path = output_of(output, checkpoint, datamodule)
        make_ready(model, datamodule, checkpoint, self.strategy.root_device)
        check_output(datamodule.units, path)
        _exchange_sampler(model, datamodule, sampler)
        seed_samples(seed)
        with truncated(model, truncation), replacing(path) as file:
            if given or impute:
                write_table(model, datamodule.units, file, num_samples, given, impute)
            else:
                _write(model, datamodule, file, num_samples, labels)
        return path


class _Restoring(_CheckpointConnector):
    """Lightning's restoring, with errors that name the checkpoint."""

    def _restore_modules_and_callbacks(
        self, checkpoint_path: str | Path | None = None, weights_only: bool | None = None
    ) -> None:
        with restoring(checkpoint_path):
            super()._restore_modules_and_callbacks(checkpoint_path, weights_only)

    def restore_training_state(self) -> None:
        with restoring(self._ckpt_path):
            super().restore_training_state()
            for optimizer in self.trainer.optimizers:
                check_restored(optimizer)


def _write(
    model: GenerativeModel, data: DataModule, path: Path, num_samples: int, labels: str | None
) -> None:
    asked = asked_labels(model, data.units, labels, num_samples)
    data.write(map(data.unscale, drawn(model, num_samples, asked)), path, asked)


def _exchange_sampler(
    model: GenerativeModel, data: DataModule, sampler: MakeSampler | None
) -> None:
    """Fit another sampler, if one is given, to the latents of the training data, and use it."""
    if sampler is None:
        return
    latent_model = exchange_sampler(model, sampler)
    if needs_fitting(latent_model):
        data.prepare_data()
        data.setup("fit")
        fit_sampler(latent_model, data.predict_dataloader())


def _check_intervals(settings: dict[str, Any]) -> None:
    """Refuse an interval that Lightning accepts, and divides by later."""
    if settings.get("check_val_every_n_epoch") == 0:
        raise InputError("trainer.check_val_every_n_epoch must be a positive integer, found 0.")
    if settings.get("max_steps", -1) not in (-1, None):
        rank_zero_warn("trainer.max_steps counts the steps of both players; max_epochs is clearer.")
