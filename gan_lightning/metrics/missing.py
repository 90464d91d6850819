"""Distances of columns with missing cells, which are NaN."""

from collections.abc import Callable

from torch import Tensor

from gan_lightning.metrics.distances import total_variation

Distance = Callable[[Tensor, Tensor], Tensor]
"""Maps two sets of points to a distance for each column."""


def of_present(distance: Distance) -> Distance:
    """Return a distance of two columns without their missing cells; 1 where none are left."""

    def of_present(real: Tensor, generated: Tensor) -> Tensor:
        real, generated = (values[~values.isnan()][:, None] for values in (real, generated))
        if not len(real) or not len(generated):
            return real.new_tensor([float(len(real) != len(generated))])
        return distance(real, generated)

    return of_present


def of_categories(real: Tensor, generated: Tensor) -> Tensor:
    """Return the total variation of two columns, in which missing is a separate category."""
    return total_variation(real.nan_to_num(-1), generated.nan_to_num(-1))


def missing_difference(real: Tensor, generated: Tensor) -> Tensor:
    """Return by how much the shares of missing cells differ, for each column."""
    return (real.isnan().double().mean(0) - generated.isnan().double().mean(0)).abs()
