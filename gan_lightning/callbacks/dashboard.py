"""TensorBoard's Custom Scalars tab: whether a run trains well, on one page."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from gan_lightning.callbacks.monitored import monitors
from gan_lightning.callbacks.run_folder import data_of, tensorboard
from gan_lightning.models import AdversarialModule

Layout = dict[str, dict[str, list[Any]]]
"""Charts by category: the kind of each, and the names of its curves."""

LOSSES = "train/.*(loss|elbo|kl_divergence)$"
"""The loss of a model without players."""


class Dashboard(Callback):
    """Lays out the curves that answer whether a run trains well.

    These are the players' losses, the meaning of this game's logits, the metric that chooses the
    best checkpoint beside its value for real points, and precision beside recall.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.fit_loop.total_batch_idx >= 0 or not trainer.is_global_zero:
            return
        charts = {**_of_training(pl_module), **_of_validation(trainer)}
        layout = {"Is it training well?": charts}
        for board in tensorboard(trainer):
            board.add_custom_scalars(layout)


def _of_training(model: LightningModule) -> dict[str, list[Any]]:
    if not isinstance(model, AdversarialModule):
        return {"losses": _lines(LOSSES)}
    undecided = torch.zeros(1)
    meaning = [f"train/{name}$" for name in model.reading(undecided, undecided)]
    return {
        "losses of both players": _lines("train/d_loss$", "train/g_loss$"),
        "what the discriminator's logits mean": _lines(*meaning),
    }


def _of_validation(trainer: Trainer) -> dict[str, list[Any]]:
    goals = data_of(trainer).metrics("val").goals
    charts = {
        f"{name}: samples, best so far, real points": _lines(
            f"{name}$", f"{name}_best$", f"{name}_floor$"
        )
        for name in monitors(trainer)[0]
        if name.partition("/")[2].partition("/")[0] in goals
    }
    if {"precision", "recall"} <= goals.keys():
        charts["precision and recall"] = _lines("val/precision$", "val/recall$")
    if "modes" in goals:
        charts["modes found"] = _lines("val/modes$")
    return charts


def _lines(*curves: str) -> list[Any]:
    """Return a chart of curves, each given by a regular expression for its name."""
    return ["Multiline", list(curves)]
