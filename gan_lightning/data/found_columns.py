"""What the columns of a frame hold, inferred from their cells or specified by a person."""

from collections.abc import Hashable
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch

from gan_lightning.data.columns import Categorical, Constant, Continuous, Discrete
from gan_lightning.data.found import Found, placed
from gan_lightning.data.found_moments import found_moments, nearly_moments
from gan_lightning.data.grids import decimals_of, spacing_of
from gan_lightning.data.texts import (
    DASHES,
    MOSTLY,
    cell_text,
    moment_pattern,
    numbers_of,
    truths_of,
)
from gan_lightning.errors import InputError

ColumnType = Literal["continuous", "integer", "categorical", "boolean", "datetime"]

MOST_DISCRETE = 20
"""Up to this many different numbers, and √n of n rows, are encoded one by one, like categories."""

ROWS_PER_CATEGORY = 5
"""Mean number of rows of a cell for which numbers with texts among them are categories."""

FEWEST_DISTINCT = 20
"""With fewer rows, distinct values do not prove an identifier, nor numbers that they are days."""

MOST_EXACT = 2**53
"""The largest integer that float64 distinguishes from its neighbours."""


def found_column(series: "pd.Series[Any]", asked: ColumnType | None) -> Found:
    """Return a column, or why it is left out.

    Args:
        series: The column, with NaN or None for what is missing.
        asked: The type that a person specifies.

    Raises:
        InputError: If its cells are not of that type, or cannot be used.
    """
    present = series.dropna()
    if why := _not_a_cell(present):
        return Found(None, torch.zeros(0, dtype=torch.float64), why)
    if asked is None and (left := _nothing_to_learn(series, present)):
        return left
    kind = asked or _kind(present)
    if asked is None and kind == "continuous" and (others := _other_texts(present)):
        present = present.loc[_written(present).index]
        counted = _counted(len(present) - others, others)
        return _categorical(series, present, "categorical")._replace(as_levels=counted)
    if kind == "categorical":
        return _categorical(series, present, asked)
    if kind == "boolean":
        return _boolean(series, present)
    if kind == "datetime":
        return found_moments(series, present)
    return _numbers(series, present, asked)


def _not_a_cell(present: "pd.Series[Any]") -> str:
    """Return why cells are neither numbers, moments nor categories, if so."""
    if pd.api.types.is_complex_dtype(present.dtype):
        return "it holds complex numbers"
    if present.dtype == object:
        for cell in present:
            if not isinstance(cell, Hashable):
                return f"its cells are of the type {type(cell).__name__}"
    return ""


def _nothing_to_learn(series: "pd.Series[Any]", present: "pd.Series[Any]") -> Found | None:
    """Return the column if it is constant."""
    if not len(present) or (len(present) == len(series) and present.nunique() == 1):
        text = str(present.iloc[0]) if len(present) else ""
        column = Constant(str(series.name), text, str(series.dtype))
        return Found(column, torch.zeros(len(series), dtype=torch.float64))
    return None


def _kind(present: "pd.Series[Any]") -> ColumnType:
    dtype = present.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "categorical"
    if pd.api.types.is_bool_dtype(dtype) or present.map(lambda cell: isinstance(cell, bool)).all():
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "datetime"
    if pd.api.types.is_numeric_dtype(dtype):
        return "datetime" if _are_days(present) else "continuous"
    texts = present.astype(str).str.strip()
    if texts.str.fullmatch(r"0\d+").any():  # a code, such as 01067
        return "categorical"
    written = _written(present)
    numbers = numbers_of(written)
    if len(written) and numbers.notna().mean() > MOSTLY:  # _numbers reports the others
        return "datetime" if _are_days(numbers) else "continuous"
    return "categorical" if moment_pattern(texts) is None else "datetime"


def _other_texts(present: "pd.Series[Any]") -> int:
    """Return how many texts of a column of few different cells are no numbers."""
    if pd.api.types.is_numeric_dtype(present.dtype):
        return 0
    written = _written(present)
    few = written.nunique() <= min(MOST_DISCRETE, len(written) / ROWS_PER_CATEGORY)
    return int(numbers_of(written).isna().sum()) if few else 0


