"""A self-contained page about a generated table."""

import base64
import html
import io
from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from gan_lightning.data.columns import Categorical, Column
from gan_lightning.data.row_neighbours import RowNeighbours, nearest_training_rows
from gan_lightning.data.table_pictures import MOST_PANELS, levelled, most_different, panel
from gan_lightning.figures import ColumnScene, correlation_pair
from gan_lightning.metrics.correlations import correlations
from gan_lightning.metrics.rows import filled

Scores = Mapping[str, Mapping[str, float]]

MEANINGS = {
    "ks": "Largest difference of two distribution functions, mean over the columns of numbers; "
    "real rows differ too: compare with their value, not with 0.",
    "tv": "Share of rows whose category would have to change, mean over the columns of categories.",
    "missing": "Difference between the shares of missing cells.",
    "correlation_excess": "Mean difference of correlations beyond that of real rows.",
    "c2st": "Accuracy of a forest that separates samples from held-out rows: ½ is as good as real.",
    "boosted": "The same with boosted trees, as the area under the ROC curve: the sharpest judge.",
    "gap": "How much harder samples are to separate from training than from held-out rows: well "
    "above 0 means memorised rows.",
    "closer": "Share of samples nearer to training rows than to as many held-out ones: ½ for new "
    "rows, 1 for copies.",
    "dcr": "Distance to the closest training row, relative to that among training rows: 0 for "
    "copies, 1 for new rows.",
    "copies": "Share of samples that equal a training row in every cell.",
    "memorised": "Share of samples nearer to a training row than held-out rows ever are.",
    "tstr": "Accuracy (R² for a number) on held-out rows of a model that learns the target from "
    "samples.",
    "trtr": "The same, trained on as many training rows: the value for tstr to reach.",
}

NUM_NEIGHBOURS = 10
"""Samples shown with their nearest training rows."""

PRIVACY = (
    "DCR, closer and copies show whether rows were memorised. They guarantee no privacy: a "
    "person may be recognised by a rare category, or by what many rows reveal together, and no "
    "noise was added. The checkpoint holds the names and types of the columns, all categories, the "
    "extremes and some hundred quantiles of each number, the extremes and up to 33 quantiles of "
    "numbers within a category of 60 rows or more, the weights of the model, and a hash of each "
    "held-out row. It holds no rows, but if a class has few of them, a copula's quantiles are "
    "their values."
)

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:right;border-bottom:1px "
    "solid #ddd}td:first-child,td:last-child,th:first-child{text-align:left}img{max-width:100%}"
    ".wide{overflow-x:auto}mark{background:#fbe3d0}"
)


def table_report(columns: Sequence[Column], real: Tensor, generated: Tensor, scores: Scores) -> str:
    """Return a page of HTML: scores and their meaning, columns, correlations, neighbours, privacy.

    Args:
        columns: The columns.
        real: Training rows in the data's own units, shape ``(num_rows, num_columns)``.
        generated: Samples in the same units.
        scores: The metrics of samples and of what they are compared with.
    """
    order = most_different(columns, real, generated)
    groups = [order[i : i + MOST_PANELS] for i in range(0, len(order), MOST_PANELS)]
    pictures = [
        ColumnScene([panel(columns[i], real[:, i]) for i in group], len(real)).showing(
            [levelled(columns[i], generated[:, i]).numpy() for i in group],
            "Columns, those that differ most first",
        )
        for group in groups
    ]
    parts = [
        f"<h1>{len(generated)} generated rows beside {len(real)} real ones</h1>",
        _table(scores),
        "<h2>Columns</h2>",
        *map(_image, pictures),
        "<h2>Pairs</h2>",
        _image(_pairs(columns, real, generated, order)),
        "<h2>Nearest training rows</h2>",
        _neighbours(nearest_training_rows(columns, real, generated[:NUM_NEIGHBOURS])),
        f"<h2>Privacy</h2><p>{html.escape(PRIVACY)}</p>",
    ]
    head = f"<meta charset=utf-8><title>Generated table</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>"


def _table(scores: Scores) -> str:
    names = list(scores)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ["", *names])
    rows = []
    for key, meaning in MEANINGS.items():
        if key in scores["samples"]:
            numbers = [scores[name].get(key) for name in names]
            cells = "".join(f"<td>{'' if n is None else f'{n:.3f}'}</td>" for n in numbers)
            rows.append(f"<tr><td>{key}</td>{cells}<td>{html.escape(meaning)}</td></tr>")
    return f"<table><tr>{head}<th></th></tr>{''.join(rows)}</table>"


def _pairs(
    columns: Sequence[Column], real: Tensor, generated: Tensor, order: Sequence[int]
) -> Figure:
    """Draw the correlations of all pairs of columns in both sets."""
    chosen = sorted(order[:30])
    categorical = [k for k, i in enumerate(chosen) if isinstance(columns[i], Categorical)]
    first, second = (
        correlations(filled(rows[:, chosen], range(len(chosen)), categorical), categorical)
        for rows in (real, generated)
    )
    names = [columns[i].name for i in chosen]
    return correlation_pair(first.numpy(), torch.as_tensor(second).numpy(), names)


def _neighbours(found: RowNeighbours) -> str:
    """Return a table of samples above their nearest training rows, with equal cells marked."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ["", *found.names, "distance"])
    rows = []
    for sample, nearest, distance in zip(
        found.samples, found.nearest, found.distances, strict=True
    ):
        same = [a == b for a, b in zip(sample, nearest, strict=True)]
        for kind, cells, note in [
            ("sample", sample, f"{distance:.2f}"),
            ("training row", nearest, ""),
        ]:
            marked = [
                f"<mark>{html.escape(cell)}</mark>" if equal else html.escape(cell)
                for cell, equal in zip(cells, same, strict=True)
            ]
            rows.append("".join(f"<td>{cell}</td>" for cell in [kind, *marked, note]))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        "<p>Distances in standard deviations; a different category counts 1. Marked cells are the "
        "same in both rows: a sample of marked cells alone is a copy.</p>"
        f"<div class=wide><table><tr>{head}</tr>{body}</table></div>"
    )


def _image(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    return f'<img src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
