"""Pictures of samples at an interval, and films of a whole run."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning.pytorch.utilities.seed import isolate_rng
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor

from gan_lightning.callbacks.checkpoints import Checkpoints
from gan_lightning.callbacks.closing_pictures import closing_pictures
from gan_lightning.callbacks.film import forget_later, is_moment, write_films
from gan_lightning.callbacks.intervals import is_due
from gan_lightning.callbacks.picture_files import framed, save_pictures
from gan_lightning.callbacks.run_folder import data_of, run_folder
from gan_lightning.callbacks.sampler_fit import refresh_sampler
from gan_lightning.callbacks.surface_picture import SurfacePicture
from gan_lightning.data import Picture
from gan_lightning.errors import InputError
from gan_lightning.figures.images import MOST_LABELS
from gan_lightning.metrics import random_order
from gan_lightning.models import GenerativeModel
from gan_lightning.sampling import as_many_of_each_label, drawn

SURFACES_PER_DOUBLING = 3
"""Moments of a surface's film each time the batches double: half as many as of other films, since
a surface costs as much to draw as the samples do."""

FILM_LATENTS = 1000
"""Latents to which an autoencoder's sampler is fitted for one frame: a film has many."""


class SamplePictures(Callback):
    """Draws the data module's figures of samples from fixed latents.

    Each figure is saved as ``<run>/pictures/<name>/<batch>.png``, where ``<batch>`` is the x of all
    curves: the index of the training batch over the whole run. It is drawn before the first batch,
    as ``untrained.png``, then at moments evenly spaced in the logarithm of the batches, about 60 in
    4000, and every ``every_n_batches``, when TensorBoard receives it too. When a run ends or is
    stopped, ``<run>/pictures/<name>.gif`` animates them; with the extra ``video`` so does
    ``<name>.mp4``. A conditional model draws equal numbers of samples of all labels, in order, at
    least ``num_samples`` in all; with more than 40 labels, ``num_samples`` of labels chosen at
    random. For points in the plane the discriminator's surface is drawn as well, at half the
    moments.

    Args:
        every_n_batches: Training batches between two pictures in TensorBoard; after 100 of them
            the interval doubles whenever the run is twice as long. One more is drawn at the end.
        num_samples: Samples in a picture.
        seed: Seed of their latents.
        film: Whether to draw the moments of a film as well: in a run of a few seconds they take
            longer than the training.
    """

    def __init__(
        self,
        every_n_batches: int = 1000,
        num_samples: int = 500,
        seed: int = 0,
        film: bool = True,
    ) -> None:
        if every_n_batches < 1 or num_samples < 1:
            raise InputError(
                "SamplePictures: every_n_batches and num_samples must be positive integers, "
                f"found {every_n_batches} and {num_samples}."
            )
        self.every_n_batches = every_n_batches
        self.num_samples = num_samples
        self.seed = seed
        self.film = film
        self.score: str | None = None
        self._surface = SurfacePicture()
        self._drawn_at: tuple[int, bool] | None = None
        self._has_pictures = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        folder, batches = run_folder(trainer), _batches(trainer)
        if folder is not None and trainer.is_global_zero:
            forget_later(folder / "pictures", batches)
        if batches == 0:  # a new run, not a resumed one
            self._save(
                trainer, data_of(trainer).real_pictures(), None, data_of(trainer).row_names()
            )
            self._draw(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        batches = _batches(trainer)
        if is_due(batches, self.every_n_batches) or (self.film and is_moment(batches)):
            self._draw(trainer, pl_module)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
            return
        kept = [c for c in trainer.checkpoint_callbacks if isinstance(c, Checkpoints)]
        monitor = kept[0].monitor if kept else data_of(trainer).monitor
        if monitor in trainer.callback_metrics:
            self.score = f"{monitor} {float(trainer.callback_metrics[monitor]):.3g}"

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._draw(trainer, pl_module, last=True)
        pictures = {}
        if isinstance(pl_module, GenerativeModel) and self._has_pictures:  # on the first rank
            with isolate_rng():
                torch.manual_seed(self.seed)
                pictures = dict(closing_pictures(data_of(trainer), pl_module))
        save_pictures(trainer, pictures, "samples")  # all ranks ask for the run's folder
        self.write_films(trainer)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        # Ctrl-C stops at once, and a signal saves first: their handlers write the films.
        if not isinstance(exception, KeyboardInterrupt | SIGTERMException):
            with suppress(InputError, OSError):  # it would hide the cause
                self.write_films(trainer)

    def state_dict(self) -> dict[str, Any]:
        return {"score": self.score}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.score = state_dict["score"]

    def _draw(self, trainer: Trainer, model: LightningModule, last: bool = False) -> None:
        """Draw the current samples, unless they have been drawn."""
        batches = _batches(trainer)
        on_board = last or is_due(batches, self.every_n_batches)
        if not isinstance(model, GenerativeModel) or self._drawn_at == (batches, on_board):
            return
        self._drawn_at = (batches, on_board)
        if on_board or batches & (batches - 1) == 0:  # at each doubling of the batches
            refresh_sampler(trainer, model, FILM_LATENTS)
        data, labels = data_of(trainer), _labels_shown(model, self.num_samples)
        num_samples = self.num_samples if labels is None else len(labels)
        with isolate_rng():
            torch.manual_seed(self.seed)
            x = torch.cat(list(drawn(model, num_samples, labels)))
        if run_folder(trainer) is None or not trainer.is_global_zero:
            return
        pictures: dict[str, Picture] = data.figures(data.unscale(x), labels)
        self._has_pictures |= bool(pictures)
        if pictures and (on_board or is_moment(batches, SURFACES_PER_DOUBLING)):
            pictures |= self._surface.of(model, data, x)
        rows = [] if labels is None else data.row_names(labels)
        self._save(trainer, pictures, self._caption(batches), rows, on_board)

    def _save(
        self,
        trainer: Trainer,
        pictures: Mapping[str, Picture],
        caption: str | None,
        rows: Sequence[str],
        on_board: bool = True,
    ) -> None:
        data = data_of(trainer)
        images = {name: framed(pic, data, caption, rows) for name, pic in pictures.items()}
        save_pictures(trainer, images, "samples", on_board)

    def _caption(self, batches: int) -> str:
        """Return a frame's caption: the number of batches and the last validation's result."""
        when = "untrained" if batches == 0 else f"{batches:,} batch{'es' * (batches > 1)}"
        return when if self.score is None else f"{when} · {self.score.replace(' -', ' −')}"

    def write_films(self, trainer: Trainer) -> None:
        """Write the films of a run so far, if there are to be any and a picture has been drawn."""
        folder = run_folder(trainer) if self.film else None
        if folder is not None and trainer.is_global_zero and self._drawn_at is not None:
            write_films(folder / "pictures")


def _labels_shown(model: GenerativeModel, num_samples: int) -> Tensor | None:
    """Return equal numbers of all labels, or random ones if too many for separate rows."""
    labels = as_many_of_each_label(model, num_samples)
    if labels is None or model.num_classes is None or model.num_classes <= MOST_LABELS:
        return labels
    return labels[random_order(len(labels))[:num_samples].sort().values]


def _batches(trainer: Trainer) -> int:
    """Return the number of finished training batches over the whole run."""
    return int(trainer.fit_loop.total_batch_idx) + 1
