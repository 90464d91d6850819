"""The actions of the commands, and their reports."""

import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.cli import LightningCLI
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning_utilities.core.rank_zero import rank_zero_warn

from gan_lightning.callbacks import Checkpoints, Comparison, SampleMetrics, SamplePictures
from gan_lightning.checkpoint_files import batches_of
from gan_lightning.cli.class_defaults import keep_defaults_with_their_class
from gan_lightning.cli.devices import is_needed
from gan_lightning.cli.numbers import found_numbers, print_comparison, write_comparison
from gan_lightning.cli.outputs import export_output_of, folder_of, output_of
from gan_lightning.cli.report import callback_of, report_file, report_fit, report_stop
from gan_lightning.cli.runs import Run
from gan_lightning.cli.trainer import GenerativeTrainer
from gan_lightning.errors import InputError
from gan_lightning.export import card_path
from gan_lightning.files import replacing

ON_ONE_DEVICE = ("sample", "export", "interpolate", "project", "demo")
"""Commands that use a single device, however many are available."""


class Actions(LightningCLI):
    """The commands, after their arguments have been parsed and their classes built."""

    trainer: GenerativeTrainer
    checkpoint: dict[str, Any] | None

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        keep_defaults_with_their_class()
        super().__init__(*arguments, **settings)

    def _run_subcommand(self, subcommand: str) -> None:
        if subcommand not in ON_ONE_DEVICE or is_needed(self.trainer, subcommand):
            super()._run_subcommand(subcommand)

    def fit(self, **kwargs: Any) -> None:
        """Train; if a signal stopped it, say how to resume and exit with the signal's code."""
        try:
            self.trainer.fit(**kwargs)
        except RuntimeError as error:
            if "Early stopping conditioned" not in str(error):
                raise
            known = ", ".join(sorted(self.trainer.callback_metrics))
            reason = str(error).partition(" which is")[0]
            raise InputError(f"{reason}, which is not logged; logged are {known}.") from error
        except SIGTERMException:
            checkpoints = callback_of(self.trainer, Checkpoints)
            if self.trainer.is_global_zero:
                with suppress(InputError, OSError):  # saved files are intact
                    callback_of(self.trainer, SamplePictures).write_films(self.trainer)
                report_stop(checkpoints.last)
            sys.exit(128 + (checkpoints.stop.signum or signal.SIGTERM))

    def after_fit(self) -> None:
        """Report where the results are and what to type next."""
        if self.trainer.is_global_zero:
            before = batches_of(self.checkpoint) if self.checkpoint else 0
            report_fit(self.trainer, before)

    def after_validate(self) -> None:
        """Print the numbers and their protocol."""
        if self.trainer.is_global_zero:
            print_comparison(found_numbers(self.trainer, "val"))

    def after_test(self) -> None:
        """Print the numbers and save them in the run's folder."""
        if self.trainer.is_global_zero:
            found = found_numbers(self.trainer, "test")
            print_comparison(found)
            if self.trainer.world_size > 1 and self.datamodule.baselines():
                rank_zero_warn("test computes baselines on one device only: they are left out.")
            checkpoint = Path(self._get(self.config, "ckpt_path"))
            folder = folder_of(checkpoint)
            older = (folder / "metrics.json").is_file()
            report_file("the numbers", write_comparison(found, checkpoint, folder), older)
            self._write_report(found, folder)

    def _write_report(self, found: Comparison, folder: Path) -> None:
        """Write the report page on the samples, if this kind of data has one."""
        samples = callback_of(self.trainer, SampleMetrics).samples
        if samples is None:
            return
        scores = {"samples": found.values, "real": found.floor, **found.baselines}
        page = self.datamodule.report(samples, scores)
        if page is not None:
            path = folder / "report.html"
            older = path.is_file()
            with replacing(path) as file:
                file.write_text(page, encoding="utf-8")
            report_file("the report", path, older)

    def sample(self, **kwargs: Any) -> None:
        """Draw samples and report where they are."""
        path = output_of(kwargs["output"], kwargs["ckpt_path"], kwargs["datamodule"])
        older = path.is_file()
        self.trainer.sample(**{**kwargs, "output": str(path)})
        filled = kwargs.get("impute")
        report_file("the table" if filled else f"{kwargs['num_samples']} samples", path, older)

    def export(self, **kwargs: Any) -> None:
        """Export and report where the file and its card are."""
        path = export_output_of(kwargs["output"], kwargs["ckpt_path"])
        older = [file.is_file() for file in (path, card_path(path))]
        self.trainer.export(**{**kwargs, "output": str(path)})
        report_file("the model", path, older[0])
        report_file("its card", card_path(path), older[1])

    def interpolate(self, **kwargs: Any) -> None:
        """Write points between samples, and report where they are."""
        asked = kwargs["output"], kwargs["ckpt_path"], kwargs["datamodule"]
        older = output_of(*asked, "interpolations").is_file()
        path = self.trainer.interpolate(**kwargs)
        what = f"{kwargs['num_lines']} interpolations of {kwargs['num_steps']} points"
        report_file(what, path, older)

    def project(self, **kwargs: Any) -> None:
        """Write projections of real points, and report where they are and how close."""
        asked = kwargs["output"], kwargs["ckpt_path"], kwargs["datamodule"]
        path = output_of(*asked, "projections")
        older = path.is_file()
        error = self.trainer.project(**kwargs)
        report_file(f"projections, {error},", path, older)

    def after_predict(self) -> None:
        """Write the samples of ``predict``, one for each training point, into the run's folder."""
        run = Run.of_checkpoint(Path(self._get(self.config, "ckpt_path") or "."))
        folder = run.folder if run else Path(self.trainer.default_root_dir)
        rank = f"_rank{self.trainer.global_rank}" if self.trainer.world_size > 1 else ""
        path = folder / f"predictions{rank}{self.datamodule.file_ending}"
        if not self.trainer.predict_loop.predictions:
            raise InputError("predict had no points to make samples for.")
        older = path.is_file()
        samples = torch.cat([x.cpu() for x in self.trainer.predict_loop.predictions])
        with replacing(path) as file:
            self.datamodule.write(self.datamodule.unscale(samples), file)
        report_file(f"{len(samples)} samples", path, older)
