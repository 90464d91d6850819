r"""Judge samples of digits with a classifier that no part of the package has seen.

    python benchmarks/judge.py samples.npz [more.npz …] [--root data] [--forest]
    python benchmarks/judge.py --train [--root data]

``samples.npz`` holds ``images``, uint8 of shape ``(num, 1, 28, 28)``, and for a conditional model
``labels``, as ``python -m gan_lightning sample --output samples.npz`` writes them. They are
compared with as many of MNIST's 10 000 test images, in the last 128 features of a residual network
whose architecture, seed and training differ from those of ``DigitFeatures``. Of more samples,
10 000 evenly spaced ones are taken. No default may be chosen by it.

``fid`` is the Fréchet distance, ``recall`` and ``coverage`` have k = 5, ``confident`` is the share
of images whose class has a probability of 0.9 or more, ``uniform`` how far the shares of the
classes lie from those of the test images (total variation), ``copies`` the share of samples that
lie nearer to a training image than all but 1 in 1 000 test images do, and ``asked`` the share
whose class is the label. ``real`` holds the figures of training images in their place.

``--forest`` adds the accuracy on the test images of a random forest of 100 trees that has learned
from all samples with labels, or from as many training images: with 60 000, minutes on one core.

``--train`` makes ``judge.safetensors`` anew: 4 epochs, some minutes on one core.
"""

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save
from sklearn.ensemble import RandomForestClassifier
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision.datasets import MNIST

from gan_lightning.metrics.frechet import frechet_distance
from gan_lightning.metrics.manifold import precision_recall_density_coverage
from gan_lightning.networks import AffineJitter

WEIGHTS = Path(__file__).parent / "judge.safetensors"
CONFIDENT = 0.9


