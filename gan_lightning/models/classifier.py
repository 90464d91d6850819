"""A classifier, whose features the metrics of images use."""

from collections.abc import Callable

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_lightning.models.configured import ConfiguredModule
from gan_lightning.models.optimization import MakeOptimizer, MakeScheduler
from gan_lightning.networks import ConvClassifier, ImageClassifier, Shape, built

MakeClassifier = Callable[[Shape, int], ImageClassifier]


class Classifier(ConfiguredModule):
    """Minimises the cross-entropy of the labels.

    Args:
        data_shape: Shape of one image; the command line takes it from the data module.
        num_classes: Number of labels; also from the data module.
        network: Makes the network for a shape of images and a number of labels.
        augmentation: Makes the module that augments the training images; none by default.
        optimizer: Makes the optimizer for the network's parameters.
        lr_scheduler: Makes a learning rate schedule for the optimizer, stepped once an epoch; none
            by default.
    """

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int,
        network: MakeClassifier = ConvClassifier,
        augmentation: Callable[[], nn.Module] | None = None,
        optimizer: MakeOptimizer = torch.optim.Adam,
        lr_scheduler: MakeScheduler | None = None,
    ) -> None:
        super().__init__()
        self.network = built(
            "network", ImageClassifier, network, data_shape, num_classes=num_classes
        )
        self.augmentation = nn.Identity() if augmentation is None else augmentation()
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler

    def forward(self, x: Tensor) -> Tensor:
        """Return class logits, shape ``(batch, num_classes)``, of images."""
        return self.network(x)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        x, labels = batch
        loss = cross_entropy(self(self.augmentation(x)), labels)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self._log_accuracy("val", *batch)

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self._log_accuracy("test", *batch)

    def predict_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Return the class of each image of the batch."""
        return self(batch[0]).argmax(1)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = self.optimizer(self.network.parameters())
        return [optimizer], [] if self.lr_scheduler is None else [self.lr_scheduler(optimizer)]

    def _log_accuracy(self, stage: str, x: Tensor, labels: Tensor) -> None:
        logits = self(x)
        values = {
            f"{stage}/accuracy": (logits.argmax(1) == labels).float().mean(),
            f"{stage}/loss": cross_entropy(logits, labels),
        }
        self.log_dict(values, on_epoch=True, batch_size=len(x), sync_dist=True)
