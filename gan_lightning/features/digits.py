"""Features of a classifier of handwritten digits, shipped with the package."""

import hashlib
from functools import cache
from pathlib import Path

from safetensors.torch import load
from torch import Tensor
from torch.nn.functional import interpolate, pad

from gan_lightning.errors import InputError
from gan_lightning.metrics.extractor import FeatureExtractor, Features, network_device
from gan_lightning.networks import ConvClassifier

WEIGHTS = Path(__file__).parent / "digits.safetensors"
SHA256 = "df47b2b6e19d03a52d22530b7ca45f1c5044e9da7c0b14ba2b4b5a30b58d1372"
"""Hash of the file; every protocol states its first eight characters."""

SIZE = 28


class DigitFeatures(FeatureExtractor):
    """A ``ConvClassifier`` trained on MNIST by ``configs/classifier_mnist.yaml``.

    ``middle`` has 576 numbers, ``last`` 128, and there are ten classes. Images of another size are
    resized to 28×28, and coloured ones are made grey. On images other than digits it responds to
    strokes, and its classes mean nothing.

    Args:
        margin: Black pixels, out of the 28, around each image: MNIST's digits have four, and digits
            that fill their image are misclassified without them.
    """

    def __init__(self, margin: int = 0) -> None:
        if not 0 <= margin < SIZE // 2:
            raise InputError(f"DigitFeatures: margin must lie in [0, {SIZE // 2}), found {margin}.")
        self.margin = margin
        self.name = f"DigitFeatures {SHA256[:8]}" + (f" margin {margin}" if margin else "")

    def extract(self, images: Tensor) -> Features:
        x = images.float().mean(1, keepdim=True)
        inner = (SIZE - 2 * self.margin,) * 2
        if x.shape[2:] != inner:
            x = interpolate(x, inner, mode="bicubic", antialias=True).clamp(0, 255)
        x = pad(x, [self.margin] * 4) / 127.5 - 1
        return Features(*_network().stages(x))


@cache
def _network() -> ConvClassifier:
    """Read the weights once per process, and make sure that they are the shipped ones."""
    content = WEIGHTS.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise InputError(f"{WEIGHTS} is damaged: install the package again.")
    network = ConvClassifier((1, SIZE, SIZE), num_classes=10)
    network.load_state_dict(load(content))
    return network.eval().requires_grad_(False).to(network_device())
