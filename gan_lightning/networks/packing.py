"""Several points judged together, which exposes a generator without diversity."""

from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.networks.building import MakeDiscriminator, built
from gan_lightning.networks.contracts import Discriminator, Shape
from gan_lightning.networks.mlp import MLPDiscriminator


class Packing(Discriminator):
    """Any discriminator, shown packs of points of one kind: Lin et al., 2018, "PacGAN".

    A pack stacks its points along the first dimension of a point, channels or columns. There is a
    logit for each pack, shape ``(batch // size,)``; points that fill no pack are left out.
    For packs with labels put this wrapper inside ``LabelledDiscriminator``.

    Args:
        data_shape: Shape of one point.
        discriminator: Makes the discriminator inside, for points with ``size`` times the channels.
        size: Points in a pack, m in the paper.

    Example:
        >>> import torch
        >>> Packing((4,), size=2)(torch.randn(6, 4)).shape  # three packs of two rows
        torch.Size([3])
    """

    def __init__(
        self,
        data_shape: Shape,
        discriminator: MakeDiscriminator = MLPDiscriminator,
        size: int = 2,
    ) -> None:
        super().__init__()
        if size < 1:
            raise InputError(f"Packing: size must be a positive integer, found {size}.")
        self.size = size
        packed_shape = (size * data_shape[0], *data_shape[1:])
        self.discriminator = built("discriminator", Discriminator, discriminator, packed_shape)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        num_packs = len(x) // self.size
        if num_packs == 0:
            raise InputError(
                f"Packing: a batch of {len(x)} does not fill a pack of {self.size}; choose a "
                "larger batch_size or a smaller size."
            )
        packs = x[: num_packs * self.size].unflatten(0, (num_packs, self.size))
        return self.discriminator(packs.flatten(1, 2))
