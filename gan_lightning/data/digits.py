"""Handwritten digits bundled with scikit-learn."""

import torch
from sklearn.datasets import load_digits

from gan_lightning.data.binarised import Binarisation
from gan_lightning.data.image_units import ValueRange
from gan_lightning.data.images import Images, resized, split_off
from gan_lightning.data.memory import Split
from gan_lightning.errors import InputError
from gan_lightning.features import DigitFeatures, FeatureExtractor


class Digits(Images):
    """1 797 real handwritten digits of 8×8 pixels (Alpaydin & Kaynak, 1998); needs no download.

    Unlike MNIST's, they fill the image to its border: ``DigitFeatures`` classify 91 % of them
    correctly with a margin around them and 41 % without.

    Args:
        size: Height and width to which they are resized.
        batch_size: Images in a batch.
        num_val: Images that are held out for validation and ``test``.
        value_range: Range of the floats: ``[-1, 1]`` or ``[0, 1]``.
        binarise: Make images black and white: ``threshold`` at one half, ``bernoulli`` by chance,
            with the grey value as the probability of white, redrawn for every training batch and
            fixed in validation and test.
        features: Features that the metrics use; by default ``DigitFeatures`` with a margin.
    """

    knows_classes = True

    def __init__(
        self,
        size: int = 28,
        batch_size: int = 128,
        num_val: int = 297,
        value_range: ValueRange = "[-1, 1]",
        binarise: Binarisation | None = None,
        features: FeatureExtractor | None = None,
    ) -> None:
        features = features or DigitFeatures(margin=5)  # these digits fill their images
        super().__init__((1, size, size), 10, batch_size, value_range, features, binarise)
        if not 0 <= num_val < 1797:
            raise InputError(f"num_val must lie in [0, 1797), found {num_val}.")
        self.num_val = num_val

    def setup(self, stage: str) -> None:
        digits = load_digits()
        grey = torch.from_numpy(digits.images)[:, None] * (255 / 16)  # from 0 … 16
        images = resized(grey.round().to(torch.uint8), self.data_shape[1])
        everything = Split(images, torch.from_numpy(digits.target).long())
        self.train, val = split_off(everything, self.num_val, seed=0)
        self.val = self.test = val if self.num_val else self.train
        self.binarise_splits()
