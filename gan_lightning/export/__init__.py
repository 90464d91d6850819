"""The generator leaves the house: files that draw samples, and what they are read back by."""

from gan_lightning.export.card import Origin, figures_in
from gan_lightning.export.loaded import LoadedModel, load
from gan_lightning.export.writing import ENDINGS, card_path, check_output, write_export

__all__ = [
    "ENDINGS",
    "LoadedModel",
    "Origin",
    "card_path",
    "check_output",
    "figures_in",
    "load",
    "write_export",
]
