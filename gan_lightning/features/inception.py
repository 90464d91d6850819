"""Features of Inception-v3, as the papers use them."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.metrics.extractor import FeatureExtractor, Features, network_device


class InceptionFeatures(FeatureExtractor):
    """torch-fidelity's Inception-v3 with the weights of Heusel et al., 2017.

    ``middle`` has 768 numbers, ``last`` 2048, and the classes are those of ImageNet. They are an
    extra, ``pip install "gan_lightning[inception]"``: the package torch-fidelity fetches the
    weights (91 MB) on their first use. Nothing takes their place where they cannot be had.

    Through them, ``fid`` and ``kid`` are what papers compute, of other points: papers often compare
    50 000 samples with the training points, here the protocol says which are compared. The mean
    over subsets of 1 000 that papers report as ``kid`` estimates the same number from fewer pairs.

    Args:
        weights: A file of the weights where they need not be fetched.

    Raises:
        InputError: If the package or the weights cannot be had.
    """

    has_own_unit = True

    def __init__(self, weights: str | None = None) -> None:
        self.weights = weights
        self.name = "InceptionFeatures"
        try:
            self._network: Any = _network(weights)
            if weights is not None:
                self.name += f" {sha256(Path(weights).read_bytes()).hexdigest()[:8]}"
        except Exception as error:  # a missing package, no network, a damaged file
            reason = str(error).strip().partition("\n")[0]
            raise InputError(
                f"InceptionFeatures are not available ({type(error).__name__}: {reason}): they "
                "need the package torch-fidelity, and its weights from the network or from a file, "
                "named by weights; FilterFeatures need neither."
            ) from error

    def extract(self, images: Tensor) -> Features:
        coloured = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
        return Features(*self._network(coloured))


@cache
def _network(weights: str | None) -> Any:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    network = FeatureExtractorInceptionV3(
        "inception-v3-compat", ["768", "2048", "logits_unbiased"], weights
    )
    return network.eval().requires_grad_(False).to(network_device())
