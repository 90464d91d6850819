"""How often an image is halved on the way to its smallest features."""

from gan_lightning.errors import InputError
from gan_lightning.networks.contracts import Shape


def halvings(data_shape: Shape, network: str) -> tuple[int, int]:
    """Return how often a square image can be halved, and the size that is left, 4 to 7.

    28 is 7 after two halvings, a power of two from 8 on is 4 after some.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        network: Name of the network, for the error.

    Raises:
        InputError: If the data are no square images of such a size.
    """
    if len(data_shape) == 3 and data_shape[1] == data_shape[2]:
        size, count = data_shape[1], 0
        while size % 2 == 0 and size >= 8:
            size, count = size // 2, count + 1
        if count > 0 and 4 <= size <= 7:
            return count, size
    raise InputError(
        f"{network} makes square images with a size of 28 or a power of two from 8 on, "
        f"found points of shape {tuple(data_shape)}."
    )
