"""Features of Inception-v3, as the papers use them."""

import warnings
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import Tensor

from gan_lightning.features.digits import DigitFeatures
from gan_lightning.metrics.extractor import FeatureExtractor, Features, network_device


class InceptionFeatures(FeatureExtractor):
    """torch-fidelity's Inception-v3 with the weights of Heusel et al., 2017.

    ``middle`` has 768 numbers, ``last`` 2048, and the classes are those of ImageNet. The package
    torch-fidelity fetches the weights (91 MB) on their first use. Where they cannot be had a
    warning says so, and ``DigitFeatures`` take their place: the protocol names what was used.

    Through them, ``fid`` and ``kid`` are what papers compute, of other points: papers often compare
    50 000 samples with the training points, here the protocol says which are compared. The mean
    over subsets of 1 000 that papers report as ``kid`` estimates the same number from fewer pairs.

    Args:
        weights: A file of the weights where they need not be fetched.
    """

    def __init__(self, weights: str | None = None) -> None:
        self.weights = weights
        self._network: Any = None
        self._substitute: FeatureExtractor | None = None
        try:
            self._network = _network(weights)
            self.has_own_unit = True
            self.name = "InceptionFeatures"
            if weights is not None:
                self.name += f" {sha256(Path(weights).read_bytes()).hexdigest()[:8]}"
        except Exception as error:  # a missing package, no network, a damaged file
            reason = str(error).strip().partition("\n")[0]
            warnings.warn(
                f"InceptionFeatures cannot be had ({type(error).__name__}: {reason}); "
                "DigitFeatures take their place. They need the package torch-fidelity, and its "
                "weights from the network or a file.",
                stacklevel=2,
            )
            self._substitute = DigitFeatures()
            self.name = self._substitute.name

    def extract(self, images: Tensor) -> Features:
        if self._substitute is not None:
            return self._substitute.extract(images)
        coloured = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
        return Features(*self._network(coloured))


@cache
def _network(weights: str | None) -> Any:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    network = FeatureExtractorInceptionV3(
        "inception-v3-compat", ["768", "2048", "logits_unbiased"], weights
    )
    return network.eval().requires_grad_(False).to(network_device())
