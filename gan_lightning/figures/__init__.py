"""How samples look: functions of points that return matplotlib figures or pixels."""

from gan_lightning.figures.images import image_grid, labelled_grid
from gan_lightning.figures.latents import (
    image_pairs,
    interpolated,
    latent_scatter,
    plane_of_quantiles,
    traversed,
)
from gan_lightning.figures.points import points_over_density
from gan_lightning.figures.table import (
    Panel,
    column_panels,
    correlation_pair,
    feature_histograms,
    feature_pairs,
)

__all__ = [
    "Panel",
    "column_panels",
    "correlation_pair",
    "feature_histograms",
    "feature_pairs",
    "image_grid",
    "image_pairs",
    "interpolated",
    "labelled_grid",
    "latent_scatter",
    "plane_of_quantiles",
    "points_over_density",
    "traversed",
]
