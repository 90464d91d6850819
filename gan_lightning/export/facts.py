"""The meaning of the numbers in an exported file, as plain values."""

from typing import Any

from torch import Tensor

from gan_lightning.export.graph import SampleGraph
from gan_lightning.version import __version__

KEY = "gan_lightning"
"""Name of the metadata entry that holds the facts as JSON."""


def facts_of(graph: SampleGraph) -> dict[str, Any]:
    """Return what a reader without this package needs to know.

    ``noise`` is the number of N(0, 1) values per sample, ``shape`` that of a sample; ``kind`` and
    ``columns`` describe its numbers. For a conditional model, ``labels`` are the labels' names and
    ``label_shares`` their frequencies in training.
    """
    model, units = graph.model, graph.units
    units_state = units.state_dict()
    facts: dict[str, Any] = {
        "gan_lightning_version": __version__,
        "model": type(model).__name__,
        "kind": units.kind,
        "shape": list(graph.shape),
        "noise": graph.noise_dim,
        "columns": units_state.get("columns", []),
        "labels": None,
    }
    if model.num_classes is not None:
        counts = model.label_counts.double() + (model.label_counts.sum() == 0)
        names = units.label_names or ()
        known = names if len(names) == model.num_classes else range(model.num_classes)
        facts["labels"] = list(map(str, known))
        facts["label_shares"] = (counts / counts.sum()).tolist()
    return plain(facts)


def plain(value: Any) -> Any:
    """Return a value that JSON can hold."""
    if isinstance(value, Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
