"""Small files in the place of MNIST's."""

import struct

import numpy as np
import pytest
import torch

NUM_TRAIN, NUM_TEST = 60, 20


def _idx(array):
    """The bytes of an IDX file: two zeros, the type of bytes, the number of axes, their sizes."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def _write(folder, seed=0):
    """Write small files of random images in the place of MNIST's; return their arrays."""
    folder.mkdir(parents=True)
    random, arrays = np.random.default_rng(seed), {}
    for name, size in [("train", NUM_TRAIN), ("t10k", NUM_TEST)]:
        images = random.integers(0, 256, (size, 28, 28))
        labels = np.arange(size) % 10
        (folder / f"{name}-images-idx3-ubyte").write_bytes(_idx(images))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(_idx(labels))
        arrays[name] = torch.from_numpy(images).to(torch.uint8)[:, None], torch.from_numpy(labels)
    return arrays


@pytest.fixture
def mnist_files(tmp_path):
    return _write(tmp_path / "MNIST" / "raw")


@pytest.fixture(scope="session")
def write_idx():
    return _write
