"""How good samples are: comparisons of a set of samples with a set of data."""

from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.correlations import correlation_errors, correlations
from gan_lightning.metrics.distances import (
    ks_statistic,
    total_variation,
    wasserstein_distance,
)
from gan_lightning.metrics.images import ImageMetrics
from gan_lightning.metrics.points import PointMetrics
from gan_lightning.metrics.table import CompleteTableMetrics, TableMetrics

__all__ = [
    "CompleteTableMetrics",
    "ImageMetrics",
    "PointMetrics",
    "TableMetrics",
    "TwoSampleMetric",
    "correlation_errors",
    "correlations",
    "ks_statistic",
    "total_variation",
    "wasserstein_distance",
]
