"""The demo's page, in a real browser."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan_lightning.cli import main

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("browser", ROOT / "tests" / "browser.py")
browser = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(browser)
HAS_GRADIO = importlib.util.find_spec("gradio") is not None

NEW_SEED = """
    const labels = [...document.querySelectorAll('label')];
    const box = labels.find(label => label.innerText.includes('Seed')).querySelector('input');
    box.value = 7;
    box.dispatchEvent(new Event('input', {bubbles: true}));
    box.dispatchEvent(new Event('change', {bubbles: true})); true
"""


@pytest.fixture
def page_of(tmp_path, environment, run):
    """Train a little, serve the demo as a process of its own, and return its address."""
    run("fit", f"--config={ROOT}/configs/r3gan_iris.yaml", "--trainer.max_epochs=2")
    checkpoint = tmp_path / "lightning_logs/r3gan_iris/version_0/checkpoints/last.ckpt"
    words = [sys.executable, "-m", "gan_lightning", "demo", f"--ckpt_path={checkpoint}"]
    with subprocess.Popen(
        [*words, "--port=0"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        yield re.search(r"http://127\.0\.0\.1:\d+", line)[0]
        process.send_signal(signal.SIGINT)
        process.wait(30)


def drawn_rows(page, other_than):
    """Wait for rows that differ from given ones, and return the page's text."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        text = page.text()
        if re.search("setosa|virginica|versicolor", text) and text != other_than:
            return text
        time.sleep(0.2)
    return None


@pytest.mark.slow
@pytest.mark.skipif(not HAS_GRADIO, reason="the extra demo is not installed")
@pytest.mark.skipif(browser.CHROMIUM is None, reason="there is no Chromium")
def test_a_click_draws_rows_and_nothing_is_loaded_from_elsewhere(page_of, tmp_path):
    with browser.browsing(page_of, tmp_path / "profile") as page:
        page.wait_for("sepal length (cm)", "species")
        first = drawn_rows(page, other_than=None)
        page.evaluate(NEW_SEED)
        page.click("Draw")
        assert drawn_rows(page, other_than=first)
        assert len(page.answered) > 5
        for address in page.answered:
            assert address.startswith((page_of, "data:", "blob:")), address


def test_without_gradio_the_demo_says_what_to_install(run, tmp_path, capsys):
    if HAS_GRADIO:
        pytest.skip("the extra demo is installed")
    run("fit", "--model=GAN", "--data=GaussianRing", "--trainer.max_epochs=1")
    checkpoint = tmp_path / "lightning_logs/gan_gaussianring/version_0/checkpoints/last.ckpt"
    before = dict(os.environ)
    with pytest.raises(SystemExit):
        main(["demo", f"--ckpt_path={checkpoint}", "--port=0"])
    assert 'pip install "gan_lightning[demo]"' in capsys.readouterr().err
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
