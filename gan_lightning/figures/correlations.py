"""How columns depend on each other in two sets of rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gan_lightning.figures.palette import plain, shortened, styled
from gan_lightning.figures.scene import Scene

MOST_LETTERS = 14
"""Letters of a column's name."""


@styled()
def correlation_pair(
    real: NDArray[np.float64], generated: NDArray[np.float64], names: Sequence[str]
) -> Scene:
    """Draw the correlations of columns in both sets, and their difference.

    Args:
        real: Shape ``(num_columns, num_columns)``, in [-1, 1].
        generated: Of the same shape and range.
        names: The columns' names.
    """
    scene = Scene(13, 4.8)
    axes = scene.subplots(1, 3, sharey=True)
    titles = ("real", "generated", "difference")
    shown = [plain(shortened(name, MOST_LETTERS)) for name in names]
    size = 9 if len(names) < 12 else 6
    for axis, matrix, title in zip(axes, (real, generated, generated - real), titles, strict=True):
        image = axis.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu")
        axis.set_title(title)
        axis.set_xticks(range(len(names)), shown, rotation=90, fontsize=size)
    axes[0].set_yticks(range(len(names)), shown, fontsize=size)
    scene.colorbar(image, ax=axes)
    return scene
