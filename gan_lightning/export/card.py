"""Model cards: what a person needs to know about an exported file, in Markdown."""

import json
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from gan_lightning.export.agreement import Agreement
from gan_lightning.export.reader import reader_of

PACKAGES = ("gan_lightning", "torch", "lightning", "numpy", "onnx", "onnxruntime", "safetensors")


class Origin(NamedTuple):
    """Where a model comes from."""

    checkpoint: str
    """Name of its file."""
    fingerprint: Mapping[str, str]
    """Size and hash of each split of its data."""
    figures: Mapping[str, Any] | None
    """The results of ``test``, as in ``metrics.json``, or None."""
    config: str | None
    """The run's ``config.yaml``."""


def card_of(
    path: Path, facts: Mapping[str, Any], origin: Origin, agreed: Agreement | None, sampler: str
) -> str:
    """Return the card of an exported file.

    Args:
        path: The file.
        facts: The meaning of its numbers.
        origin: Where its model comes from.
        agreed: How its samples compare with those of the model; None for a file of weights.
        sampler: The step between noise and networks, in a sentence.
    """
    checked = "The weights are the model's own." if agreed is None else f"{agreed}."
    parts = [
        f"# {path.name}",
        f"Draws {_drawn(facts)}: the {facts['model']} of `{origin.checkpoint}`, exported by "
        f"gan_lightning {facts['gan_lightning_version']}. {checked}",
        "## Input and output",
        *_interface(facts, path.suffix, sampler),
        "## Data",
        *_data(facts, origin),
        "## Figures",
        *_figures(origin),
        "## How to draw samples",
        *reader_of(path, facts),
        "## Versions",
        ", ".join(_versions()) + ".",
        "## Configuration",
        *_config(origin),
    ]
    return "\n\n".join(parts) + "\n"


def _drawn(facts: Mapping[str, Any]) -> str:
    shape = " × ".join(map(str, facts["shape"]))
    kinds = {"points": "points in the plane", "images": f"images of shape {shape}"}
    return kinds.get(facts["kind"], f"rows of {shape} columns")


def _interface(facts: Mapping[str, Any], ending: str, sampler: str) -> Iterator[str]:
    if ending == ".safetensors":
        yield "The file holds weights and plain values, and no operations."
    else:
        lines = [f"- `noise`: float32, shape (n, {facts['noise']}), drawn from N(0, 1)."]
        if facts["labels"] is not None:
            lines.append(f"- `labels`: int64, shape (n,), from 0 to {len(facts['labels']) - 1}.")
        shape = ", ".join(["n", *map(str, facts["shape"])])
        dtype = "float32" if facts["kind"] == "images" else "float64"
        lines.append(f"- `samples`, the output: {dtype}, shape ({shape}), {_units(facts)}.")
        yield "\n".join(lines)
    yield sampler


def _units(facts: Mapping[str, Any]) -> str:
    if facts["kind"] == "images":
        return "pixels from 0 to 255, not rounded"
    return "in the data's own units, not rounded; a category is its index, NaN is missing"


def _data(facts: Mapping[str, Any], origin: Origin) -> Iterator[str]:
    splits = [f"- {name}: {text}" for name, text in origin.fingerprint.items()]
    yield "\n".join(splits) or "The checkpoint does not say which data it was trained on."
    if facts["columns"]:
        rows = [f"| {_cell(c['name'])} | {c['type']} | {_values(c)} |" for c in facts["columns"]]
        yield "\n".join(["| column | type | values |", "|---|---|---|", *rows])
    if facts["labels"] is not None:
        shares = zip(facts["labels"], facts["label_shares"], strict=True)
        named = [f"{i} = {_cell(name)} ({share:.1%})" for i, (name, share) in enumerate(shares)]
        yield f"Labels, with their share in training: {', '.join(named)}."


def _values(column: Mapping[str, Any]) -> str:
    if "categories" in column:
        return _cell(", ".join(column["categories"]))
    if column.get("decimals") is None:
        return "not rounded"
    return f"rounded to {column['decimals']} decimal places"


def _cell(text: str) -> str:
    """Return a text of the data for a cell of a Markdown table."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def _figures(origin: Origin) -> Iterator[str]:
    found = origin.figures
    if not found or not found.get("values"):
        yield "None yet: run `test --ckpt_path`, then export again."
        return
    if found.get("checkpoint") != origin.checkpoint:
        yield f"These are from `{found.get('checkpoint')}`, another checkpoint of the same run."
    yield f"Protocol: {found.get('protocol')}."
    floor = found.get("floor") or {}
    rows = [
        f"| {name} | {_number(value)} | {_number(floor.get(name))} |"
        for name, value in found["values"].items()
    ]
    header = ["| quantity | samples | real points in their place |", "|---|--:|--:|"]
    yield "\n".join([*header, *rows])


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else ""


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()}"
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            continue  # an extra


def _config(origin: Origin) -> Iterator[str]:
    if origin.config is None:
        yield "The checkpoint is not in its run's folder, which holds the configuration."
        return
    fence = "```"
    while fence in origin.config:
        fence += "`"
    yield f"{fence}yaml\n{origin.config.rstrip()}\n{fence}"


def figures_in(path: Path) -> dict[str, Any] | None:
    """Return the content of a ``metrics.json``; None if it is missing or unreadable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
