"""The features that metrics of images use: frozen networks and fixed filters."""

from gan_lightning.features.digits import DigitFeatures
from gan_lightning.features.filters import FilterFeatures
from gan_lightning.features.inception import InceptionFeatures
from gan_lightning.features.stacked_digits import StackedDigitFeatures
from gan_lightning.metrics.extractor import FeatureExtractor, Features

__all__ = [
    "DigitFeatures",
    "FeatureExtractor",
    "Features",
    "FilterFeatures",
    "InceptionFeatures",
    "StackedDigitFeatures",
]
