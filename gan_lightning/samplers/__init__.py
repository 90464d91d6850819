"""Where the latents of samples come from: the prior, or a distribution fitted to latents."""

from gan_lightning.samplers.conditional_scores import ConditionalScores
from gan_lightning.samplers.contracts import FittedSampler, LatentSampler
from gan_lightning.samplers.copula import GaussianCopula
from gan_lightning.samplers.for_each_label import ForEachLabel
from gan_lightning.samplers.gaussian_mixture import GaussianMixture
from gan_lightning.samplers.latent_flow import LatentFlow
from gan_lightning.samplers.prior import Prior
from gan_lightning.samplers.second_stage import SecondStageVAE
from gan_lightning.samplers.stratified import stratified

__all__ = [
    "ConditionalScores",
    "FittedSampler",
    "ForEachLabel",
    "GaussianCopula",
    "GaussianMixture",
    "LatentFlow",
    "LatentSampler",
    "Prior",
    "SecondStageVAE",
    "stratified",
]
