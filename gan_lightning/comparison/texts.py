"""A comparison as Markdown and as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence

from gan_lightning.comparison.families import Family, differences_of, quantities_of


def markdown_of(families: Sequence[Family]) -> str:
    """Return a table of figures, one of settings that differ, and the protocols."""
    parts = []
    if quantities := quantities_of(families):
        rows = [[name, *(f.summary(name) for f in families)] for name in quantities]
        parts.append(_table(["", *(f.name for f in families)], rows, "--:"))
    if differing := differences_of(families):
        head = ["setting", *(f.name for f in families)]
        parts.append(_table(head, [[key, *row] for key, row in differing.items()], "---"))
    parts.append("\n".join(_notes(families)))
    return "\n\n".join(parts) + "\n"


def csv_of(families: Sequence[Family]) -> str:
    """Return one line for each family and quantity, with mean, deviation and protocol."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["experiment", "quantity", "mean", "sd", "runs", "values", "protocol"])
    for family in families:
        for name in quantities_of([family]):
            mean, deviation, values = family.mean(name), family.deviation(name), family.values(name)
            listed = " ".join(map(repr, values))
            protocol = " | ".join(family.protocols)
            sd = "" if deviation is None else repr(deviation)
            writer.writerow([family.name, name, repr(mean), sd, len(values), listed, protocol])
    return text.getvalue()


def _notes(families: Sequence[Family]) -> Iterator[str]:
    for family in families:
        spread = ", mean ± standard deviation" if len(family.runs) > 1 else ""
        yield f"- {family.name}: {family.described}{spread}"
        if len(family.protocols) > 1:
            yield "  - Its runs were not judged alike:"
        for protocol in family.protocols:
            yield f"  - {protocol}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    """Return a table of Markdown whose columns also line up on a terminal."""
    cells = [[_cell(text) for text in row] for row in [head, *rows]]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(head))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    aligns = ["---", *[align] * (len(head) - 1)]
    rule = [a[:2] + "-" * (w - 3) + a[2:] for a, w in zip(aligns, widths, strict=True)]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
