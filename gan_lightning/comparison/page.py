"""A comparison as one self-contained page, for large and small screens."""

import base64
import html
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from gan_lightning.comparison.families import Family, differences_of, quantities_of
from gan_lightning.comparison.plots import COLOURS, plot_of

MOST_PLOTS = 30
"""The largest number of curves drawn; the page states how many are left out."""

WIDEST = 900
"""Width of a picture on the page in pixels."""

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:1200px;margin:0 auto;padding:1em}
body{overflow-wrap:anywhere}
h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.9em}
td,th{padding:.3em .8em;text-align:right;border-bottom:1px solid #8884;white-space:nowrap}
td:first-child,th:first-child{text-align:left}
.settings td{text-align:left;white-space:normal}
.grid{display:grid;gap:1em;grid-template-columns:repeat(auto-fill,minmax(min(100%,20em),1fr))}
figure{margin:0}figcaption{font-size:.85em}
img,svg{width:100%;height:auto}img{image-rendering:auto;background:#fff}
.key{display:inline-block;width:1em;height:.3em;vertical-align:middle;margin-right:.4em}
@media(max-width:40em){td,th{white-space:normal;padding:.3em .4em}}
small{opacity:.75}
"""


def page_of(families: Sequence[Family]) -> str:
    """Return HTML with figures, settings, pictures and curves, without external content."""
    names = ", ".join(family.name for family in families)
    parts = [
        f"<h1>{_text(names)}</h1>",
        "<ul>",
        *(_family(family, i) for i, family in enumerate(families)),
        "</ul>",
        *_figures(families),
        *_settings(families),
        *_pictures(families),
        *_curves(families),
        *_unread(families),
    ]
    head = (
        "<meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{_text(names)}</title><style>{STYLE}</style>"
    )
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _family(family: Family, index: int) -> str:
    key = f'<span class=key style="background:{COLOURS[index % len(COLOURS)]}"></span>'
    protocols = "".join(f"<br><small>{_text(protocol)}</small>" for protocol in family.protocols)
    unlike = " that were not judged alike" if len(family.protocols) > 1 else ""
    return (
        f"<li>{key}<b>{_text(family.name)}</b>: {_text(family.described)}{unlike}{protocols}</li>"
    )


def _figures(families: Sequence[Family]) -> Iterator[str]:
    quantities = quantities_of(families)
    if not quantities:
        return
    spread = any(len(family.runs) > 1 for family in families)
    has_floor = any(family.floor(name) for family in families for name in quantities)
    note = ["Mean ± standard deviation over the seeds."] if spread else []
    if has_floor:
        note.append("In brackets: real training points in place of samples.")
    rows = []
    for name in quantities:
        cells = [_figure(family, name) for family in families]
        rows.append([_text(name), *cells])
    yield f"<h2>Figures</h2><p>{' '.join(note)}</p>"
    yield _table(["", *(_text(family.name) for family in families)], rows)


def _figure(family: Family, name: str) -> str:
    floor = family.floor(name)
    return _text(family.summary(name)) + (f" <small>({_text(floor)})</small>" if floor else "")


def _settings(families: Sequence[Family]) -> Iterator[str]:
    differing = differences_of(families)
    if differing:
        rows = [[_text(key), *map(_text, row)] for key, row in differing.items()]
        yield "<h2>Settings that differ</h2>"
        yield _table(["", *(_text(family.name) for family in families)], rows, "settings")


def _pictures(families: Sequence[Family]) -> Iterator[str]:
    runs = [run for family in families for run in family.runs]
    for kind in dict.fromkeys(kind for run in runs for kind in run.pictures):
        shown = []
        for run in runs:
            path = run.pictures.get(kind)
            source = None if path is None else _embedded(path, run.unread)
            if path is not None and source is not None:
                batch = path.stem.lstrip("0") or "0"
                caption = f"{run.name}, seed {run.seed}, batch {batch}"
                shown.append(
                    f'<figure><img src="{source}" alt="{_text(kind)} of {_text(run.name)}">'
                    f"<figcaption>{_text(caption)}</figcaption></figure>"
                )
        yield f"<h2>Pictures: {_text(kind)}</h2><div class=grid>{''.join(shown)}</div>"


def _embedded(path: Path, unread: list[str]) -> str | None:
    """Return a picture as a data URL; it is re-encoded, so nothing else in the file is embedded."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.thumbnail((WIDEST, 4 * WIDEST))
            content = io.BytesIO()
            image.convert("RGB").save(content, "PNG", optimize=True)
    except Exception as error:  # Pillow raises many kinds of errors for damaged files
        unread.append(f"{path} cannot be read: {type(error).__name__}.")
        return None
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def _curves(families: Sequence[Family]) -> Iterator[str]:
    names = {name for family in families for run in family.runs for name in run.curves}
    order = sorted(names, key=lambda name: (not name.startswith("val/"), name))
    if not order:
        return
    left = f", of {len(order)} the first {MOST_PLOTS}" if len(order) > MOST_PLOTS else ""
    yield f"<h2>Curves, by batches{left}</h2><div class=grid>"
    for name in order[:MOST_PLOTS]:
        lines = [
            (run.curves[name], COLOURS[i % len(COLOURS)])
            for i, family in enumerate(families)
            for run in family.runs
            if name in run.curves
        ]
        yield f"<figure>{plot_of(lines)}<figcaption>{_text(name)}</figcaption></figure>"
    yield "</div>"


def _unread(families: Sequence[Family]) -> Iterator[str]:
    sentences = [text for family in families for run in family.runs for text in run.unread]
    if sentences:
        items = "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences)
        yield f"<h2>What could not be read</h2><ul>{items}</ul>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], style: str = "") -> str:
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide {style}"><table><tr>{top}</tr>{body}</table></div>'


def _text(text: str) -> str:
    return html.escape(text)
