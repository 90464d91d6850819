"""Points drawn to the nearest of many learned codes."""

import math

import torch
from torch import Tensor, nn

from gan_lightning.errors import InputError, require_positive
from gan_lightning.networks.building import MakeGenerator, built
from gan_lightning.networks.contracts import Generator, Shape, conditioned
from gan_lightning.networks.mlp import MLPGenerator


class Codebook(Generator):
    """Any generator, each of whose points is replaced by the code with the nearest key.

    Soft-to-hard vector quantisation, Agustsson et al., 2017, keys k and codes c learned separately:
    a point x becomes Σ softmax(-‖x - k‖² / 2 blur²) c. The generator inside and the keys give modes
    their shares, the codes are where the modes lie, and the blur, a single number, is the width of
    all steps between them: each of the three can change by itself. At first keys and codes
    are the same points, a scrambled Sobol sequence, which leaves no mode without a code as long as
    each has several. Both are learned in units of ``reach``, so that Adam's steps suit the
    distances that they may have to cover.

    Args:
        data_shape: Shape of one point.
        generator: Makes the generator inside, with or without labels.
        num_codes: Number of codes, about four for each mode expected.
        reach: Codes start in [-reach, reach] along each axis, in the model's scale.
        blur: Distance over which codes blend at first, in the model's scale. Its logarithm is
            learned.
        num_classes: Number of labels, passed by the model.

    Example:
        >>> import torch
        >>> codebook = Codebook((2,), num_codes=8, reach=3.0)
        >>> codebook(torch.randn(5, codebook.latent_dim)).shape
        torch.Size([5, 2])
    """

    def __init__(
        self,
        data_shape: Shape,
        generator: MakeGenerator = MLPGenerator,
        num_codes: int = 256,
        reach: float = 1.0,
        blur: float = 0.1,
        num_classes: int | None = None,
    ) -> None:
        super().__init__()
        require_positive(num_codes=num_codes)
        if not (0 < reach < math.inf and 0 < blur < math.inf):
            raise InputError(
                f"Codebook: reach and blur must be positive, found {reach} and {blur}."
            )
        self.generator = built(
            "generator", Generator, generator, data_shape, num_classes=num_classes
        )
        self.num_classes = self.generator.num_classes
        self.latent_dim = self.generator.latent_dim
        self.reach = reach
        spread = torch.quasirandom.SobolEngine(math.prod(data_shape), scramble=True)
        self.codes = nn.Parameter(2 * spread.draw(num_codes) - 1)
        self.keys = nn.Parameter(self.codes.detach().clone())
        self.log_blur = nn.Parameter(torch.tensor(math.log(blur)))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        points = conditioned(self.generator, z, labels)
        keys, codes = self.reach * self.keys, self.reach * self.codes
        # Without the points' own squares, which no softmax depends on.
        nearness = points.flatten(1) @ keys.T - keys.square().sum(1) / 2
        shares = (nearness / self.log_blur.exp().square()).softmax(1)
        return (shares @ codes).view_as(points)