def _written(present: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return cells as texts, without the dashes that mark missing ones."""
    texts = present.astype(str).str.strip()
    return texts[~texts.isin(DASHES)]


def _are_days(numbers: "pd.Series[Any]") -> bool:
    """Return whether numbers are days, such as 20241231."""
    possible = numbers.between(19000101, 21001231) & (numbers % 1 == 0)
    if not possible.all() or numbers.nunique() <= FEWEST_DISTINCT:
        return False
    return moment_pattern(numbers.astype("int64").astype(str)) == "%Y%m%d"


def _numbers(
    series: "pd.Series[Any]", present: "pd.Series[Any]", asked: ColumnType | None
) -> Found:
    name = str(series.name)
    cells = present.astype(float) if pd.api.types.is_numeric_dtype(present.dtype) else None
    if cells is None:
        cells = numbers_of(present.astype(str).str.strip())
        _all_numbers(name, cells)
    _all_finite(name, cells)
    known = cells.dropna()  # a lone dash is read as missing
    values = torch.full((len(series),), torch.nan, dtype=torch.float64)
    values[torch.from_numpy(series.index.get_indexer(known.index))] = torch.tensor(known.to_numpy())
    array = known.to_numpy()
    if np.abs(array).max() > MOST_EXACT and decimals_of(array) is not None:
        return Found(None, values, "its numbers are too long to be told apart")
    if asked is None and _is_identifier(array, len(series)):
        return Found(None, values, "it counts the rows")
    decimals = 0 if asked == "integer" else decimals_of(array)
    distinct = np.unique(array)
    shared: dict[str, Any] = {
        "name": name,
        "decimals": decimals,
        "minimum": float(distinct[0]),
        "maximum": float(distinct[-1]),
        "missing": len(known) < len(series),
        "dtype": str(series.dtype),
        "spacing": spacing_of(distinct, decimals),
    }
    read = [
        *(["decimal commas"] if cells.attrs.get("commas") else []),
        *(["dashes as missing"] if cells.attrs.get("dashes") else []),
        *([f"without {cells.attrs['unit']!r}"] if cells.attrs.get("unit") else []),
    ]
    how = " and ".join(read)
    few = len(distinct) <= min(MOST_DISCRETE, len(known) ** 0.5)
    if few and decimals is not None and asked is None:
        return Found(Discrete(**shared, values=tuple(distinct.tolist())), values, how_read=how)
    return Found(Continuous(**shared), values, how_read=how)


def _all_numbers(name: str, cells: "pd.Series[Any]") -> None:
    wrong = int(cells.isna().sum() - (cells.attrs["dashes"]))
    if wrong:
        counted = _counted(int(cells.notna().sum()), wrong)
        raise InputError(
            f"Column {name!r} holds {counted}: correct the texts or leave them empty, or read all "
            f"as categories with --data.types.{name} categorical."
        )


def _counted(numbers: int, texts: int) -> str:
    return f"{numbers} numbers and {texts} text{'s' * (texts > 1)}"


def _all_finite(name: str, cells: "pd.Series[Any]") -> None:
    infinite = np.isinf(cells.to_numpy())
    if infinite.any():
        raise InputError(
            f"Column {name!r} holds infinity in row {int(cells.index[infinite][0]) + 1}: expected "
            "a number or an empty cell."
        )


def _is_identifier(values: "np.ndarray[Any, Any]", num_rows: int) -> bool:
    """Return whether values number the rows, in any order."""
    whole = len(values) == num_rows > FEWEST_DISTINCT and (values == np.round(values)).all()
    return bool(whole and np.unique(values).size == num_rows == np.ptp(values) + 1)


def _categorical(
    series: "pd.Series[Any]", present: "pd.Series[Any]", asked: ColumnType | None
) -> Found:
    texts = present.map(cell_text)
    distinct, count = texts.nunique(), len(texts)
    nothing = torch.zeros(0, dtype=torch.float64)
    if asked is None and count > FEWEST_DISTINCT and 2 * distinct > count:
        every = (
            "differs in every row, as an identifier does"
            if distinct == count
            else (f"holds {distinct} different texts in {count} rows, as free text does")
        )
        return Found(None, nothing, f"it {every}{nearly_moments(texts)}")
    codes, categories = pd.factorize(texts, sort=True)
    values = placed(series, present, codes.astype(float))
    missing = count < len(series)
    names = tuple(map(str, categories))
    return Found(Categorical(str(series.name), names, missing, str(series.dtype)), values)


def _boolean(series: "pd.Series[Any]", present: "pd.Series[Any]") -> Found:
    texts = present.map(cell_text)
    known = truths_of(texts)
    if known.isna().any():
        raise InputError(
            f"Column {str(series.name)!r}: expected true and false, yes and no, or 1 and 0 in "
            "every cell that is not empty, found others."
        )
    names = [next((t for t in texts[known == side].unique()), str(bool(side))) for side in (0, 1)]
    column = Categorical(
        str(series.name), (names[0], names[1]), len(present) < len(series), str(series.dtype)
    )
    return Found(column, placed(series, present, known.to_numpy()))
