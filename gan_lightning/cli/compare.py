"""The command ``compare``: runs side by side, as a table and as a page."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gan_lightning.cli.report import report_file
from gan_lightning.cli.runs import Run
from gan_lightning.comparison import csv_of, families_of, markdown_of, page_of, read_run
from gan_lightning.errors import InputError
from gan_lightning.files import replacing


def compare(args: Sequence[str]) -> None:
    """Print a comparison of runs as Markdown, and write it as CSV and HTML.

    Args:
        args: The words after the command.

    Raises:
        InputError: If a run does not exist, or none is named.
    """
    asked = _parser().parse_args(args)
    folders = [folder for word in asked.runs for folder in _folders(Path(word))]
    runs = [read_run(folder) for folder in dict.fromkeys(folders)]
    families = families_of(runs)
    page = page_of(families)
    for sentence in (sentence for run in runs for sentence in run.unread):
        sys.stderr.write(f"{sentence}\n")
    sys.stdout.write(markdown_of(families))
    base = Path(asked.output)
    base = base.with_suffix("") if base.suffix in (".html", ".csv") else base
    for what, ending, text in [
        ("the table", ".csv", csv_of(families)),
        ("the page", ".html", page),
    ]:
        path = base.with_name(base.name + ending)
        older = path.is_file()
        with replacing(path) as file:
            file.write_text(text, encoding="utf-8")
        report_file(what, path, older)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("python -m gan_lightning compare", description=__doc__)
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="a run's folder, a checkpoint in it, or an experiment's folder for all of its runs; "
        "runs that differ in nothing but the seed are averaged",
    )
    parser.add_argument(
        "--output",
        default="comparison",
        metavar="NAME",
        help="where NAME.csv and NAME.html are written (default: comparison)",
    )
    return parser


class _Parser(argparse.ArgumentParser):
    """Reports errors as the other commands do."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise InputError(f"compare: {message}; see compare --help.")


def _folders(path: Path) -> Iterator[Path]:
    """Yield the run folders that a word denotes."""
    run = Run.of_checkpoint(path) if path.is_file() else None
    if run is not None:
        yield run.folder
    elif path.is_dir() and _is_run(path):
        yield path
    elif path.is_dir() and (found := sorted(filter(_is_run, path.iterdir()), key=_version)):
        yield from found
    else:
        what = (
            "a folder without runs" if path.is_dir() else "a file" if path.exists() else "nothing"
        )
        raise InputError(
            f"compare: expected a run's folder, such as lightning_logs/r3gan_iris/version_0; found "
            f"{what} at {path}."
        )


def _is_run(path: Path) -> bool:
    kept = ("config.yaml", "metrics.json", "checkpoints")
    return path.is_dir() and any((path / name).exists() for name in kept)


def _version(path: Path) -> tuple[int, str]:
    number = path.name.rpartition("_")[2]
    return (int(number) if number.isdecimal() else 0, path.name)
