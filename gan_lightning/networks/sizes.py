"""How often an image is halved on the way to its smallest features."""

from gan_lightning.errors import InputError
from gan_lightning.networks.contracts import Shape


def halvings(data_shape: Shape, network: str) -> tuple[int, int]:
    """Return how often a square image can be halved, and the size that is left, 4 to 7.

    Sizes are thus 4, 5, 6 or 7 times 2, 4, 8 …: 28 is 7 after two halvings, 64 is 4 after four.

    Args:
        data_shape: Shape of one image, ``(channels, size, size)``.
        network: Name of the network, for the error.

    Raises:
        InputError: If the data are not square images of such a size.
    """
    if len(data_shape) == 3 and data_shape[1] == data_shape[2]:
        size, count = data_shape[1], 0
        while size % 2 == 0 and size >= 8:
            size, count = size // 2, count + 1
        if count > 0 and 4 <= size <= 7:
            return count, size
    raise InputError(
        f"{network} is for square images with a size of 4, 5, 6 or 7 times 2, 4, 8 …, such as 28, "
        f"32, 40 or 64, found points of shape {tuple(data_shape)}."
    )
