"""How samples look: functions of points that return matplotlib figures or pixels."""

from gan_lightning.figures.animation import write_animation
from gan_lightning.figures.captions import captioned, magnification
from gan_lightning.figures.columns import ColumnScene, Panel
from gan_lightning.figures.correlations import correlation_pair
from gan_lightning.figures.images import image_grid, labelled_grid
from gan_lightning.figures.latents import (
    FARTHEST,
    image_pairs,
    interpolated,
    latent_scatter,
    most_varying,
    plane_of_quantiles,
    traversed,
)
from gan_lightning.figures.pairs import Groups, PairScene
from gan_lightning.figures.palette import CATEGORIES
from gan_lightning.figures.points import PointScene
from gan_lightning.figures.rows import row_pairs
from gan_lightning.figures.scene import Scene
from gan_lightning.figures.surface import SurfaceScene

__all__ = [
    "CATEGORIES",
    "FARTHEST",
    "ColumnScene",
    "Groups",
    "PairScene",
    "Panel",
    "PointScene",
    "Scene",
    "SurfaceScene",
    "captioned",
    "correlation_pair",
    "image_grid",
    "image_pairs",
    "interpolated",
    "labelled_grid",
    "latent_scatter",
    "magnification",
    "most_varying",
    "plane_of_quantiles",
    "row_pairs",
    "traversed",
    "write_animation",
]
