"""Features of real images, computed once."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_lightning.metrics.extractor import FeatureExtractor, Features

MAX_ON_DISK = 20_000
"""Larger sets are kept in memory only: their features would fill a home folder."""

NUM_PROBES = 8
"""Images that are processed again, to check that the stored features are this extractor's."""

ROUNDING = 1e-3
"""Relative to the largest feature: how far an extractor may differ between devices."""

_IN_MEMORY: dict[str, Features] = {}


class FeatureCache:
    """An extractor that caches features, in memory and on disk for the next process.

    Files lie in ``$XDG_CACHE_HOME/gan_lightning``, by default ``~/.cache/gan_lightning``, named by
    the extractor and by the images' shape and hash. A name proves nothing: a few images are
    processed again each time, and where their features differ, because the extractor's code or
    weights have changed, all images are. Where the folder cannot be written, features stay in
    memory.

    Args:
        extractor: The extractor.
    """

    def __init__(self, extractor: FeatureExtractor) -> None:
        self.extractor = extractor
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        self.folder = Path(home) / "gan_lightning"

    def __call__(self, images: Tensor) -> Features:
        """Return the features of images, uint8, shape ``(num, channels, height, width)``."""
        content = hashlib.sha256(images.contiguous().numpy().data).hexdigest()[:16]
        name = re.sub(r"\W+", "-", self.extractor.name)
        shape = "x".join(map(str, images.shape))
        key = f"{name}-{shape}-{content}"
        path = self.folder / f"{key}.safetensors"
        features = _IN_MEMORY.get(key) or _read(path)
        if features is None or not self._sees(features, images):
            features = self.extractor(images)
            if len(images) <= MAX_ON_DISK:
                _write(features, path)
        _IN_MEMORY[key] = features
        return features

    def _sees(self, features: Features, images: Tensor) -> bool:
        """Return whether the extractor's features of a few images are those that were stored."""
        few = slice(None, None, -(-len(images) // NUM_PROBES) or 1)
        kept = (None if values is None else values[few] for values in features)
        return all(map(_alike, kept, self.extractor(images[few])))


def _alike(kept: Tensor | None, seen: Tensor | None) -> bool:
    if kept is None or seen is None or kept.shape != seen.shape:
        return kept is seen
    tolerance = ROUNDING * float(seen.abs().max())
    return torch.allclose(kept, seen, rtol=0, atol=tolerance, equal_nan=True)


def _read(path: Path) -> Features | None:
    """Return what a file holds, or None if there is none or it is damaged."""
    try:
        tensors = load_file(path)
        return Features(tensors["middle"], tensors["last"], tensors.get("logits"))
    except (OSError, SafetensorError, KeyError):
        return None


def _write(features: Features, path: Path) -> None:
    """Store features in a file that is either complete or absent."""
    tensors = {k: v.contiguous() for k, v in features._asdict().items() if v is not None}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            unfinished = Path(folder) / path.name
            save_file(tensors, unfinished)
            unfinished.replace(path)
    except (OSError, SafetensorError):
        return
