"""Features of Inception-v3, as papers use them."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import Tensor

from gan_lightning.errors import InputError
from gan_lightning.metrics.extractor import FeatureExtractor, Features, network_device


class InceptionFeatures(FeatureExtractor):
    """torch-fidelity's Inception-v3 with the weights of Heusel et al., 2017.

    ``middle`` has 768 numbers, ``last`` 2048, and the classes are those of ImageNet. They need
    the extra ``photos``, ``pip install "gan_lightning[photos]"``: its package torch-fidelity
    downloads the weights (91 MB) when they are first used. There is no silent fallback.

    With these features, ``fid`` and ``kid`` are those of papers, though often of other points:
    papers usually compare 50 000 samples with the training points; here the protocol says which
    points are compared. Papers report ``kid`` as a mean over subsets of 1 000 points, which
    estimates the same number from fewer pairs.

    Args:
        weights: A file with the weights; by default they are downloaded.

    Raises:
        InputError: If the package or the weights are not available.
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
                "need the package torch-fidelity (the extra photos) and its weights, downloaded or "
                "read from the file that weights names; FilterFeatures need neither."
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
