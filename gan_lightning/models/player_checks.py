"""Whether a generator fits its discriminator and the data."""

import math

import torch
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.networks import (
    ClassifyingDiscriminator,
    Discriminator,
    Generator,
    conditioned,
)

Range = tuple[float, float]
"""The lowest and the highest number of a point."""

_RANGES: dict[type[nn.Module], Range] = {
    nn.Tanh: (-1, 1),
    nn.Softsign: (-1, 1),
    **dict.fromkeys((nn.Sigmoid, nn.Hardsigmoid, nn.Softmax), (0, 1)),
    **dict.fromkeys((nn.ReLU, nn.Softplus), (0, math.inf)),
    nn.ReLU6: (0, 6),
    nn.LogSigmoid: (-math.inf, 0),
}


def check_output_range(generator: Generator, data_range: Range) -> None:
    """Compare the range of a generator's last module with that of the data.

    A warning is printed if half of it or more lies outside the data's. A generator whose last step
    is not a module with a known range is not checked.

    Args:
        generator: The generator, in evaluation mode.
        data_range: The range that the data fill.

    Raises:
        InputError: If some numbers of the data cannot be generated.
    """
    last = _last_module(generator)
    if last is None:
        return
    low, high = _RANGES[type(last)]
    name = f"generator: {type(last).__name__}, its last module, makes numbers in {_text(low, high)}"
    advice = (
        "Choose another output, such as Tanh for [-1, 1], Sigmoid for [0, 1] or Identity, or "
        "another value_range of images, unit or signed."
    )
    if data_range[0] < low or high < data_range[1]:
        raise InputError(f"{name}, but the data's lie in {_text(*data_range)}. {advice}")
    if data_range[1] - data_range[0] <= (high - low) / 2 < math.inf:
        rank_zero_warn(f"{name}, of which the data's fill only {_text(*data_range)}. {advice}")


def _last_module(generator: Generator) -> nn.Module | None:
    """Return the module whose output the generator returns, in any shape, if there is one."""
    said: list[tuple[nn.Module, Tensor]] = []
    leaves = [module for module in generator.modules() if not list(module.children())]
    hooks = [
        leaf.register_forward_hook(lambda module, _, output: said.append((module, output)))
        for leaf in leaves
    ]
    weight = next(iter(generator.parameters()), torch.zeros(()))
    z = torch.randn(2, generator.latent_dim, generator=torch.Generator().manual_seed(0))
    labels = torch.zeros(2, dtype=torch.int64, device=weight.device)
    try:
        with torch.random.fork_rng(devices=[]):
            points = conditioned(generator, z.to(weight), labels)
    finally:
        for hook in hooks:
            hook.remove()
    speakers = [
        module
        for module, output in said
        if isinstance(output, Tensor) and torch.equal(output.flatten(), points.flatten())
    ]
    known = [module for module in speakers if type(module) in _RANGES]
    return known[-1] if known else None


def _text(low: float, high: float) -> str:
    return f"[{low:g}, {high:g}]"


def check_labels(generator: Generator, discriminator: Discriminator) -> None:
    """Make sure that both players know labels, or neither.

    Raises:
        InputError: If one does and the other does not.
    """
    told = discriminator.num_classes is not None or isinstance(
        discriminator, ClassifyingDiscriminator
    )
    if (generator.num_classes is not None) != told:
        players = ["generator", "discriminator"]
        knowing, other = reversed(players) if told else players
        raise InputError(
            f"The {knowing} knows labels and the {other} does not: both networks must, such as "
            "LabelledGenerator and ProjectionDiscriminator, or neither."
        )