class Residual(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.GELU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return images of the same shape."""
        return nn.functional.gelu(x + self.layers(x))


class Judge(nn.Module):
    """A residual network of three widths; its features are the means of the last feature maps."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 24, 5, stride=2, padding=2),
            nn.GELU(),
            Residual(24),
            nn.Conv2d(24, 64, 3, stride=2, padding=1),
            nn.GELU(),
            Residual(64),
            nn.Conv2d(64, 128, 3, stride=2, padding=1),
            nn.GELU(),
            Residual(128),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return class logits, shape ``(batch, 10)``, of images in [0, 1]."""
        return self.head(self.body(x))


class Views:
    """Features and probabilities of a set of images.

    Args:
        network: The classifier.
        images: uint8, shape ``(num, 1, 28, 28)``.
    """

    @torch.inference_mode()
    def __init__(self, network: Judge, images: Tensor) -> None:
        chunks = [network.body(part / 255) for part in images.split(500)]
        self.features = torch.cat(chunks)
        self.probabilities = network.head(self.features).softmax(1)
        self.classes = self.probabilities.argmax(1)

    @property
    def shares(self) -> Tensor:
        """Share of each class, shape ``(10,)``."""
        return self.classes.bincount(minlength=10) / len(self.classes)


def judged(samples: Views, test: Views, labels: Tensor | None) -> dict[str, float]:
    """Return the judge's figures for samples, by name."""
    scores = precision_recall_density_coverage(test.features, samples.features, 5)
    found = {
        "fid": frechet_distance(test.features, samples.features),
        "precision": scores.precision,
        "recall": scores.recall,
        "coverage": scores.coverage,
        "confident": (samples.probabilities.max(1).values >= CONFIDENT).float().mean(),
        "uniform": (samples.shares - test.shares).abs().sum() / 2,
    }
    if labels is not None:
        found["asked"] = (samples.classes == labels).float().mean()
    return {name: float(value) for name, value in found.items()}


def share_of_copies(samples: Tensor, test: Tensor, training: Tensor) -> float:
    """Return the share of images nearer to a training image than 999 of 1 000 test images are."""
    known = training.flatten(1).float()

    def nearest(images: Tensor) -> Tensor:
        parts = images.flatten(1).float().split(250)
        return torch.cat([torch.cdist(part, known).min(1).values for part in parts])

    return float((nearest(samples) < nearest(test).quantile(0.001)).float().mean())


def taught(images: Tensor, labels: Tensor, test: MNIST) -> float:
    """Return the accuracy on test images of a forest that has learned from labelled images."""
    forest = RandomForestClassifier(100, random_state=0)
    forest.fit(images.flatten(1).numpy(), labels.numpy())
    return float(forest.score(test.data.flatten(1).numpy(), test.targets.numpy()))


def read_judge() -> Judge:
    """Return the network with the weights that lie beside this file."""
    network = Judge()
    network.load_state_dict(load(WEIGHTS.read_bytes()))
    return network.eval()


def train(images: Tensor, labels: Tensor, epochs: int = 4, batch_size: int = 200) -> Judge:
    """Train a judge on digits that are shifted, turned and scaled a little."""
    torch.manual_seed(20_240_611)
    network, jitter = Judge(), AffineJitter()
    steps = epochs * -(-len(images) // batch_size)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, steps)
    for epoch in range(epochs):
        for indices in torch.randperm(len(images)).split(batch_size):
            x = jitter(images[indices] / 255)
            loss = cross_entropy(network(x), labels[indices], label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {epochs}: loss {loss.item():.4f}", flush=True)
    return network.eval()


def as_table(results: Mapping[str, Mapping[str, float]]) -> str:
    """Return a Markdown table with a row for each set of samples."""
    columns = list(dict.fromkeys(name for row in results.values() for name in row))
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, row in results.items():
        cells = [f"{row[column]:.4f}" if column in row else "" for column in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def results_of(
    paths: Sequence[Path], sets: tuple[MNIST, MNIST], forest: bool = False
) -> dict[str, dict[str, float]]:
    """Return the figures of files of samples, and of training images in their place.

    Args:
        paths: The files.
        sets: The training and the test images.
        forest: Whether forests learn from those with labels.
    """
    network = read_judge()
    images, test_images = (part.data.unsqueeze(1) for part in sets)
    results: dict[str, dict[str, float]] = {}
    for path in paths:
        with np.load(path) as arrays:
            found = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        total = len(found["images"])
        count = min(total, len(test_images))
        chosen = torch.arange(count) * total // count  # all labels, which may be sorted
        samples = found["images"][chosen]
        labels = found["labels"][chosen] if "labels" in found else None
        test = Views(network, test_images[:count])
        row = results[path.stem] = judged(Views(network, samples), test, labels)
        row["copies"] = share_of_copies(samples, test_images, images)
        known = None if labels is None else sets[0].targets[:count]
        real = f"real {count}"
        if real not in results:
            results[real] = judged(Views(network, images[:count]), test, known)
        if forest and labels is not None:
            row["forest"] = taught(found["images"], found["labels"], sets[1])
            size = min(total, len(images))
            if (key := f"forest of {size} real") not in results:
                known = sets[0].targets[:size]
                results[key] = {"forest": taught(images[:size], known, sets[1])}
    return results


def main() -> None:
    """Print a table of the judge's figures, or train the judge anew."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("samples", type=Path, nargs="*")
    parser.add_argument("--root", default="data", help="folder that holds MNIST")
    parser.add_argument("--forest", action="store_true", help="train forests on labelled samples")
    parser.add_argument("--train", action="store_true")
    arguments = parser.parse_args()
    training, test = (MNIST(arguments.root, train=is_train) for is_train in (True, False))
    if arguments.train:
        network = train(training.data.unsqueeze(1), training.targets)
        WEIGHTS.write_bytes(save(network.state_dict()))
        right = (Views(network, test.data.unsqueeze(1)).classes == test.targets).float().mean()
        print(f"{right:.2%} of the test images are classified correctly")
        return
    print(as_table(results_of(arguments.samples, (training, test), arguments.forest)))
    digest = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:8]
    print(f"\njudge {digest}, k = 5, MNIST test images")


if __name__ == "__main__":
    main()
