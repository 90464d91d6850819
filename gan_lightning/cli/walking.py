"""The commands ``interpolate`` and ``project``."""

from pathlib import Path

from lightning.pytorch import Trainer

from gan_lightning.cli.drawing_model import drawing_model, restore
from gan_lightning.cli.outputs import check_output, output_of, seed_samples
from gan_lightning.cli.walk_files import (
    check_walk,
    error_of,
    need_latents,
    points_to_project,
    write_projection,
    write_walks,
)
from gan_lightning.data import DataModule
from gan_lightning.models import ConfiguredModule
from gan_lightning.sampling import parsed_labels
from gan_lightning.walks import interpolations, projection


class WalkingTrainer(Trainer):
    """Lightning's Trainer with commands that walk through the latents of a model."""

    def interpolate(
        self,
        model: ConfiguredModule,
        datamodule: DataModule,
        ckpt_path: str | None = None,
        weights_only: bool | None = True,
        num_lines: int = 8,
        num_steps: int = 11,
        output: str | None = None,
        seed: int | None = None,
        labels: str | None = None,
    ) -> Path:
        """Write points on paths between the latents of samples, in the data's own units.

        Args:
            model: The model that the checkpoint restores.
            datamodule: The data that it was trained on, for their units.
            ckpt_path: The checkpoint: a file, or ``last`` or ``best`` of the newest run.
            weights_only: Load nothing but tensors and plain values.
            num_lines: Number of paths.
            num_steps: Points on each, including both ends.
            output: The file; ``.gif`` animates images. By default ``interpolations`` in the run's
                folder.
            seed: Seed that makes the paths repeatable; by default they differ each time.
            labels: For a conditional model, the labels of the paths, such as ``0,1,2``, taken in
                turn.
        """
        restored, checkpoint = drawing_model(model, ckpt_path, num_lines, "interpolate")
        need_latents(restored, "interpolate")
        path = output_of(output, checkpoint, datamodule, "interpolations")
        restore(restored, datamodule, checkpoint, self.strategy.root_device)
        check_walk(datamodule, path)
        seed_samples(seed)
        asked = parsed_labels(restored, datamodule.units, labels, num_lines)
        walks = list(interpolations(restored, num_lines, num_steps, asked))
        names = datamodule.units.label_names
        rows = [] if asked is None else [str(names[k] if names else k) for k in asked.tolist()]
        write_walks(walks, datamodule, path, rows)
        return path

    def project(
        self,
        model: ConfiguredModule,
        datamodule: DataModule,
        ckpt_path: str | None = None,
        weights_only: bool | None = True,
        num_points: int = 10,
        images: str | None = None,
        output: str | None = None,
        seed: int | None = 0,
        labels: str | None = None,
    ) -> str:
        """Write real points beside the nearest ones that the model can generate.

        Args:
            model: The model that the checkpoint restores.
            datamodule: The data that it was trained on.
            ckpt_path: The checkpoint: a file, or ``last`` or ``best`` of the newest run.
            weights_only: Load nothing but tensors and plain values.
            num_points: Number of held-out points.
            images: Image files to project instead, such as ``mine.png,yours.jpg``.
            output: The file; by default ``projections`` in the run's folder.
            seed: Seed of the latents from which a search starts.
            labels: For a conditional model, the labels of ``images``, taken in turn.
        """
        restored, checkpoint = drawing_model(model, ckpt_path, num_points, "project")
        need_latents(restored, "project")
        path = output_of(output, checkpoint, datamodule, "projections")
        restore(restored, datamodule, checkpoint, self.strategy.root_device)
        check_output(datamodule.units, path)
        seed_samples(seed)
        count = len(images.split(",")) if images else num_points
        asked = parsed_labels(restored, datamodule.units, labels, count) if images else None
        points, of_labels = points_to_project(datamodule, num_points, images, asked)
        found = projection(restored, points, of_labels)
        write_projection(found, datamodule, path)
        return error_of(found, datamodule)
