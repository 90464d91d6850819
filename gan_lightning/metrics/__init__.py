"""How good samples are: comparisons of a set of samples with a set of data."""

from gan_lightning.metrics.classes import (
    ClassHistogram,
    class_histogram,
    class_shares,
    classifier_score,
    label_accuracy,
)
from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.correlations import correlation_errors, correlations
from gan_lightning.metrics.distances import (
    ks_statistic,
    total_variation,
    wasserstein_distance,
)
from gan_lightning.metrics.diversity import relative_diversity, vendi_score
from gan_lightning.metrics.extractor import FeatureExtractor, Features
from gan_lightning.metrics.features import normalised
from gan_lightning.metrics.frechet import frechet_distance, frechet_distance_per_class
from gan_lightning.metrics.images import CompleteImageMetrics, ImageMetrics
from gan_lightning.metrics.kernel import kernel_distance
from gan_lightning.metrics.manifold import ManifoldScores, precision_recall_density_coverage
from gan_lightning.metrics.memorisation import (
    closest_record_ratio,
    memorised_share,
    nearest_distances,
    nearest_rows,
)
from gan_lightning.metrics.modes import reverse_kl, reverse_kl_floor
from gan_lightning.metrics.points import (
    DensityMetrics,
    PointMetrics,
    modes_and_quality,
    width_of_modes,
)
from gan_lightning.metrics.subsets import random_order
from gan_lightning.metrics.table import CompleteTableMetrics, TableMetrics
from gan_lightning.metrics.transfer import transfer_accuracies, transfer_accuracy
from gan_lightning.metrics.two_sample import two_sample_accuracy

__all__ = [
    "ClassHistogram",
    "CompleteImageMetrics",
    "CompleteTableMetrics",
    "DensityMetrics",
    "FeatureExtractor",
    "Features",
    "ImageMetrics",
    "ManifoldScores",
    "PointMetrics",
    "TableMetrics",
    "TwoSampleMetric",
    "class_histogram",
    "class_shares",
    "classifier_score",
    "closest_record_ratio",
    "correlation_errors",
    "correlations",
    "frechet_distance",
    "frechet_distance_per_class",
    "kernel_distance",
    "ks_statistic",
    "label_accuracy",
    "memorised_share",
    "modes_and_quality",
    "nearest_distances",
    "nearest_rows",
    "normalised",
    "precision_recall_density_coverage",
    "random_order",
    "relative_diversity",
    "reverse_kl",
    "reverse_kl_floor",
    "total_variation",
    "transfer_accuracies",
    "transfer_accuracy",
    "two_sample_accuracy",
    "vendi_score",
    "wasserstein_distance",
    "width_of_modes",
]
