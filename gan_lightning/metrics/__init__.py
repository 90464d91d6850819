"""How good samples are: comparisons of a set of samples with a set of data."""

from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.distances import (
    correlation_error,
    ks_statistic,
    wasserstein_distance,
)
from gan_lightning.metrics.images import ImageMetrics
from gan_lightning.metrics.points import PointMetrics
from gan_lightning.metrics.table import TableMetrics

__all__ = [
    "ImageMetrics",
    "PointMetrics",
    "TableMetrics",
    "TwoSampleMetric",
    "correlation_error",
    "ks_statistic",
    "wasserstein_distance",
]
