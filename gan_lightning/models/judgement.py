"""What the discriminator says of points."""

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

Terms = dict[str, Tensor]
"""Scalars by name."""


class Judgement(NamedTuple):
    """Points and the discriminator's logits for them."""

    points: Tensor
    logits: Tensor
    terms: Mapping[str, Tensor] = {}
    """Further terms that both players minimise, scalars by name."""
    readings: Mapping[str, Tensor] = {}
    """Further quantities of real points to log."""
