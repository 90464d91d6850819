"""Exports: files that draw samples, and how to read them back."""

from gan_lightning.export.card import Origin, figures_in
from gan_lightning.export.loaded import LoadedModel, load
from gan_lightning.export.writing import card_path, check_format, write_export

__all__ = [
    "LoadedModel",
    "Origin",
    "card_path",
    "check_format",
    "figures_in",
    "load",
    "write_export",
]
