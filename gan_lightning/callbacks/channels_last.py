"""Another order of the numbers of images in memory."""

import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class ChannelsLast(Callback):
    """Keeps the channels of each pixel side by side, which convolutions on most processors prefer.

    The numbers are the same but for rounding; networks of rows are left alone.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        pl_module.to(memory_format=torch.channels_last)
