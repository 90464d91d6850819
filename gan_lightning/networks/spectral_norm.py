"""Spectral normalisation: Miyato et al., 2018."""

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized


def normalise_spectrally(module: nn.Module) -> None:
    """Keep the largest singular value of a convolution's or linear layer's weight at 1."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        spectral_norm(module)


def normalise_like(network: nn.Module, module: nn.Module, name: str = "weight") -> None:
    """Keep a weight's largest singular value at 1 too, where a network's own are kept there."""
    if any(is_parametrized(layer, "weight") for layer in network.modules()):
        spectral_norm(module, name)
