"""A model with the name of an honest one; where it is imported, the bare name is ambiguous."""

from evil import record

from gan_lightning import models, networks


class GAN(models.GAN):
    """Has the name of an honest model."""

    def __init__(
        self,
        data_shape: networks.Shape,
        generator: models.adversarial.MakeGenerator = networks.MLPGenerator,
    ) -> None:
        record("GAN")
        super().__init__(data_shape, generator)
