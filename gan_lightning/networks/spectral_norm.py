"""Spectral normalisation: Miyato et al., 2018."""

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def normalise_spectrally(module: nn.Module) -> None:
    """Keep the largest singular value of a convolution's or linear layer's weight at 1."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        spectral_norm(module)
