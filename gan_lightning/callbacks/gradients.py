"""The weights of an optimizer, and the factor that a gradient scaler leaves on their gradients."""

from lightning.pytorch import Trainer
from torch import Tensor
from torch.optim import Optimizer


def weights_of(optimizer: Optimizer) -> list[Tensor]:
    """Return all weights that an optimizer updates."""
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def gradient_scale(trainer: Trainer, optimizer: Optimizer) -> float:
    """Return the factor on an optimizer's gradients in ``on_before_optimizer_step``.

    In 16-bit mixed precision a scaler multiplies the loss. Lightning removes the factor before the
    hook, but not for fused optimizers, which remove it themselves in their step.
    """
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    if scaler is None or not getattr(optimizer, "_step_supports_amp_scaling", False):
        return 1.0
    return float(scaler.get_scale())
