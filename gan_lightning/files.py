"""Files that get their names only when they are complete."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gan_lightning.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a new file beside ``path``, which becomes ``path`` when it is complete.

    The same holds for a folder that is not there yet; one that is there is yielded as it is.

    Whatever goes wrong leaves the file that was there before. A link is replaced, not followed: a
    folder from elsewhere may hold one that points anywhere. A pipe or a device, such as
    ``/dev/stdout``, is written to directly.

    Args:
        path: The file; its folder is made where it is missing.

    Raises:
        InputError: If it cannot be written.
    """
    direct = path.exists() and not path.is_symlink() and not path.is_file()
    unfinished = path.with_name(f".{path.stem}-{secrets.token_hex(8)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path if direct else unfinished
        if not direct:
            unfinished.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def links_out_of(folder: Path) -> Iterator[Path]:
    """Yield the links in a folder, at any depth, that point to a place outside it."""
    home = folder.resolve()
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(place, name)
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                yield path
