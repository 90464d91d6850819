"""The commands ``sample``, ``export`` and ``demo``."""

from pathlib import Path

import torch

from gan_lightning.cli.demo import serve
from gan_lightning.cli.drawing_model import drawing_model, restore
from gan_lightning.cli.outputs import (
    check_output,
    export_output_of,
    folder_of,
    origin_of,
    output_of,
    seed_samples,
)
from gan_lightning.cli.walking import WalkingTrainer
from gan_lightning.data import DataMemory, DataModule
from gan_lightning.export import LoadedModel, check_format, write_export
from gan_lightning.files import replacing
from gan_lightning.models import ConfiguredModule, GenerativeModel, MakeSampler
from gan_lightning.sampling import (
    drawn,
    exchange_sampler,
    fit_sampler,
    narrowed,
    needs_fitting,
    parsed_labels,
)
from gan_lightning.table_sampling import write_table


class Drawing(WalkingTrainer):
    """The commands that draw from a checkpoint and train nothing."""

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
        temperature: float | None = None,
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
            output: The file; its ending is the format; by default ``samples`` in the run's folder.
            seed: Seed that makes the samples repeatable; by default they differ each time.
            labels: Labels for a conditional model, such as ``0,1,2``, taken in turn.
            sampler: Sampler of an autoencoder's latents, fitted to those of the data first.
            truncation: Largest absolute value in the latents of an adversarial model.
            temperature: Factor of the noise in the latents of an autoencoder or a warm start.
            given: Cells fixed in every row of a table: ``species=setosa,age>=40``.
            impute: CSV file with the table's columns, whose gaps are filled in the output.
        """
        model, checkpoint = drawing_model(model, ckpt_path, num_samples)
        path = output_of(output, checkpoint, datamodule)
        restore(model, datamodule, checkpoint, self.strategy.root_device)
        check_output(datamodule.units, path)
        _exchange_sampler(model, datamodule, sampler)
        seed_samples(seed)
        with narrowed(model, truncation, temperature), replacing(path) as file:
            if given or impute:
                write_table(model, datamodule.units, file, num_samples, given, impute)
            else:
                _write(model, datamodule, file, num_samples, labels)
        return path

    def export(
        self,
        model: ConfiguredModule,
        datamodule: DataModule,
        ckpt_path: str | None = None,
        weights_only: bool | None = True,
        output: str | None = None,
    ) -> Path:
        """Write what draws a checkpoint's samples to a file that other programs can use.

        Args:
            model: The model that the checkpoint restores.
            datamodule: The data that it was trained on, for their units.
            ckpt_path: The checkpoint: a file, or ``last`` or ``best`` of the newest run.
            weights_only: Load nothing but tensors and plain values.
            output: The file, in ``.onnx``, ``.pt2`` or ``.safetensors``; by default
                ``model.onnx`` in the run's folder. A model card in ``.md`` is written beside it.
        """
        model, checkpoint = drawing_model(model, ckpt_path, command="export")
        path = export_output_of(output, checkpoint)
        check_format(path)
        held = restore(model, datamodule, checkpoint, torch.device("cpu"))
        memory = DataMemory.of_checkpoint(held)
        fingerprint = {} if memory is None else memory.fingerprint
        # Which points were held out stays private.
        write_export(
            model,
            DataMemory(datamodule.units, fingerprint, None),
            origin_of(checkpoint, fingerprint),
            path,
        )
        return path

    def demo(
        self,
        model: ConfiguredModule,
        datamodule: DataModule,
        ckpt_path: str | None = None,
        weights_only: bool | None = True,
        port: int = 7860,
    ) -> None:
        """Serve a page, on this machine only, that draws samples from a checkpoint.

        Args:
            model: The model that the checkpoint restores.
            datamodule: The data that it was trained on, for their units.
            ckpt_path: The checkpoint: a file, or ``last`` or ``best`` of the newest run.
            weights_only: Load nothing but tensors and plain values.
            port: Port of the page on this machine; 0 for any free one.
        """
        model, checkpoint = drawing_model(model, ckpt_path, command="demo")
        restore(model, datamodule, checkpoint, torch.device("cpu"))
        title = f"{type(model).__name__}, {folder_of(checkpoint).parent.name}"
        serve(LoadedModel(model, datamodule.units), title, port)


def _write(
    model: GenerativeModel, data: DataModule, path: Path, num_samples: int, labels: str | None
) -> None:
    asked = parsed_labels(model, data.units, labels, num_samples)
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
