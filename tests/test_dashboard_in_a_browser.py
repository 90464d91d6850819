"""Every tab of TensorBoard shows what it should after a short run, in a real browser.

With ``SCREENSHOTS=folder`` in the environment each tab's picture is kept there.
"""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from gan_lightning.cli import main

sys.path.insert(0, str(Path(__file__).parent))
from browser import CHROMIUM, browsing, free_port

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]

TABS = {
    "timeseries": ["samples", "/points", "/d_loss", "val", "weights"],
    "scalars": ["train", "val", "d_loss"],
    "custom_scalars": [
        "Is it training well?",
        "losses of both players",
        "what the discriminator's logits mean",
        "val/ks: samples, best so far, real points",
        "modes found",
        "train/d_pairs_won",
        "val/ks_floor",
    ],
    "images": ["samples", "points"],
    "histograms": ["train", "real_logits", "weights"],
    "text": [
        "run/config",
        "class_path: gan_lightning.R3GAN",
        "health/diagnosis",
        "The average of the weights is not warmed up",
        "val/protocol",
        "50 samples of the averaged weights",
    ],
    "hparams": ["seed", "batch_size", "weights", "model.g_optimizer.lr", "val/ks", "val/ks_best"],
}


OPEN_SECTIONS = """(() => {
    const walk = node => {
        if (node.tagName === "TF-CATEGORY-PAGINATED-VIEW") node.opened = true;
        [...(node.shadowRoot ? [node.shadowRoot] : []), ...(node.children || [])].forEach(walk);
    };
    walk(document.body);
})()"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a short run that fills every tab."""
    folder = tmp_path_factory.mktemp("run")
    config = (ROOT / "configs" / "r3gan_ring.yaml").read_text()
    cold = config.replace("half_life: 20000", "half_life: 1.0e+9, ramp_up: 0")
    path = folder / "short.yaml"
    path.write_text(cold.replace("every_n_batches: 960", "every_n_batches: 8"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gan_lightning"])
        main(
            [
                *("fit", f"--config={path}", f"--trainer.default_root_dir={folder}"),
                *("--trainer.max_epochs=8", "--trainer.check_val_every_n_epoch=2"),
                *("--trainer.log_every_n_steps=2", "--trainer.enable_progress_bar=false"),
                *("--data.init_args.num_samples=1024", "--metrics.num_samples=50"),
                "--pictures.num_samples=100",
            ]
        )
    return folder / "lightning_logs"


@pytest.fixture(scope="module")
def address(run):
    """The address of a TensorBoard that shows the run."""
    port = free_port()
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "tensorboard.main", f"--logdir={run}", f"--port={port}"),
            "--load_fast=false",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        _wait_for(address)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_shows_what_it_should(address, tab, tmp_path):
    with browsing(f"{address}#{tab}", tmp_path / "profile") as page:
        if tab == "text":  # of three sections TensorBoard opens two: a click opens the third
            page.wait_for("val", seconds=120)
            page.evaluate(OPEN_SECTIONS)
        page.wait_for(*TABS[tab], seconds=120)
        if kept := os.environ.get("SCREENSHOTS"):
            time.sleep(3)  # until curves are drawn
            page.picture(Path(kept) / f"{tab}.png")


def _wait_for(address):
    for _ in range(240):
        try:
            with urllib.request.urlopen(address):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("TensorBoard does not answer")
