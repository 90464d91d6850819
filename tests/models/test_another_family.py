"""One more family, denoising diffusion (Ho et al., 2020), needs a class of its own and no more.

Nothing in the package knows it, and yet it is trained, averaged, sampled, judged, pictured, stopped
and resumed like the others.
"""

from functools import partial
from typing import ClassVar

import pytest
import torch
from lightning.pytorch import LightningModule
from torch.nn.functional import mse_loss

from gan_lightning.callbacks import GeneratorEMA
from gan_lightning.models import OneLossModel
from gan_lightning.networks import MakeVelocity, MLPVelocity, Shape, VelocityField, built


class Diffusion(OneLossModel):
    """A network predicts the noise in noisy points, which is removed step by step.

    Args:
        data_shape: Shape of one data point; the command line takes it from the data module.
        num_classes: Number of labels, for a network that takes them; set by the command line too.
        network: Makes the network that predicts the noise from a point and its time.
        num_steps: Steps from data to noise.
    """

    averaged: ClassVar[tuple[str, ...]] = ("network",)

    def __init__(
        self,
        data_shape: Shape,
        num_classes: int | None = None,
        network: MakeVelocity = MLPVelocity,
        num_steps: int = 100,
        **shared,
    ) -> None:
        super().__init__(**shared)
        self.data_shape = tuple(data_shape)
        self.network = built(
            "network", VelocityField, network, self.data_shape, num_classes=num_classes
        )
        self.know_labels(self.network.num_classes)
        # Section 4, whose 1 000 steps from 1e-4 to 0.02 are here fewer and longer ones.
        betas = torch.linspace(1e-4, 0.02, num_steps) * 1000 / num_steps
        self.register_buffer("betas", betas)
        self.register_buffer("kept", (1 - betas).cumprod(0))  # ᾱ_t: the signal's share of variance

    def noise_in(self, x, step, labels):
        known = None if self.num_classes is None else labels
        return self.best("network")(x, (step + 1) / len(self.betas), known)

    def losses(self, x, labels):
        """Equation 14."""
        noise, step = (
            torch.randn_like(x),
            torch.randint(len(self.betas), (len(x),), device=x.device),
        )
        kept = self.kept[step].view(-1, *[1] * len(self.data_shape))
        noisy = kept.sqrt() * x + (1 - kept).sqrt() * noise
        loss = mse_loss(self.noise_in(noisy, step, labels), noise)
        return {"loss": loss, "noise_loss": loss.detach()}

    def sample(self, num_samples, labels=None):
        """Algorithm 2, with σ_t² = β_t."""
        labels = self.asked_labels(num_samples, labels)
        x = torch.randn(num_samples, *self.data_shape, device=self.device)
        with self.evaluating():
            for i in reversed(range(len(self.betas))):
                beta, step = self.betas[i], torch.full((num_samples,), i, device=self.device)
                noise = self.noise_in(x, step, labels)
                x = (x - beta / (1 - self.kept[i]).sqrt() * noise) / (1 - beta).sqrt()
                x = x + (i > 0) * beta.sqrt() * torch.randn_like(x)
        return x


class PerfectNoise(VelocityField):
    """The best prediction of the noise in noisy points of N(0, 4 I): covariance over variance."""

    def __init__(self, data_shape: Shape) -> None:
        super().__init__()
        betas = torch.linspace(1e-4, 0.02, 100) * 10
        self.kept = (1 - betas).cumprod(0)

    def forward(self, x, t, labels=None):
        kept = self.kept[(t * 100).round().long() - 1][:, None]
        return (1 - kept).sqrt() / (4 * kept + 1 - kept) * x


def test_the_perfect_network_makes_gaussian_data_of_noise():
    samples = Diffusion((2,), network=PerfectNoise).sample(20_000)
    assert samples.mean(0).tolist() == pytest.approx([0, 0], abs=0.05)
    assert samples.std(0).tolist() == pytest.approx([2, 2], rel=0.05)


SMALL = partial(MLPVelocity, hidden_dims=(16,), embedding_dim=2)


def test_a_trainer_in_python_trains_counts_labels_and_averages(fit):
    model = Diffusion((2,), num_classes=4, network=SMALL, num_steps=50)
    fit(model, GeneratorEMA(half_life=50))
    assert model.label_counts.tolist() == [8, 8, 8, 8]
    assert model.has_average
    assert model.sample(3, torch.tensor([0, 1, 2])).shape == (3, 2)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(f"""
seed_everything: 3
data: {{class_path: Iris, init_args: {{species_column: true}}}}
model:
  class_path: {__name__}.Diffusion
  init_args:
    network: {{class_path: MLPVelocity, init_args: {{hidden_dims: [16], embedding_dim: 2}}}}
    num_steps: 50
    optimizer: {{class_path: Adam, init_args: {{lr: 1.0e-3}}}}
    lr_scheduler: {{class_path: Linear, init_args: {{start: 1.0, end: 0.1, points: 500}}}}
trainer:
  max_epochs: 4
  check_val_every_n_epoch: 2
  callbacks: [{{class_path: GeneratorEMA, init_args: {{half_life: 500}}}}]
metrics: {{num_samples: 20, test_samples: 20}}
pictures: {{num_samples: 20}}
""")
    return path


def test_the_command_line_trains_resumes_to_the_bit_samples_and_judges(run, config, tmp_path):
    run("fit", f"--config={config}")
    run("fit", f"--config={config}", "--trainer.max_epochs=3")
    logs = tmp_path / "lightning_logs" / "small"
    checkpoints = [logs / f"version_{i}" / "checkpoints" / "last.ckpt" for i in range(2)]
    run("fit", f"--config={config}", f"--ckpt_path={checkpoints[1]}")
    whole, resumed = (torch.load(path, weights_only=True) for path in checkpoints)
    assert whole["epoch"] == resumed["epoch"]
    for name, weight in whole["state_dict"].items():
        assert torch.equal(weight, resumed["state_dict"][name]), name

    output = tmp_path / "flowers.csv"
    run(
        "sample",
        f"--ckpt_path={checkpoints[0]}",
        "--num_samples=30",
        f"--output={output}",
        "--trust=tests",
    )
    assert len(output.read_text().splitlines()) == 31
    run("test", f"--config={config}", f"--ckpt_path={checkpoints[0]}")
    assert (logs / "version_0" / "metrics.json").is_file()
    model = LightningModule.load_from_checkpoint(checkpoints[0], weights_only=True)
    assert type(model) is Diffusion


@pytest.mark.slow
def test_its_pictures_are_drawn(run, config, tmp_path):
    run("fit", f"--config={config}")
    assert list(tmp_path.glob("lightning_logs/small/version_0/pictures/*/*.png"))
