"""Parquet files, for which pandas needs an extra package."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from gan_lightning.errors import InputError

INSTALL = 'pip install "gan_lightning[parquet]"'


def read_parquet(path: Path) -> pd.DataFrame:
    """Return the table in a file.

    Raises:
        InputError: If it cannot be read.
    """
    arrow = _arrow(path)
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (arrow.ArrowException, ValueError) as error:
        raise InputError(f"{path}: expected a Parquet file, found one that is not.") from error


def write_parquet(frames: Iterable[pd.DataFrame], path: Path) -> None:
    """Write frames of the same columns one below the other.

    Raises:
        InputError: If pyarrow is not installed.
    """
    arrow = _arrow(path)
    import pyarrow.parquet as parquet

    writer: Any = None
    for frame in frames:
        table = arrow.Table.from_pandas(frame, preserve_index=False)
        if writer is None:
            writer = parquet.ParquetWriter(path, table.schema)
        writer.write_table(table.cast(writer.schema))
    if writer is not None:
        writer.close()


def _arrow(path: Path) -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise InputError(f"{path}: Parquet needs the package pyarrow: {INSTALL}.") from error
    return pyarrow
