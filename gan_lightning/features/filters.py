"""Features of fixed filters, which favour no kind of picture."""

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, conv2d, interpolate, pad

from gan_lightning.metrics.extractor import FeatureExtractor, Features

FILTER_SIZE = 7
NUM_ORIENTATIONS = 4
WIDTH, FREQUENCY = 1.4, 0.25
"""Parameters of the filters: a Gaussian's deviation in pixels, and waves per pixel."""

GRID = 4
"""Cells, along each side, in which energies are averaged."""

LEAST_ENERGY = 0.1
"""Squared contrast, in bytes, below which an area counts as flat: the effect of rounding."""

SMALLEST_INPUT, SMALLEST_LEVEL = 24, 7
"""In pixels: smaller images are enlarged, and no level of the pyramid is smaller."""

SLOPE = 2.5
"""Weight of the spread of contrast over scales, relative to contrast itself: pictures differ more
in the latter, but blur and noise change the former.
"""

WHOLE = 2 * GRID
"""Weight of a number of the whole image, relative to that of one of its cells."""

BYTES_OF_COLOUR = 32
"""A difference in colour that counts as much as a factor of e in contrast."""

MAX_PIXELS = 2**20
"""Pixels filtered at once."""

OPPONENTS = [[1 / 3, 1 / 3, 1 / 3], [1 / 2, -1 / 2, 0], [1 / 4, 1 / 4, -1 / 2]]
"""Brightness, red against green and yellow against blue, from red, green and blue."""


class FilterFeatures(FeatureExtractor):
    """Contrast at each scale, orientation and place, and colours: no weights, no training.

    After the gist of a scene (Oliva & Torralba, 2001): an image is taken apart into octaves, each
    is filtered by pairs of Gabor filters of four orientations, and their energies are averaged over
    4×4 cells. Here logarithms of energies are used, also those of the whole image. Colours
    contribute means and the energies of two opponent channels.

    ``middle`` keeps places, and ``last`` has means and deviations over the image; larger images
    have more octaves. For coloured images of 32×32 pixels they have 360 and 42 numbers, for 64×64
    464 and 52. There are no classes.

    The constants above were chosen by precision, recall, coverage and the distances on crops of
    photographs, textures, shapes and digits: grey or coloured squares, noise, shuffled patches and
    blurred pictures must score worse than real ones by each of them
    (``tests/features/test_filters.py``).
    """

    name = "FilterFeatures 1"

    def extract(self, images: Tensor) -> Features:
        height, width = images.shape[2:]
        chunks = images.split(max(1, MAX_PIXELS // (height * width)))
        middle, last = zip(*map(_features, chunks), strict=True)
        return Features(torch.cat(middle), torch.cat(last), None)


def _features(images: Tensor) -> tuple[Tensor, Tensor]:
    x = images.float()
    if x.shape[1] == 3:
        x = torch.einsum("oc,nchw->nohw", x.new_tensor(OPPONENTS), x)
    octaves = _octaves(x)
    energies = [_energies(octave[:, :1]) for octave in octaves]  # brightness
    cells = _spread(torch.stack([_log(adaptive_avg_pool2d(e, GRID)) for e in energies], 1))
    whole = _spread(torch.stack([_log(e.mean((2, 3))) for e in energies], 1))
    means = cells.mean((3, 4), keepdim=True)
    deviations = (cells - means).square().mean((3, 4)).sqrt()
    colours = adaptive_avg_pool2d(x, GRID) / BYTES_OF_COLOUR
    coarse = adaptive_avg_pool2d(x, 2) / (2 * BYTES_OF_COLOUR)
    middle = [cells - means, WHOLE * means, WHOLE * whole, colours]
    last = [means, deviations, coarse]
    if x.shape[1] == 3:
        opponents = [_energies(octave[:, 1:].flatten(0, 1)[:, None]).mean(1) for octave in octaves]
        paired = [e.reshape(len(x), 2, *e.shape[1:]) for e in opponents]
        tints = _spread(torch.stack([_log(adaptive_avg_pool2d(e, GRID)) for e in paired], 1))
        middle.append(tints)
        last.append(tints.mean((3, 4)))
    return tuple(torch.cat([part.flatten(1) for part in parts], 1) for parts in (middle, last))  # type: ignore[return-value]


def _octaves(x: Tensor) -> list[Tensor]:
    """Return images and their repeatedly halved versions."""
    if min(x.shape[2:]) < SMALLEST_INPUT:
        x = interpolate(x, (SMALLEST_INPUT,) * 2, mode="bicubic", antialias=True)
    octaves = []
    while min(x.shape[2:]) >= SMALLEST_LEVEL:
        octaves.append(x)
        half = [side // 2 for side in x.shape[2:]]
        x = interpolate(x, half, mode="bilinear", antialias=True)
    return octaves


def _energies(x: Tensor) -> Tensor:
    """Return the energy of each orientation, shape ``(num, orientations, height, width)``."""
    padded = pad(x, [FILTER_SIZE // 2] * 4, mode="reflect")
    even, odd = conv2d(padded, _filters().to(x.device)).chunk(2, 1)
    return even.square() + odd.square()


def _log(energies: Tensor) -> Tensor:
    """Return the logarithm of contrast, bounded from below."""
    return (LEAST_ENERGY + energies).log() / 2


def _spread(logs: Tensor) -> Tensor:
    """Return contrast over all scales and its spread over them, instead of each scale's.

    Args:
        logs: Shape ``(num, scales, …)``.
    """
    scales = logs.shape[1]
    order, scale = torch.arange(scales)[:, None], torch.arange(scales) + 0.5
    cosines = (math.pi * order * scale / scales).cos() * math.sqrt(2 / scales)
    cosines[0] /= math.sqrt(2)
    cosines[1:] *= SLOPE
    return torch.einsum("ts,ns...->nt...", cosines.to(logs), logs)


@cache
def _filters() -> Tensor:
    """Return pairs of filters with mean 0 and norm 1, all even ones first."""
    side = torch.arange(FILTER_SIZE) - FILTER_SIZE // 2
    y, x = torch.meshgrid(side, side, indexing="ij")
    window = (-(x.square() + y.square()) / (2 * WIDTH**2)).exp()
    angles = [math.pi * k / NUM_ORIENTATIONS for k in range(NUM_ORIENTATIONS)]
    phases = [2 * math.pi * FREQUENCY * (x * math.cos(a) + y * math.sin(a)) for a in angles]
    waves = torch.stack([*(p.cos() for p in phases), *(p.sin() for p in phases)]) * window
    waves -= window * waves.sum((1, 2), keepdim=True) / window.sum()
    return (waves / waves.square().sum((1, 2), keepdim=True).sqrt())[:, None]
