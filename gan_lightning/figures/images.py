"""Images side by side."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOST_LABELS = 40
"""The largest number of labels that have separate rows in a grid."""


def image_grid(images: Tensor, per_row: int | None = None, margin: int = 2) -> NDArray[np.uint8]:
    """Return pixels, shape ``(height, width, 3)``, of images in rows on white.

    Args:
        images: uint8, shape ``(num_images, channels, height, width)`` with 1 or 3 channels.
        per_row: Images in a row; about a square by default.
        margin: White pixels between images.
    """
    num_images, _, height, width = images.shape
    per_row = per_row or math.ceil(math.sqrt(num_images))
    num_rows = math.ceil(num_images / per_row)
    shape = (num_rows * (height + margin) + margin, per_row * (width + margin) + margin, 3)
    grid = np.full(shape, 255, np.uint8)
    for i, image in enumerate(images.permute(0, 2, 3, 1).numpy()):  # one or three channels last
        top = margin + i // per_row * (height + margin)
        left = margin + i % per_row * (width + margin)
        grid[top : top + height, left : left + width] = image
    return grid


def labelled_grid(images: Tensor, labels: Tensor) -> NDArray[np.uint8]:
    """Return pixels, as from ``image_grid``, of images in rows of one label each.

    Labels are in ascending order, and images of a label keep theirs. Each label has the number of
    rows that makes the grid roughly square; its last row is filled up with white. With
    more than ``MOST_LABELS`` labels, rows continue from one label to the next.

    Args:
        images: uint8, shape ``(num_images, channels, height, width)`` with 1 or 3 channels.
        labels: A label for each, int64, shape ``(num_images,)``.
    """
    of_label = [images[labels == label] for label in labels.unique()]
    if len(of_label) > MOST_LABELS:
        return image_grid(torch.cat(of_label))
    most = max(map(len, of_label))
    rows_each = max(round(math.sqrt(most / len(of_label))), 1)
    per_row = math.ceil(most / rows_each)
    white = torch.full_like(images[:1], 255)
    places = []
    for row in (row for images in of_label for row in images.split(per_row)):
        places += [row, white.expand(per_row - len(row), -1, -1, -1)]
    return image_grid(torch.cat(places), per_row)
