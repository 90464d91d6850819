"""Small files in place of MNIST's."""

import numpy as np
import pytest
import torch

NUM_TRAIN, NUM_TEST = 60, 20


@pytest.fixture(scope="session")
def write_idx(write_mnist):
    """Write files of random images into a folder; return their arrays."""

    def write_idx(folder, seed=0):
        random = np.random.default_rng(seed)
        splits = {
            name: (random.integers(0, 256, (size, 28, 28)), np.arange(size) % 10)
            for name, size in [("train", NUM_TRAIN), ("t10k", NUM_TEST)]
        }
        write_mnist(folder, **splits)
        return {
            name: (torch.from_numpy(images).to(torch.uint8)[:, None], torch.from_numpy(labels))
            for name, (images, labels) in splits.items()
        }

    return write_idx


@pytest.fixture
def mnist_files(tmp_path, write_idx):
    return write_idx(tmp_path / "MNIST" / "raw")
