"""Runs with the same settings except the seed, and figures with their spread over seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from gan_lightning.comparison.run_record import RunRecord

OF_ONE_RUN = ("seed_everything", "ckpt_path", "trust", "init_from", "weights_only")
"""Settings that may differ between the runs of a family."""


@dataclass
class Family:
    """Runs that differ in nothing but the seed."""

    name: str
    runs: list[RunRecord]

    def values(self, quantity: str) -> list[float]:
        """Return a quantity's value in each run that has one."""
        return [run.figures[quantity] for run in self.runs if quantity in run.figures]

    def mean(self, quantity: str) -> float | None:
        """Return the mean over the runs; None if no run has the quantity."""
        values = self.values(quantity)
        return fmean(values) if values else None

    def deviation(self, quantity: str) -> float | None:
        """Return the standard deviation over the runs; None for fewer than two."""
        values = self.values(quantity)
        return stdev(values) if len(values) > 1 else None

    def summary(self, quantity: str) -> str:
        """Return mean ± standard deviation as text, empty without a number."""
        mean, deviation = self.mean(quantity), self.deviation(quantity)
        if mean is None:
            return ""
        return number(mean) if deviation is None else f"{number(mean)} ± {number(deviation)}"

    def floor(self, quantity: str) -> str:
        """Return the mean for real points in place of samples, as text."""
        values = [run.floor[quantity] for run in self.runs if quantity in run.floor]
        return number(fmean(values)) if values else ""

    @property
    def described(self) -> str:
        """The number of runs and their seeds."""
        seeds = ", ".join(str(run.seed) for run in self.runs if run.seed is not None)
        named = f" with the seed{'s' if len(self.runs) > 1 else ''} {seeds}" if seeds else ""
        return f"{len(self.runs)} run{'s' if len(self.runs) > 1 else ''}{named}"

    @property
    def protocols(self) -> list[str]:
        """The protocols of the figures: a single one if all runs were judged alike."""
        return list(dict.fromkeys(run.protocol for run in self.runs if run.protocol))


def families_of(runs: Iterable[RunRecord]) -> list[Family]:
    """Return the runs in families, in the order of their first runs."""
    found: dict[Any, list[RunRecord]] = {}
    for run in runs:
        settings = sorted((k, str(v)) for k, v in run.settings.items() if k not in OF_ONE_RUN)
        # A run with unreadable settings forms a separate family.
        found.setdefault(tuple(settings) or id(run), []).append(run)
    families = [Family("", members) for members in found.values()]
    experiments = [family.runs[0].name.partition("/")[0] for family in families]
    for family, experiment in zip(families, experiments, strict=True):
        alone = experiments.count(experiment) == 1
        versions = "+".join(run.name.rpartition("/")[2] for run in family.runs)
        family.name = experiment if alone else f"{experiment}/{versions}"
    return families


def quantities_of(families: Sequence[Family]) -> list[str]:
    """Return the names of all figures, in the order of the runs."""
    names = [name for family in families for run in family.runs for name in run.figures]
    return list(dict.fromkeys(names))


def differences_of(families: Sequence[Family]) -> dict[str, list[str]]:
    """Return the settings in which families differ, each with its values as texts."""
    settings = [family.runs[0].settings for family in families]
    known = [each for each in settings if each]
    keys = sorted({key for each in known for key in each if key not in OF_ONE_RUN})
    rows = {key: [_shown(each, key) for each in settings] for key in keys}
    readable = [i for i, each in enumerate(settings) if each]
    return {key: row for key, row in rows.items() if len({row[i] for i in readable}) > 1}


def number(value: float) -> str:
    """Return a number as shown in a table."""
    return f"{value:.4g}"


def _shown(settings: dict[str, Any], key: str) -> str:
    if key not in settings:
        return "–"
    return "null" if settings[key] is None else str(settings[key])
