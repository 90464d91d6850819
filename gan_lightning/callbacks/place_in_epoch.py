"""Where a run whose batch size has changed resumes within an epoch."""

from lightning.pytorch import Trainer
from lightning.pytorch.loops.progress import _ProcessedTracker

from gan_lightning.data import TensorLoader


def recount_batches(trainer: Trainer) -> None:
    """Let the Trainer count the batches of a resumed epoch as the loader does.

    With another batch size or number of processes, the same points make up another number of
    batches. Lightning continues the old count, and would end the epoch too early or skip its
    validation.
    """
    loader, loop = trainer.train_dataloader, trainer.fit_loop
    if not isinstance(loader, TensorLoader) or not loop.restarted_mid_epoch:
        return
    done = loop.epoch_loop.batch_progress.current
    assert isinstance(done, _ProcessedTracker)  # Lightning declares less than it makes
    unfinished = done.ready - done.completed  # saved at a batch's end, which Lightning counts later
    done.ready = done.started = done.processed = loader.first_batch
    done.completed = loader.first_batch - unfinished
