"""How networks are trained: LightningModules."""

from gan_lightning.models.adversarial import AdversarialModule
from gan_lightning.models.gan import GAN
from gan_lightning.models.generative import GenerativeModel
from gan_lightning.models.r3gan import R3GAN

__all__ = ["GAN", "R3GAN", "AdversarialModule", "GenerativeModel"]
