"""The convolutional generator of TensorFlow's DCGAN tutorial, as the article varies it."""

from collections.abc import Callable

from torch import Tensor, nn

from gan_lightning.errors import InputError
from gan_lightning.networks.contracts import Generator, Shape


class KerasConvGenerator(Generator):
    """7×7×256, 5×5 transposed convolutions to 128 and 64 (stride 2), 7×7 to the image (stride 1).

    Batch normalisation comes before each LeakyReLU; no layer has a bias. Keras's defaults are kept:
    a slope of 0.3, momentum 0.99 (PyTorch's 0.01) and an epsilon of 0.001.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)`` with a size divisible by 4.
        latent_dim: Length of a latent vector.
        output: Makes the module after the last layer; its range must contain the data's.
    """

    def __init__(
        self,
        data_shape: Shape,
        latent_dim: int = 100,
        output: Callable[[], nn.Module] = nn.Tanh,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        if len(data_shape) != 3 or data_shape[1] != data_shape[2] or data_shape[1] % 4:
            raise InputError(
                "KerasConvGenerator makes square images with a size divisible by 4, found points "
                f"of shape {tuple(data_shape)}."
            )
        smallest = data_shape[1] // 4
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 256 * smallest**2, bias=False),
            nn.BatchNorm1d(256 * smallest**2, eps=1e-3, momentum=0.01),
            nn.LeakyReLU(0.3),
            nn.Unflatten(1, (256, smallest, smallest)),
            *_doubled(256, 128),
            *_doubled(128, 64),
            nn.ConvTranspose2d(64, data_shape[0], 7, padding=3, bias=False),
            output(),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(z)


def _doubled(channels_in: int, channels_out: int) -> list[nn.Module]:
    return [
        nn.ConvTranspose2d(
            channels_in, channels_out, 5, stride=2, padding=2, output_padding=1, bias=False
        ),
        nn.BatchNorm2d(channels_out, eps=1e-3, momentum=0.01),
        nn.LeakyReLU(0.3),
    ]
