"""The content of a run's folder, read without building or trusting anything in it."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gan_lightning.comparison.curves import Curve, read_curves

MOST_SETTINGS = 10_000
"""A limit that only malformed configs exceed, such as those with nested aliases."""

MOST_BYTES = 10_000_000
"""The largest size of a config or a file of metrics."""


@dataclass
class RunRecord:
    """One run, as far as it could be read."""

    name: str
    """Experiment and version."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Dotted keys of its configuration, without the word ``init_args``."""
    figures: dict[str, float] = field(default_factory=dict)
    """Numbers by ``<stage>/<quantity>``."""
    floor: dict[str, float] = field(default_factory=dict)
    """The same for real points in place of samples, if ``test`` stored them."""
    protocol: str = ""
    """The protocol of the figures."""
    curves: dict[str, Curve] = field(default_factory=dict)
    pictures: dict[str, Path] = field(default_factory=dict)
    """The newest picture of each kind."""
    unread: list[str] = field(default_factory=list)
    """Sentences about what could not be read."""

    @property
    def seed(self) -> Any:
        """The seed of its training, if the config states it."""
        return self.settings.get("seed_everything")


def read_run(folder: Path) -> RunRecord:
    """Return the content of a run's folder; ``unread`` lists what cannot be read."""
    place = folder.absolute()
    run = RunRecord(f"{place.parent.name}/{place.name}")
    _read_config(run, folder / "config.yaml")
    run.curves, protocols = read_curves(folder, run.unread)
    _read_figures(run, folder / "metrics.json", protocols)
    run.pictures = dict(_newest_pictures(folder))
    return run


def _read_config(run: RunRecord, path: Path) -> None:
    try:
        run.settings = dict(_settings(yaml.safe_load(_text(path))))
    except FileNotFoundError:
        run.unread.append(f"{path} is not there, so its settings are not compared.")
    except (OSError, ValueError, RecursionError, yaml.YAMLError, AttributeError) as error:
        run.unread.append(f"{path} cannot be read: {_reason(error)}.")


def _read_figures(run: RunRecord, path: Path, protocols: Mapping[str, str]) -> None:
    try:
        found = json.loads(_text(path))
        stage = str(found["stage"])
        run.figures = _numbers(stage, found["values"])
        run.floor = _numbers(stage, found.get("floor") or {})
        run.protocol = str(found["protocol"])
        return
    except FileNotFoundError:
        reason = f"{path} is not there"
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        reason = f"{path} cannot be read: {_reason(error)}"
    run.figures = {
        name: curve[-1][1] for name, curve in run.curves.items() if name.startswith("val/")
    }
    run.protocol = protocols.get("val", "")
    instead = "figures are the last of its validation" if run.figures else "run has no figures"
    run.unread.append(f"{reason}, so the {instead}; test --ckpt_path makes it.")


def _numbers(stage: str, values: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"{stage}/{name}": float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


def _newest_pictures(folder: Path) -> Iterator[tuple[str, Path]]:
    home = folder.resolve()
    for kind in sorted((folder / "pictures").glob("*")):
        found = sorted(path for path in kind.glob("*.png") if path.resolve().is_relative_to(home))
        if found:
            yield kind.name, found[-1]


def _settings(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield each setting by its dotted key.

    Raises:
        ValueError: If they have no names, or if there are too many.
    """
    if not isinstance(content, dict):
        raise ValueError(f"expected named settings, found a {type(content).__name__}")
    waiting: list[tuple[str, Any]] = [("", content)]
    seen = 0
    while waiting:
        key, value = waiting.pop()
        seen += 1
        if seen > MOST_SETTINGS:
            raise ValueError(f"it has more than {MOST_SETTINGS} settings")
        if isinstance(value, dict):
            for name, item in value.items():
                waiting.append((key if name == "init_args" else f"{key}.{name}".lstrip("."), item))
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            waiting += [(f"{key}.{i}", item) for i, item in enumerate(value)]
        else:
            yield key.removesuffix(".class_path"), value


def _text(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES} bytes")
    return path.read_text(encoding="utf-8")


def _reason(error: Exception) -> str:
    text = " ".join(str(getattr(error, "problem", None) or error).split())
    return f"{type(error).__name__}: {text[:120]}".rstrip(".")
