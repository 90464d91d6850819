"""A discriminator's logits over the plane, and where their gradient moves samples."""

import numpy as np
import torch
from torch import Tensor

from gan_lightning.figures.palette import DOTS, GENERATED, REAL, styled
from gan_lightning.figures.scene import Scene

GRID = 61
"""Points along each axis at which the discriminator is evaluated."""

ARROWS = 4
"""Every fourth of them has an arrow."""


class SurfaceScene(Scene):
    """A discriminator's logits in colours, and arrows along their gradient: where samples go.

    Colours show the rank of the logits, as their scale changes in training and differs between
    games; the title names their range. The length of an arrow is that of the gradient, capped at
    its upper quartile.

    Args:
        real: Real points in the model's scale, shape ``(num_real, 2)``.
    """

    @styled()
    def __init__(self, real: Tensor) -> None:
        super().__init__(5.8, 6.0)
        low, high = real.min(0).values, real.max(0).values
        room = 0.25 * (high - low).clamp(min=1e-3)
        (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
        lines = torch.linspace(left, right, GRID), torch.linspace(bottom, top, GRID)
        self.grid = torch.cartesian_prod(*lines)
        """Where the discriminator is evaluated, shape ``(GRID², 2)``."""

        axis = self.subplots()
        self._surface = self.moving(
            axis.imshow(
                np.zeros((GRID, GRID)), cmap="PiYG", vmin=0, vmax=1, alpha=0.75, aspect="auto",
                extent=(left, right, bottom, top), origin="lower", interpolation="bilinear",
            )
        )  # fmt: skip
        self._reference = min(right - left, top - bottom) / (GRID / ARROWS)
        at = [line[ARROWS // 2 :: ARROWS].numpy() for line in lines]
        zero = np.zeros((len(at[1]), len(at[0])))
        self._arrows = self.moving(
            axis.quiver(*at, zero, zero, angles="xy", scale_units="xy", scale=1, color="0.25",
                        width=0.0028)
        )  # fmt: skip
        shown = real[:1000]
        self.moving(axis.plot(*shown.T.numpy(), color=REAL, ms=4, alpha=0.35, **DOTS)[0])
        axis.plot([], [], color=REAL, ms=4, label="real", **DOTS)  # dense dots look like this
        self._dots = self.moving(
            axis.plot([], [], color=GENERATED, ms=2.8, alpha=0.8, label="generated", **DOTS)[0]
        )
        axis.set(xlim=(left, right), ylim=(bottom, top), xlabel="x₁", ylabel="x₂")
        self.legend(loc="outside lower center", ncols=2, markerscale=2)

    def showing(self, samples: Tensor, logits: Tensor, gradients: Tensor) -> "SurfaceScene":
        """Show another moment of training.

        Args:
            samples: Generated points in the model's scale, shape ``(num_samples, 2)``.
            logits: The discriminator's logits on ``grid``, shape ``(GRID²,)``.
            gradients: Its gradient there, shape ``(GRID², 2)``.
        """
        ranks = torch.empty(len(logits))
        ranks[logits.argsort()] = torch.linspace(0, 1, len(logits))
        self._surface.set_data(ranks.reshape(GRID, GRID).T.numpy())
        thinned = gradients.reshape(GRID, GRID, 2)[ARROWS // 2 :: ARROWS, ARROWS // 2 :: ARROWS]
        lengths = thinned.norm(dim=2)
        reference = float(lengths.quantile(0.75)) or 1.0
        shown = thinned / lengths.clamp(min=1e-12)[..., None]
        shown = shown * (lengths / reference).clamp(max=1)[..., None] * self._reference
        self._arrows.set_UVC(shown[..., 0].T.numpy(), shown[..., 1].T.numpy())
        self._dots.set_data(*samples.T.numpy())
        self.say(
            "The discriminator: green where it takes points for real\n"
            f"Logits {_number(logits.min())} to {_number(logits.max())}; arrows lead to higher ones"
        )
        return self


def _number(value: Tensor) -> str:
    return f"{value:.2f}".replace("-", "−")
