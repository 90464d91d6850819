"""What has been found in a column of a frame."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gan_lightning.data.columns import Column


class Found(NamedTuple):
    """A column and its values; or why it is left out."""

    column: Column | None
    values: Tensor
    why_left_out: str = ""
    how_read: str = ""
    """How its numbers were read, for a person to know."""

    as_levels: str = ""
    """Why numbers were read as categories."""

    assumed: str = ""
    """What its dates leave open, and how they were read."""


def placed(
    series: "pd.Series[Any]", present: "pd.Series[Any]", values: "np.ndarray[Any, Any]"
) -> Tensor:
    """Return the values of present cells, and NaN for the others."""
    placed = pd.Series(values, index=present.index).reindex(series.index)
    return torch.tensor(placed.to_numpy(dtype=float))
