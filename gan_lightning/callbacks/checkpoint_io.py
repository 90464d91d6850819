"""How checkpoints get onto the disk."""

from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH

from gan_lightning.files import replacing, sealed


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes beside the place, flushes to the disk and renames; a checksum covers every byte.

    Lightning's own writes into the folder of temporary files first, which may be a smaller disk,
    and flushes nothing.
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
