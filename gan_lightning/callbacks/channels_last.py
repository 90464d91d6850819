"""The memory format of images."""

import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class ChannelsLast(Callback):
    """Keeps the channels of each pixel next to each other, as most convolutions prefer.

    Results change by rounding only; networks of rows are left as they are.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        pl_module.to(memory_format=torch.channels_last)
