"""How networks are trained: LightningModules."""

from typing import Any

from gan_lightning.models.acgan import ACGAN
from gan_lightning.models.adversarial import AdversarialModule
from gan_lightning.models.autoencoder import Autoencoder
from gan_lightning.models.autoencoding import AutoencodingModel
from gan_lightning.models.classifier import Classifier
from gan_lightning.models.conditional_gan import ConditionalGAN
from gan_lightning.models.conditional_vae import ConditionalVAE
from gan_lightning.models.configured import ConfiguredModule
from gan_lightning.models.flow_matching import FlowMatching
from gan_lightning.models.gan import GAN
from gan_lightning.models.generative import GenerativeModel
from gan_lightning.models.judgement import Judgement
from gan_lightning.models.latent import LatentModel, MakeSampler
from gan_lightning.models.one_loss import OneLossModel
from gan_lightning.models.r3gan import R3GAN
from gan_lightning.models.table_model import TableModel
from gan_lightning.models.vae import VAE
from gan_lightning.models.variational import VariationalModel
from gan_lightning.models.warm_start import WarmStartedGAN
from gan_lightning.models.wgan import WGAN, SlowRMSprop, WassersteinGAN
from gan_lightning.models.wgan_gp import WGANGP

__all__ = [
    "ACGAN",
    "GAN",
    "R3GAN",
    "VAE",
    "WGAN",
    "WGANGP",
    "AdversarialModule",
    "Autoencoder",
    "AutoencodingModel",
    "Classifier",
    "ConditionalGAN",
    "ConditionalVAE",
    "ConfiguredModule",
    "FlowMatching",
    "GenerativeModel",
    "Judgement",
    "LatentModel",
    "MakeSampler",
    "OneLossModel",
    "SlowRMSprop",
    "TableModel",
    "VariationalModel",
    "WarmStartedGAN",
    "WassersteinGAN",
]

_RENAMED = {"ConditionalModel": "GenerativeModel", "ConditionalModule": "AdversarialModule"}


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        raise ImportError(f"{name} is now {_RENAMED[name]}.")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
