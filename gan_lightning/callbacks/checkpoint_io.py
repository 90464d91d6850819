"""How checkpoints reach the disk, and come back intact."""

from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io import torch_io
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH
from lightning.pytorch.core import saving

from gan_lightning.errors import InputError
from gan_lightning.files import check_archive, replacing, sealed

ARCHIVE = b"PK"
"""The first bytes of every ZIP archive."""


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes beside the destination, flushes to disk and renames; a checksum covers every byte.

    Lightning's own class writes to the temporary folder first, which may be on a smaller disk, and
    does not flush.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any = None
    ) -> None:
        if "://" in str(path):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        content = BytesIO()
        torch.save(checkpoint, content)
        with replacing(Path(path), durable=True) as file:
            file.write_bytes(sealed(content.getvalue()))


def guard_lightning_reader() -> None:
    """Make Lightning refuse damaged archives, which PyTorch does not notice."""
    for module in (saving, torch_io):
        read = module.pl_load
        if getattr(read, "_guarded", False):
            continue

        @wraps(read)
        def guarded(path: Any, *args: Any, _read: Any = read, **kwargs: Any) -> Any:
            _check_file(path)
            return _read(path, *args, **kwargs)

        guarded._guarded = True  # type: ignore[attr-defined]
        module.pl_load = guarded  # type: ignore[attr-defined]


def _check_file(path: Any) -> None:
    """Make sure that a file, if it is an archive on this machine, is as it was written.

    Raises:
        InputError: If it is not.
    """
    if not isinstance(path, str | Path) or not Path(path).is_file():
        return
    with Path(path).open("rb") as file:
        if file.read(len(ARCHIVE)) != ARCHIVE:
            return
        try:
            check_archive(file)
        except Exception as error:  # zipfile raises many kinds of errors
            raise InputError(f"{path} is damaged: {str(error).rstrip('.')}.") from error
