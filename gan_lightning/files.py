"""Files that get their names only once complete, and archives that reveal any damage."""

import errno
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gan_lightning.errors import InputError

SEAL = b"gan_lightning crc32 "
"""Begins the comment of a sealed archive; eight hexadecimal digits follow."""


@contextmanager
def replacing(path: Path, durable: bool = False) -> Iterator[Path]:
    """Yield the path of a new file beside ``path``, which becomes ``path`` when it is complete.

    The same holds for a new folder; an existing one is yielded unchanged. Any error leaves the
    previous file in place. A link is replaced, not followed: in a folder from elsewhere it may
    point anywhere. A pipe or a device, such as ``/dev/stdout``, is written to directly.

    Args:
        path: The file; its folder is created if missing.
        durable: Wait until the disk holds the file, then its name, so that a power failure leaves
            either the old or the new file intact.

    Raises:
        InputError: If it cannot be written.
    """
    direct = path.exists() and not path.is_symlink() and not path.is_file()
    unfinished = path.with_name(f".{path.stem}-{secrets.token_hex(8)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path if direct else unfinished
        if not direct:
            if durable:
                _flush(unfinished)
            unfinished.replace(path)
            if durable:
                _flush(path.parent)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def sealed(archive: bytes) -> bytes:
    """Return a ZIP archive with a checksum of all its bytes, headers and gaps too, as its comment.

    Args:
        archive: Its content, without a comment.
    """
    comment = SEAL + b"%08x" % zlib.crc32(archive)
    return archive[:-2] + len(comment).to_bytes(2, "little") + comment


def check_archive(file: BinaryIO) -> None:
    """Make sure that a ZIP archive is undamaged, by its seal or else part by part.

    Args:
        file: The open file, so that what is read next is what was checked, even if another file has
            taken its name meanwhile.

    Raises:
        ValueError: If it is not, or if it is no archive.
    """
    if not zipfile.is_zipfile(file):
        raise ValueError("it is not a ZIP archive")
    with zipfile.ZipFile(file) as archive:
        comment = archive.comment
        damaged = None if comment else archive.testzip()
    if damaged:
        raise ValueError(f"its part {damaged} does not match its checksum")
    if comment:
        file.seek(0)
        content = file.read()
        if sealed(content[: -len(comment) - 2] + b"\0\0") != content:
            raise ValueError("it does not match its checksum")
    file.seek(0)


def links_out_of(folder: Path) -> Iterator[Path]:
    """Yield the links in a folder, at any depth, that point outside it."""
    home = folder.resolve()
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(place, name)
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                yield path


def _flush(path: Path) -> None:
    """Wait until the disk holds a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system without support
            raise
    finally:
        os.close(descriptor)
