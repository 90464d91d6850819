"""What is trained: tensors in, tensors out."""

from gan_lightning.networks.contracts import Discriminator, Generator, Shape
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator

__all__ = ["Discriminator", "Generator", "MLPDiscriminator", "MLPGenerator", "Shape"]
