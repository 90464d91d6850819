"""How close sampled images are to real ones, in the features of a frozen network."""

from collections.abc import Callable

import torch
from torch import Tensor
from tqdm.auto import tqdm

from gan_lightning.errors import InputError
from gan_lightning.metrics.classes import (
    class_histogram,
    class_shares,
    classifier_score,
    label_accuracy,
)
from gan_lightning.metrics.contracts import TwoSampleMetric
from gan_lightning.metrics.diversity import relative_diversity
from gan_lightning.metrics.extractor import FeatureExtractor, Features
from gan_lightning.metrics.feature_cache import FeatureCache
from gan_lightning.metrics.features import normalised
from gan_lightning.metrics.frechet import (
    fewest_rows,
    frechet_distance,
    frechet_distance_per_class,
)
from gan_lightning.metrics.kernel import kernel_distance
from gan_lightning.metrics.manifold import precision_recall_density_coverage
from gan_lightning.metrics.memorisation import memorised_share
from gan_lightning.metrics.transfer import transfer_accuracies

Results = dict[str, Tensor]

GOALS = {
    **dict.fromkeys(["fid", "kid", "class_kl", "class_tv", "memorised", "class_fid"], 0.0),
    **dict.fromkeys(["precision", "recall", "density", "coverage", "diversity"], 1.0),
}


