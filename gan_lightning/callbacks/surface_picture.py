"""A picture of a discriminator's judgement of the plane."""

import torch
from torch import Tensor

from gan_lightning.data import DataModule, Picture
from gan_lightning.figures import SurfaceScene
from gan_lightning.models import AdversarialModule, GenerativeModel
from gan_lightning.networks import conditioned

MOST_POINTS = 2000
"""Real and generated points in the picture."""


class SurfacePicture:
    """Draws a discriminator's logits over the plane, and their gradient, for points of two numbers.

    Points are in the model's scale, where the discriminator sees them. Logits of a conditional
    model are means over the labels.
    """

    def __init__(self) -> None:
        self._scene: SurfaceScene | None = None
        self._judges_packs = False

    def of(self, model: GenerativeModel, data: DataModule, samples: Tensor) -> dict[str, Picture]:
        """Return the picture by its name, or nothing for other models and data.

        Args:
            model: The model.
            data: What it is trained on.
            samples: Generated points in the model's scale, shape ``(num_samples, 2)``.
        """
        if not isinstance(model, AdversarialModule) or tuple(data.data_shape) != (2,):
            return {}
        if self._judges_packs:
            return {}
        if self._scene is None:
            self._scene = SurfaceScene(data.scale(data.train.x[:MOST_POINTS]).float().cpu())
        logits, gradients = judged_plane(model, self._scene.grid, data.num_classes)
        if len(logits) != len(self._scene.grid):
            self._judges_packs = True
            return {}
        shown = samples[:MOST_POINTS].detach().float().cpu()
        return {"surface": self._scene.showing(shown, logits, gradients)}


def judged_plane(
    model: AdversarialModule, points: Tensor, num_classes: int
) -> tuple[Tensor, Tensor]:
    """Return a discriminator's logits of points and their gradients, float32, on the CPU.

    Args:
        model: The model; its weights get no gradients.
        points: Shape ``(num_points, *data_shape)``.
        num_classes: Number of labels over which logits are averaged, if the discriminator takes
            labels.
    """
    network = model.discriminator
    with model.evaluating(), torch.enable_grad():
        x = model.at_home(points).requires_grad_()
        labels = range(num_classes) if network.num_classes is not None else range(1)
        each = [
            conditioned(network, x, torch.full((len(x),), label, device=x.device))
            for label in labels
        ]
        logits = torch.stack(each).mean(0)
        (gradients,) = torch.autograd.grad(logits.sum(), x)
    return logits.detach().float().cpu(), gradients.float().cpu()
