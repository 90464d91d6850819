"""Runs side by side: their settings, their results, and the spread over seeds."""

from gan_lightning.comparison.families import Family, families_of
from gan_lightning.comparison.page import page_of
from gan_lightning.comparison.run_record import RunRecord, read_run
from gan_lightning.comparison.texts import csv_of, markdown_of

__all__ = [
    "Family",
    "RunRecord",
    "csv_of",
    "families_of",
    "markdown_of",
    "page_of",
    "read_run",
]
