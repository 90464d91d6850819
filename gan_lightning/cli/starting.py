"""Starting from weights: a new run whose networks begin where those of a checkpoint ended."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.nn import Module

from gan_lightning.errors import InputError
from gan_lightning.samplers import LatentSampler


def start_from(model: Module, checkpoint: Mapping[str, Any], path: Path) -> str:
    """Give a model's networks the weights of a checkpoint, and return in a sentence which.

    Nothing else is taken: averages, counts, samplers, optimizers and random numbers begin anew.

    Args:
        model: The model of the new run.
        checkpoint: What the checkpoint holds.
        path: Where it lies, for the sentence.

    Raises:
        InputError: If a network of the same name is another one, or if there is none.
    """
    held = checkpoint["state_dict"]
    taken: list[str] = []
    anew: list[str] = []
    for name, network in model.named_children():
        if isinstance(network, LatentSampler) or not any(True for _ in network.parameters()):
            continue
        prefix = f"{name}."
        weights = {
            key.removeprefix(prefix): weight
            for key, weight in held.items()
            if key.startswith(prefix)
        }
        if weights:
            _check_network(name, network, weights, path)
            network.load_state_dict(weights)
        (taken if weights else anew).append(name)
    if not taken:
        there = sorted({key.partition(".")[0] for key in held})
        raise InputError(
            f"--init_from: {path} holds none of the networks {', '.join(anew)}; it holds "
            f"{', '.join(there)}."
        )
    rest = f"; {', '.join(anew)} begins anew, as it holds none" if anew else ""
    return (
        f"Starts from the weights of {path}: {', '.join(taken)}{rest}. Counts, averages, "
        "optimizers and random numbers begin anew."
    )


def tell_start(sentence: str) -> None:
    """Say what a new run starts from."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _check_network(name: str, network: Module, weights: Mapping[str, Any], path: Path) -> None:
    """Make sure that weights are those of a network of the same build.

    Raises:
        InputError: If they are not, with the first weight that differs.
    """
    own = {key: list(weight.shape) for key, weight in network.state_dict().items()}
    found = {key: list(weight.shape) for key, weight in weights.items()}
    for key in {**own, **found}:
        if own.get(key) != found.get(key):
            raise InputError(
                f"--init_from: {path} does not fit the model: expected {name}.{key} of shape "
                f"{own.get(key, 'none at all')}, found {found.get(key, 'none at all')}."
            )
