"""Features of a digit in each colour."""

import torch
from torch import Tensor

from gan_lightning.features.digits import DigitFeatures
from gan_lightning.metrics.extractor import FeatureExtractor, Features


class StackedDigitFeatures(FeatureExtractor):
    """``DigitFeatures`` of each channel, side by side.

    A class is one digit per channel, the first channel's first: three channels have 1 000 classes,
    whose logits are sums of the channels' log-probabilities.
    """

    def __init__(self) -> None:
        self.digits = DigitFeatures()
        self.name = f"{self.digits.name} of each channel"

    def extract(self, images: Tensor) -> Features:
        channels = [self.digits.extract(channel) for channel in images.split(1, dim=1)]
        middle, last, logits = zip(*channels, strict=True)
        joint = torch.zeros_like(images[:, 0, 0, :1], dtype=torch.float32)
        for channel in logits:
            joint = (joint[:, :, None] + channel.log_softmax(1)[:, None]).flatten(1)
        return Features(torch.cat(middle, 1), torch.cat(last, 1), joint)
