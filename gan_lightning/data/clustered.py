"""Clusters in place of labels."""

from collections.abc import Callable, Mapping
from copy import copy
from typing import TypeVar

import torch
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from torch import Tensor

from gan_lightning.data.contracts import DataModule, Picture, Stage
from gan_lightning.data.held_out import HeldOut
from gan_lightning.data.loader import TensorLoader
from gan_lightning.data.memory import DataMemory, Split
from gan_lightning.data.units import Units
from gan_lightning.errors import InputError, require_positive
from gan_lightning.metrics import TwoSampleMetric

Made = TypeVar("Made", TensorLoader, Split)

NUM_COMPONENTS = 40
"""Principal components in which distances are measured: 4/5 of the variance of digits."""


class Clustered(DataModule):
    """Any data, with k-means clusters in place of its labels.

    A conditional model then learns from unlabelled data, one easy region at a time, as in Liu et
    al., 2020, "Diverse Image Generation via Self-Conditioned GANs"; there, features of the
    discriminator are clustered repeatedly; here, the points are clustered once. Batches are those
    of the data with other labels. The data's own labels are not used, and nothing is compared by
    label.

    Args:
        data: The data.
        num_clusters: Number of clusters.
        cluster_seed: Seed of k-means, separate from the run's.
    """

    def __init__(self, data: DataModule, num_clusters: int = 50, cluster_seed: int = 0) -> None:
        super().__init__(data.batch_size)
        require_positive(num_clusters=num_clusters)
        if not 0 <= cluster_seed < 2**32:  # as NumPy accepts them
            raise InputError(f"cluster_seed must lie in [0, 2^32), found {cluster_seed}.")
        self.data = data
        self.cluster_seed = cluster_seed
        self.data_shape = data.data_shape
        self.num_classes = num_clusters
        self.monitor = data.monitor
        self.monitor_of_few = data.monitor_of_few
        self.monitor_mode = data.monitor_mode
        self.file_ending = data.file_ending

    def prepare_data(self) -> None:
        self.data.prepare_data()

    def setup(self, stage: str) -> None:
        self.data.trainer = self.trainer
        self.data.setup(stage)
        points = self._flattened(self.data.train)
        if len(points) < self.num_classes:
            raise InputError(
                f"num_clusters: {self.num_classes} clusters need at least as many training points, "
                f"found {len(points)}."
            )
        components = PCA(min(NUM_COMPONENTS, *points.shape), random_state=self.cluster_seed)
        k_means = MiniBatchKMeans(
            self.num_classes, random_state=self.cluster_seed, n_init=3, batch_size=4096
        ).fit(components.fit_transform(points))

        def relabelled(split: Split) -> Split:
            clusters = k_means.predict(components.transform(self._flattened(split)))
            return Split(split.x, torch.from_numpy(clusters).long())

        self.train = relabelled(self.data.train)
        # A split that was not requested stays the same object as the next larger one.
        self.val = self.train if self.data.val is self.data.train else relabelled(self.data.val)
        self.test = self.val if self.data.test is self.data.val else relabelled(self.data.test)

    def scale(self, x: Tensor) -> Tensor:
        return self.data.scale(x)

    def from_stored(self, x: Tensor) -> Tensor:
        return self.data.from_stored(x)

    @property
    def units(self) -> Units:  # type: ignore[override]
        """Units of the wrapped data, without label names, which do not apply to clusters."""
        units = copy(self.data.units)
        units.label_names = None
        return units

    def metrics(self, stage: Stage) -> TwoSampleMetric:
        metric = self.data.metrics(stage)
        metric.by_label = False
        return metric

    def figures(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Picture]:
        return self.data.figures(samples)

    def real_pictures(self) -> dict[str, Picture]:
        return self.data.real_pictures()

    def neighbours(self, samples: Tensor) -> Picture | None:
        return self.data.neighbours(samples)

    def row_names(self, labels: Tensor | None = None) -> list[str]:
        return self.data.row_names() if labels is None else []  # clusters have no names

    def baselines(self) -> dict[str, Callable[[int], Tensor]]:
        return self.data.baselines()

    def report(self, samples: Tensor, scores: Mapping[str, Mapping[str, float]]) -> str | None:
        return self.data.report(samples, scores)

    def setup_units(self) -> None:
        self.data.setup_units()

    def remember(self, memory: DataMemory) -> None:
        super().remember(memory)
        self.data.remember(memory)

    def held_out(self) -> HeldOut | None:
        return self.data.held_out()

    def described(self, stage: Stage) -> str:
        return self.data.described(stage)

    def training_points(self, num_points: int, rank: int, world_size: int) -> Split:
        return self._by_cluster(lambda: self.data.training_points(num_points, rank, world_size))

    def train_dataloader(self) -> TensorLoader:
        return self._by_cluster(self.data.train_dataloader)

    def val_dataloader(self) -> TensorLoader:
        return self._by_cluster(self.data.val_dataloader)

    def test_dataloader(self) -> TensorLoader:
        return self._by_cluster(self.data.test_dataloader)

    def predict_dataloader(self) -> TensorLoader:
        return self._by_cluster(self.data.predict_dataloader)

    def _by_cluster(self, make: Callable[[], Made]) -> Made:
        """Return what the wrapped data make of their splits, with clusters as labels."""
        data = self.data
        data.trainer = self.trainer
        own = data.train, data.val, data.test
        data.train, data.val, data.test = self.train, self.val, self.test
        try:
            return make()
        finally:
            data.train, data.val, data.test = own

    def _flattened(self, split: Split) -> Tensor:
        return torch.cat([self.scale(x).flatten(1).cpu() for x in split.x.split(4096)])
