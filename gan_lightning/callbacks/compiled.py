"""Networks compiled before training."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from gan_lightning.errors import InputError
from gan_lightning.models.game import Game

NOTICES_GRADIENTS = "2.12"
"""The first PyTorch whose compiled networks notice that weights begin to require gradients: those
of a game do at its players' turns (https://github.com/pytorch/pytorch/pull/177158)."""


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
            InputError: If a penalty needs second derivatives, or if PyTorch is too old for games.
        """
        if stage != "fit":
            return
        if isinstance(pl_module, Game) and torch.__version__ < NOTICES_GRADIENTS:
            raise InputError(
                f"Compiled: games need PyTorch 2.12 or newer, found {torch.__version__}, "
                "whose compiled networks do not notice when a player's turn begins; leave Compiled "
                "out."
            )
        for penalty in pl_module.penalties if isinstance(pl_module, Game) else ():
            if penalty.differentiates_twice:
                raise InputError(
                    f"Compiled: the penalty {type(penalty).__name__} needs second derivatives, "
                    "which a compiled discriminator lacks; use FiniteDifference, or leave "
                    "Compiled out."
                )
        for network in pl_module.children():
            if any(weight.requires_grad for weight in network.parameters()):
                network.compile(mode=self.mode, backend=self.backend)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Tell recorded CUDA graphs that a step begins, so that they may reuse their memory.

        Within a step they may not: the discriminator judges what the generator's graph has written.
        """
        torch.compiler.cudagraph_mark_step_begin()