class ImageMetrics(TwoSampleMetric):
    """Distances of the features, and how often each class occurs.

    ``compute`` returns ``fid`` (of the last features as they are, if both sets have two images per
    feature: see ``ROWS_PER_DIMENSION``), ``kid`` (of the same features, over all pairs, which is
    unbiased for any number of images; in units of their root mean square on the real images,
    unless the extractor has its own unit), ``precision``, ``recall``, ``density`` and
    ``coverage`` (of the middle ones) and, where the extractor knows the data's classes, ``modes``
    (a count), ``class_kl`` and ``class_tv``.

    Args:
        extractor: Makes features of images.
        knows_classes: Whether the extractor's classes are those of the data.
        class_shares: The true share of each class, shape ``(num_classes,)``, which many classes
            need; by default that among the real images.
    """

    def __init__(
        self,
        extractor: FeatureExtractor,
        knows_classes: bool,
        class_shares: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.class_shares = class_shares
        self.extractor = extractor
        self.knows_classes = knows_classes
        self.protocol = self._features_named()
        self.goals = GOALS

    def compute(self) -> Results:
        images, samples = self.gathered(real=True).cpu(), self.gathered(real=False).cpu()
        if min(len(images), len(samples)) < 2:
            raise InputError(
                "Images are compared in sets of at least 2, such as those that are held out for "
                f"validation; found {len(images)} real and {len(samples)} generated."
            )
        self.protocol = self._features_named()
        self.real_features = FeatureCache(self.extractor)(images)
        self.sample_features = self.extractor(samples)
        results: Results = {}
        hidden = not self.shows_progress or None  # None: hidden unless a terminal is attached
        for compare in tqdm(self.comparisons(), "compare", disable=hidden, leave=False):
            results |= compare()
        return results

    def comparisons(self) -> list[Callable[[], Results]]:
        """Return what is compared, in the order of the results."""
        comparisons = [self._distances, self._manifolds]
        return [*comparisons, self._classes] if self.knows_classes else comparisons

    def _distances(self) -> Results:
        real, samples = self.real_features.last, self.sample_features.last
        unit = torch.ones(1, 1) if self.extractor.has_own_unit else real
        kid = kernel_distance(normalised(real, unit), normalised(samples, unit))
        fewest = fewest_rows(real)
        if min(len(real), len(samples)) >= fewest:
            return {"fid": frechet_distance(real, samples), "kid": kid}
        self.protocol += f", in which an FID needs {fewest} images or more: judge by kid"
        return {"kid": kid}

    def _features_named(self) -> str:
        return f"features of {self.extractor.name}"

    def _manifolds(self) -> Results:
        real, samples = self.real_features.middle, self.sample_features.middle
        # The balls of few images are large; 30 real images are enough to show damage.
        k = max(1, min(5, len(real) // 50, len(samples) // 50))
        return precision_recall_density_coverage(real, samples, k)._asdict()

    def _classes(self) -> Results:
        num_classes = _logits(self.real_features).shape[1]
        due = self.class_shares
        if due is None:
            due = class_shares(_predicted(self.real_features), "real", num_classes)
        histogram = class_histogram(due, _predicted(self.sample_features))
        self.goals = {**self.goals, "modes": num_classes}
        return {
            "modes": histogram.modes,
            "class_kl": histogram.kl,
            "class_tv": histogram.total_variation,
        }


class CompleteImageMetrics(ImageMetrics):
    """All metrics of images: also those that take longer or need the training images.

    ``compute`` returns ``memorised`` first (the share of samples nearer to a training image than
    held-out images are, without which the others mean little), and also ``diversity`` (the Vendi
    score over that of the real images) and, where the extractor knows the data's classes,
    ``classifier_score``. For samples drawn by class it adds ``accuracy`` (the share of samples of
    the requested class), ``class_fid`` (the mean over classes), ``class_fid/<class>``, and
    ``tstr``, ``trtr`` and ``trts`` of ``transfer_accuracies``, with a forest on pixels.

    Args:
        extractor: Makes features of images.
        knows_classes: Whether the extractor's classes are those of the data.
        training: The training images, uint8, shape ``(num_training, channels, height, width)``.
        training_labels: Their labels, int64 of shape ``(num_training,)``.
        class_shares: The true share of each class, shape ``(num_classes,)``; by default that among
            the real images.
    """

    def __init__(
        self,
        extractor: FeatureExtractor,
        knows_classes: bool,
        training: Tensor,
        training_labels: Tensor,
        class_shares: Tensor | None = None,
    ) -> None:
        super().__init__(extractor, knows_classes, class_shares)
        self.training_images = training
        self.training_labels = training_labels

    def comparisons(self) -> list[Callable[[], Results]]:
        comparisons = [self._memorisation, *super().comparisons(), self._variety]
        if self.knows_classes:
            comparisons.append(self._score)
        if self.gathered_labels(real=False) is not None:
            comparisons += [self._accuracy] if self.knows_classes else []
            comparisons += [self._class_distances, self._usefulness]
        return comparisons

    def _memorisation(self) -> Results:
        real, samples = self.real_features.middle, self.sample_features.middle
        training = FeatureCache(self.extractor)(self.training_images).middle
        return {"memorised": memorised_share(samples, training, held_out=real)}

    def _variety(self) -> Results:
        real, samples = self.real_features.middle, self.sample_features.middle
        return {"diversity": relative_diversity(real, samples)}

    def _score(self) -> Results:
        return {"classifier_score": classifier_score(_logits(self.sample_features))}

    def _accuracy(self) -> Results:
        _, labels = self._labels()
        return {"accuracy": label_accuracy(_predicted(self.sample_features), labels)}

    def _class_distances(self) -> Results:
        real_labels, labels = self._labels()
        num_classes = int(max(real_labels.max(), labels.max())) + 1
        real, samples = self.real_features.last, self.sample_features.last
        counts = [of.bincount(minlength=num_classes) for of in (real_labels, labels)]
        if min(int(count.min()) for count in counts) < (fewest := fewest_rows(real)):
            self.protocol += f"; no FID by class, which needs {fewest} images of each"
            return {}
        distances = frechet_distance_per_class(real, real_labels, samples, labels, num_classes)
        each = {f"class_fid/{label}": distance for label, distance in enumerate(distances)}
        return {"class_fid": distances.nanmean(), **each}

    def _usefulness(self) -> Results:
        real_labels, labels = self._labels()
        real, samples = self.gathered(real=True), self.gathered(real=False)
        return transfer_accuracies(
            (self.training_images, self.training_labels), (real, real_labels), (samples, labels)
        )

    def _labels(self) -> tuple[Tensor, Tensor]:
        real, generated = (self.gathered_labels(real=real) for real in (True, False))
        assert real is not None, "real points have labels"
        assert generated is not None, "compared by label only where labels were requested"
        return real.cpu(), generated.cpu()


def _logits(features: Features) -> Tensor:
    assert features.logits is not None, "an extractor that knows classes has logits"
    return features.logits


def _predicted(features: Features) -> Tensor:
    return _logits(features).argmax(1)
