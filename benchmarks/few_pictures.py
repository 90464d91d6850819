r"""Train on a few pictures, and compare samples with pictures that were not among them.

    python benchmarks/few_pictures.py [--sources faces shapes textures crops digits] [--count 500]
        [--size 32] [--config small_folder] [--seed 0] [--mnist ROOT] [--keep FOLDER]
        [--set KEY=VALUE …]

Each source fills a folder with ``--count`` pictures, of which ``fit`` holds out a tenth. 2 000
samples of the last checkpoint, 2 000 other real pictures, and the folder's own are compared with
2 000 pictures that were not in the folder: precision, recall and coverage with k = 5 in
``FilterFeatures``, and the share of pictures that are nearer to one in the folder than all but 1 in
1 000 unseen ones. ``--set model.augmentation=null`` is the same game without augmentation. Digits
are MNIST's, in colour like all others; crops are cut out of two photographs, and overlap.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from drawn_pictures import SOURCES, pictures
from PIL import Image
from processes import cpu_seconds
from torch import Tensor
from torchvision.datasets import MNIST

from gan_lightning.features import FilterFeatures
from gan_lightning.metrics.manifold import precision_recall_density_coverage
from gan_lightning.metrics.memorisation import memorised_share

NUM_SAMPLES = 2000


def main() -> None:
    """Print a table with three rows for each source."""
    arguments = _arguments()
    print("| pictures | precision | recall | coverage | copies | CPU min |")
    print("|---" * 6 + "|", flush=True)
    for source in arguments.sources:
        folder, unseen, others = (
            torch.from_numpy(_pictures(source, count, arguments, part))
            for part, count in enumerate((arguments.count, NUM_SAMPLES, NUM_SAMPLES))
        )
        samples, minutes = _samples(source, folder, arguments)
        judged = {
            f"{source}: samples": (samples, f"{minutes:.1f}"),
            f"{source}: as many unseen ones": (others, ""),
            f"{source}: the {arguments.count} of the folder": (folder, ""),
        }
        for name, (shown, spent) in judged.items():
            print(f"| {name} | {_row(shown, folder, unseen)} | {spent} |", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    sources = [*SOURCES, "digits"]
    parser.add_argument("--sources", nargs="+", default=["faces"], choices=sources)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--config", default="small_folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mnist", default="data", help="folder of MNIST, for digits")
    parser.add_argument("--keep", type=Path, help="folder for the runs, which are else deleted")
    parser.add_argument("--set", nargs="+", default=[], help="KEY=VALUE arguments of fit")
    return parser.parse_args()


def _pictures(source: str, count: int, arguments: argparse.Namespace, part: int) -> np.ndarray:
    """Return pictures of a source; parts share none."""
    if source in SOURCES:
        return pictures(source, count, arguments.size, seed=1000 * part + arguments.seed)
    digits = MNIST(arguments.mnist, train=part == 0, download=True).data.numpy()
    start = 0 if part == 0 else NUM_SAMPLES * (part - 1)
    shown = [
        np.asarray(Image.fromarray(each).resize((arguments.size, arguments.size)))
        for each in digits[start : start + count]
    ]
    return np.stack(shown)[:, None].repeat(3, 1)


def _samples(source: str, folder: Tensor, arguments: argparse.Namespace) -> tuple[Tensor, float]:
    """Train on a folder, and return samples and the CPU minutes of training."""
    with tempfile.TemporaryDirectory() as temporary:
        place = (arguments.keep or Path(temporary)).absolute() / source
        (place / "pictures").mkdir(parents=True, exist_ok=True)
        for i, picture in enumerate(folder.numpy().transpose(0, 2, 3, 1)):
            Image.fromarray(picture).save(place / "pictures" / f"{i:04d}.png")
        before = cpu_seconds()
        _command(
            "fit",
            f"--config={arguments.config}",
            f"--seed_everything={arguments.seed}",
            f"--data.root={place / 'pictures'}",
            f"--data.size={arguments.size}",
            *(["--data.flip=false"] if source == "digits" else []),
            f"--trainer.default_root_dir={place}",
            *[f"--{setting}" for setting in arguments.set],
        )
        minutes = (cpu_seconds() - before) / 60
        written = place / "samples.npz"
        checkpoint = max(place.rglob("last.ckpt"), key=lambda path: path.stat().st_mtime)
        _command(
            "sample",
            f"--ckpt_path={checkpoint}",
            f"--num_samples={NUM_SAMPLES}",
            f"--output={written}",
        )
        return torch.from_numpy(np.load(written)["images"]), minutes


def _command(*args: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gan_lightning", *args], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])


def _row(images: Tensor, folder: Tensor, unseen: Tensor) -> str:
    """Return the figures of pictures as cells of a table."""
    features = FilterFeatures()
    shown, held_out, trained = (features(each).middle for each in (images, unseen, folder))
    scores = precision_recall_density_coverage(held_out, shown, 5)
    copies = memorised_share(shown, trained, held_out)
    cells = (scores.precision, scores.recall, scores.coverage, copies)
    return " | ".join(f"{cell:.3f}" for cell in map(float, cells))


if __name__ == "__main__":
    main()
