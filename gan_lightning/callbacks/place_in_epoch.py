"""Where in an epoch a run resumes whose batches have become larger or smaller."""

from lightning.pytorch import Trainer
from lightning.pytorch.loops.progress import _ProcessedTracker

from gan_lightning.data import TensorLoader


def count_batches_anew(trainer: Trainer) -> None:
    """Let the Trainer count the batches of a resumed epoch as the loader does.

    With another batch size or another number of processes, as many points are another number of
    batches. Lightning counts on from the old one, and would end the epoch too early or skip its
    validation.
    """
    loader, loop = trainer.train_dataloader, trainer.fit_loop
    if not isinstance(loader, TensorLoader) or not loop.restarted_mid_epoch:
        return
    done = loop.epoch_loop.batch_progress.current
    assert isinstance(done, _ProcessedTracker)  # Lightning declares less than it makes
    unfinished = (
        done.ready - done.completed
    )  # what was saved within a batch's end: Lightning adds it
    done.ready = done.started = done.processed = loader.first_batch
    done.completed = loader.first_batch - unfinished
