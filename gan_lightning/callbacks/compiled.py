"""Networks compiled before training."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import nn

from gan_lightning.errors import InputError
from gan_lightning.models.game import Game
from gan_lightning.networks import ClassifyingDiscriminator


class Compiled(Callback):
    """Compiles the networks of a model with ``torch.compile``; checkpoints keep their names.

    A compiled network has no second derivatives, which gradient penalties need: a game with such a
    penalty is refused. ``FiniteDifference`` needs none.

    Args:
        mode: As for ``torch.compile``, such as ``max-autotune``; ``reduce-overhead`` records CUDA
            graphs.
        backend: The compiler, as for ``torch.compile``.
    """

    def __init__(self, mode: str | None = None, backend: str = "inductor") -> None:
        self.mode = mode
        self.backend = backend

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Compile the networks that are to be trained.

        Raises:
            InputError: If a penalty needs second derivatives.
        """
        if stage != "fit":
            return
        for penalty in pl_module.penalties if isinstance(pl_module, Game) else ():
            if penalty.differentiates_twice:
                raise InputError(
                    f"Compiled: the penalty {type(penalty).__name__} needs second derivatives, "
                    "which a compiled discriminator lacks; use FiniteDifference, or leave "
                    "Compiled out."
                )
        for network in pl_module.children():
            if any(weight.requires_grad for weight in network.parameters()):
                self._compile(network)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Tell recorded CUDA graphs that a step begins, so that they may reuse their memory.

        Within a step they may not: the discriminator judges what the generator's graph has written.
        """
        torch.compiler.cudagraph_mark_step_begin()

    def _compile(self, network: nn.Module) -> None:
        """Compile what a training step calls."""
        if isinstance(network, ClassifyingDiscriminator):
            network.judge = self._in_training(network, network.judge)  # type: ignore[method-assign]
        else:
            network._compiled_call_impl = self._in_training(network, network._call_impl)

    def _in_training(self, network: nn.Module, called: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method compiled for training, for the network's own turn and for the other's.

        PyTorch before 2.12 does not notice that weights begin to require gradients, as a player's
        do at its turn, but that the first argument has changed
        (https://github.com/pytorch/pytorch/pull/177158).
        """

        def call(learns: bool, *args: Any, **kwargs: Any) -> Any:
            if learns:
                return called(*args, **kwargs)
            return called(*args, **kwargs)

        # PyTorch limits how often it compiles a piece of code: each network has its own copy.
        own = FunctionType(call.__code__.replace(), call.__globals__, closure=call.__closure__)
        compiled = torch.compile(own, dynamic=False, mode=self.mode, backend=self.backend)
        weights = list(network.parameters())

        def in_training(*args: Any, **kwargs: Any) -> Any:
            if not network.training:  # samples, in numbers of their own
                return called(*args, **kwargs)
            return compiled(any(w.requires_grad for w in weights), *args, **kwargs)

        return in_training
