"""Tables in files, with inferred separators, encodings and headers."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from lightning_utilities.core.rank_zero import rank_zero_warn

from gan_lightning.data.parquet import read_parquet
from gan_lightning.data.table_lines import looked_through, unequal
from gan_lightning.data.texts import MOSTLY, numbers_of
from gan_lightning.errors import InputError

SEPARATORS = (",", ";", "\t", "|")

BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

OTHER_FORMATS = {
    b"PK\x03\x04": "an Excel or zip file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
}

MISSING_WORDS = ("NA", "N/A", "n/a", "None", "none", "NULL", "null", "NaN", "nan", "<NA>", "#N/A")
"""Texts that pandas may read as an empty cell."""

MOST_LOOKED_AT = 2**18
"""Bytes from which separator and header are inferred."""

GROUPED = r"[^\d,]*\d{1,3}(,\d{3})+(\.\d+)?[^\d,]*"
"""A number with commas between groups of three digits, and a currency or a unit."""


def read_table(
    path: Path,
    separator: str | None = None,
    encoding: str | None = None,
    as_texts: bool = False,
    words: Collection[str] = (),
) -> pd.DataFrame:
    """Return the table of a CSV or Parquet file.

    Args:
        path: The file; the ending ``.parquet`` means Parquet.
        separator: The separator of cells; by default inferred from the first lines.
        encoding: Encoding of the text; by default UTF-8, or else Windows-1252.
        as_texts: Keep the cells of a CSV as texts.
        words: Columns in which NA and the like are words; in others they are missing cells, and a
            warning names them.

    Raises:
        InputError: If it is not such a file, in a sentence that quotes none of it.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing"
        raise InputError(f"path: expected a file with a table at {path}, found {found}.")
    if path.suffix.lower() in (".parquet", ".pq"):
        return read_parquet(path)
    with path.open("rb") as file:
        start = file.read(MOST_LOOKED_AT)
    encoding = encoding or _encoding(path, start)
    lines = _lines(path, start, encoding)
    separator = separator or _separator(lines)
    names = next(csv.reader(lines, delimiter=separator))
    _check_header(path, names)
    all_lines = looked_through(path, separator, encoding)
    texts = [name.strip() for name in names] if as_texts else [names[i] for i in all_lines.codes]
    frame = _read(path, separator, encoding, texts)
    if all_lines.num_short:
        rank_zero_warn(
            f"{path}: lines with fewer cells than names: {all_lines.num_short}, first line "
            f"{all_lines.first_short}; what they lack is read as missing."
        )
    frame = _with_words(frame, {*words}, partial(_read, path, separator, encoding, texts))
    return _without_thousands(frame) if separator == "," else frame


def _without_thousands(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose numbers have no commas.

    A file with commas between cells has no decimal commas: "30,262" is a number of thousands.
    """
    grouped = []
    for name in frame.columns[~frame.dtypes.map(pd.api.types.is_numeric_dtype)]:
        texts = frame[name].dropna().astype(str).str.strip()
        having = texts[texts.str.contains(",")]
        if having.empty or not having.str.fullmatch(GROUPED).all():
            continue
        plain = texts.str.replace(",", "", regex=False)
        if numbers_of(plain).notna().mean() > MOSTLY:
            frame[name] = plain.reindex(frame.index)
            grouped.append(repr(name.strip()))
    if grouped:
        rank_zero_warn(
            f"Commas group the digits of {', '.join(grouped)}, as in 1,000; samples have none."
        )
    return frame


def _with_words(
    frame: pd.DataFrame, words: Collection[str], read: Callable[..., pd.DataFrame]
) -> pd.DataFrame:
    """Return a frame with NA and the like in the columns where these are words.

    Args:
        frame: The table.
        words: Names of these columns.
        read: Reads it again with other settings of pandas.
    """
    gaps = [
        name
        for name in map(str, frame.columns)
        if frame[name].isna().any() and not pd.api.types.is_numeric_dtype(frame[name].dtype)
    ]
    if not gaps:
        return frame
    written = read(usecols=gaps, keep_default_na=False, na_values=[""])
    told = []
    for name in gaps:
        if name.strip() in words:
            frame[name] = written[name]
        elif marks := written[name][frame[name].isna()].dropna().map(str.strip).unique().tolist():
            told.append(f"{name.strip()!r} ({', '.join(sorted(marks))})")
    if told:
        rank_zero_warn(
            f"Read as missing cells: {'; '.join(told)}. --data.types.NAME categorical takes them "
            "as words."
        )
    return frame


def _encoding(path: Path, start: bytes) -> str:
    for mark, name in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return name
    for mark, what in OTHER_FORMATS.items():
        if start.startswith(mark):
            raise InputError(f"{path}: expected a CSV or Parquet file, found {what}.")
    if b"\0" in start:
        raise InputError(f"{path}: expected a CSV or Parquet file, found no text.")
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        rank_zero_warn(
            f"{path} is not UTF-8 and is read as Windows-1252; --data.encoding names another."
        )
        return "cp1252"
    return "utf-8"


def _lines(path: Path, start: bytes, encoding: str) -> list[str]:
    """Return the first non-empty lines of a file, without the last, which may be cut."""
    try:
        text = start.decode(encoding, "ignore")
    except LookupError as error:
        raise InputError(f"encoding: there is no encoding {encoding!r}.") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path} is empty: expected a line of column names, and rows below it.")
    return lines[:-1] if len(start) == MOST_LOOKED_AT and len(lines) > 1 else lines


def _separator(lines: list[str]) -> str:
    """Return the separator that occurs equally often in most of the first lines."""
    best, found = 0, ","
    for separator in SEPARATORS:
        outside = [re.sub(r'"[^"]*"', "", line).count(separator) for line in lines[:50]]
        count, agreeing = Counter(outside).most_common(1)[0]
        if count and agreeing * (2 if outside[0] == count else 1) > best:
            best, found = agreeing * (2 if outside[0] == count else 1), separator
    return found


def _check_header(path: Path, names: list[str]) -> None:
    stripped = [name.strip() for name in names]
    twice = [name for name, count in Counter(stripped).items() if count > 1 and name]
    if twice:
        raise InputError(f"{path} has two columns {twice[0]!r}: give each a name of its own.")
    if all(re.fullmatch(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?", name) for name in stripped):
        raise InputError(
            f"{path}: expected column names in the first line, found {len(names)} numbers: add a "
            "line of names."
        )


def _read(
    path: Path, separator: str, encoding: str, texts: list[str], **settings: Any
) -> pd.DataFrame:
    try:
        return pd.read_csv(
            path,
            sep=separator,
            encoding=encoding,
            dtype=dict.fromkeys(texts, str),
            skipinitialspace=True,
            low_memory=False,
            index_col=False,
            on_bad_lines="error",
            **settings,
        )
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in {encoding}: name its encoding.") from error
    except pd.errors.ParserError as error:
        counts = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        if counts:
            raise unequal(path, counts[2], counts[3], counts[1], separator) from error
        raise InputError(
            f"{path}: its lines do not agree; is {separator!r} the separator, and are texts that "
            "hold it quoted?"
        ) from error
