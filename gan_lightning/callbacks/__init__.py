"""What happens around training: averages, checkpoints, pictures, metrics."""

from gan_lightning.callbacks.channels_last import ChannelsLast
from gan_lightning.callbacks.checkpoints import Checkpoints
from gan_lightning.callbacks.compiled import Compiled
from gan_lightning.callbacks.cuda_graphs import CUDAGraphs
from gan_lightning.callbacks.dashboard import Dashboard
from gan_lightning.callbacks.finite_losses import FiniteLosses
from gan_lightning.callbacks.generator_ema import GeneratorEMA, LeftAverage
from gan_lightning.callbacks.gradient_clipping import GradientClipping
from gan_lightning.callbacks.health_monitor import HealthMonitor
from gan_lightning.callbacks.hyperparameter_table import HyperparameterTable
from gan_lightning.callbacks.importance_bound import ImportanceBound
from gan_lightning.callbacks.latent_pictures import LatentPictures
from gan_lightning.callbacks.matmul_precision import MatmulPrecision
from gan_lightning.callbacks.pictures import SamplePictures
from gan_lightning.callbacks.random_state import RandomState
from gan_lightning.callbacks.run_progress import RunProgress
from gan_lightning.callbacks.sample_metrics import Comparison, SampleMetrics
from gan_lightning.callbacks.sampler_fit import SamplerFit
from gan_lightning.callbacks.schedule_end import ScheduleEnd
from gan_lightning.callbacks.training_curves import TrainingCurves
from gan_lightning.callbacks.weight_histograms import WeightHistograms

__all__ = [
    "CUDAGraphs",
    "ChannelsLast",
    "Checkpoints",
    "Comparison",
    "Compiled",
    "Dashboard",
    "FiniteLosses",
    "GeneratorEMA",
    "GradientClipping",
    "HealthMonitor",
    "HyperparameterTable",
    "ImportanceBound",
    "LatentPictures",
    "LeftAverage",
    "MatmulPrecision",
    "RandomState",
    "RunProgress",
    "SampleMetrics",
    "SamplePictures",
    "SamplerFit",
    "ScheduleEnd",
    "TrainingCurves",
    "WeightHistograms",
]
