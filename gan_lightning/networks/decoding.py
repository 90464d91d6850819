"""A decoder in the generator's place."""

from collections.abc import Callable

from torch import Tensor

from gan_lightning.networks.contracts import Decoder, Generator, conditioned


class DecodingGenerator(Generator):
    """Turns a decoder into a generator.

    Args:
        decoder: The decoder.
        points: Maps its outputs to points, such as a sigmoid.
        num_classes: Number of labels for which latents are drawn, if any; the decoder need not know
            them.
    """

    def __init__(
        self, decoder: Decoder, points: Callable[[Tensor], Tensor], num_classes: int | None = None
    ) -> None:
        super().__init__()
        self.decoder = decoder
        self.points = points
        self.latent_dim = decoder.latent_dim
        self.num_classes = num_classes

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.points(conditioned(self.decoder, z, labels))
