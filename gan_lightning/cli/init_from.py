"""The option ``--init_from``: a new run whose networks start with a checkpoint's weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.nn import Module

from gan_lightning.errors import InputError
from gan_lightning.samplers import LatentSampler


def start_from(model: Module, checkpoint: Mapping[str, Any], path: Path) -> str:
    """Copy a checkpoint's weights into a model's networks, and return a sentence naming them.

    Nothing else is copied: averages, counts, samplers, optimizers and random numbers are reset.

    Args:
        model: The model of the new run.
        checkpoint: Content of the checkpoint.
        path: Its path, for the sentence.

    Raises:
        InputError: If a network of the same name differs, or if no name is the same.
    """
    held = checkpoint["state_dict"]
    taken: list[str] = []
    missing: list[str] = []
    for name, network in model.named_children():
        if isinstance(network, LatentSampler) or next(network.parameters(), None) is None:
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
        (taken if weights else missing).append(name)
    if not taken:
        there = sorted({key.partition(".")[0] for key in held})
        raise InputError(
            f"--init_from: {path} holds none of the networks {', '.join(missing)}; it holds "
            f"{', '.join(there)}."
        )
    rest = f"; it holds none for {', '.join(missing)}" if missing else ""
    return (
        f"Starts from the weights of {path}: {', '.join(taken)}{rest}. Counters, averages, "
        "optimizers and random numbers start afresh."
    )


def _check_network(name: str, network: Module, weights: Mapping[str, Any], path: Path) -> None:
    """Make sure that weights fit a network.

    Raises:
        InputError: If they do not, with the first weight that differs.
    """
    own = {key: list(weight.shape) for key, weight in network.state_dict().items()}
    found = {key: list(weight.shape) for key, weight in weights.items()}
    for key in {**own, **found}:
        if own.get(key) != found.get(key):
            raise InputError(
                f"--init_from: {path} does not fit the model: expected {name}.{key} of shape "
                f"{own.get(key, 'none at all')}, found {found.get(key, 'none at all')}."
            )
