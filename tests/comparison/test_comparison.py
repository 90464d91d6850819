"""Runs side by side: numbers with their spread, settings, pictures and curves."""

import csv
import importlib.util
import io
import json
from html.parser import HTMLParser
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from gan_lightning.cli import main
from gan_lightning.comparison import csv_of, families_of, markdown_of, page_of, read_run
from gan_lightning.comparison.families import differences_of

BROWSER = Path(__file__).parents[1] / "browser.py"
SPEC = importlib.util.spec_from_file_location("browser", BROWSER)
browser = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(browser)


@pytest.fixture
def make_run(tmp_path):
    """Write the folder of a run without training."""

    def make(experiment, version, seed=0, lr=1e-3, ks=None, curve=(), protocol="100 of 50"):
        folder = tmp_path / "lightning_logs" / experiment / f"version_{version}"
        (folder / "pictures" / "pairs").mkdir(parents=True)
        config = {
            "seed_everything": seed,
            "model": {
                "class_path": "gan_lightning.GAN",
                "init_args": {"g_optimizer": {"init_args": {"lr": lr}}, "dims": [64, 64]},
            },
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        if ks is not None:
            content = {
                "checkpoint": "last.ckpt",
                "stage": "test",
                "protocol": protocol,
                "values": {"ks": ks, "fid": None},
                "floor": {"ks": 0.05},
            }
            (folder / "metrics.json").write_text(json.dumps(content))
        for step in (100, 2):
            pixels = np.full((30, 40, 3), step, np.uint8)
            Image.fromarray(pixels).save(folder / "pictures" / "pairs" / f"{step:07d}.png")
        with SummaryWriter(folder) as board:
            for step, value in enumerate(curve):
                board.add_scalar("val/ks", value, step)
                board.add_scalar("train/g_loss", float("nan"), step)
        return folder

    return make


class Page(HTMLParser):
    """What a page's tags name, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_data(self, data):
        self.texts.append(data)


def test_runs_of_one_config_are_averaged_over_their_seeds(make_run):
    values = (0.1, 0.2, 0.4)
    runs = [read_run(make_run("a", i, seed=i, ks=ks)) for i, ks in enumerate(values)]
    runs.append(read_run(make_run("b", 0, lr=1e-2, ks=0.5)))
    first, second = families_of(runs)
    mean = sum(values) / 3
    assert first.mean("test/ks") == pytest.approx(mean)
    deviation = sqrt(sum((v - mean) ** 2 for v in values) / 2)
    assert first.deviation("test/ks") == pytest.approx(deviation)
    assert first.summary("test/ks") == "0.2333 ± 0.1528"
    assert second.summary("test/ks") == "0.5"
    assert first.described == "3 runs with the seeds 0, 1, 2"
    assert differences_of([first, second]) == {"model.g_optimizer.lr": ["0.001", "0.01"]}


def test_runs_with_different_settings_are_kept_apart_within_an_experiment_too(make_run):
    runs = [read_run(make_run("a", i, lr=lr)) for i, lr in enumerate((1, 2, 1))]
    assert [family.name for family in families_of(runs)] == [
        "a/version_0+version_2",
        "a/version_1",
    ]


def test_markdown_and_csv_hold_the_same_numbers(make_run):
    families = families_of(
        [read_run(make_run("a", i, seed=i, ks=ks)) for i, ks in ((0, 1), (1, 3))]
    )
    markdown = markdown_of(families)
    assert "2 ± 1.414" in markdown
    assert "100 of 50" in markdown
    (row,) = csv.DictReader(io.StringIO(csv_of(families)))
    assert row["experiment"] == "a"
    assert (float(row["mean"]), row["values"]) == (2.0, "1.0 3.0")
    assert float(row["sd"]) == pytest.approx(sqrt(2))
    lines = markdown.splitlines()
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


def test_without_a_test_the_last_validation_stands_in_and_is_marked(make_run):
    run = read_run(make_run("a", 0, curve=[0.9, 0.3]))
    assert run.figures == {"val/ks": pytest.approx(0.3)}
    assert any("figures are the last of its validation" in sentence for sentence in run.unread)
    assert run.curves["val/ks"] == [(0, pytest.approx(0.9)), (1, pytest.approx(0.3))]


def test_runs_that_were_judged_differently_are_marked(make_run):
    runs = [read_run(make_run("a", i, ks=1, protocol=f"{i} samples")) for i in (1, 2)]
    assert "not judged alike" in markdown_of(families_of(runs))
    assert "not judged alike" in page_of(families_of(runs))


def test_the_page_needs_nothing_from_elsewhere(make_run):
    runs = [read_run(make_run(n, 0, ks=1, lr=i, curve=[1, 2])) for i, n in enumerate("ab")]
    page = Page(page_of(families_of(runs)))
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert len(page.addresses) == 2
    assert "script" not in page.tags
    assert page.tags.count("svg") == 1
    assert page.tags.count("polyline") == 2
    assert "no finite value" in page.texts
    assert "a/version_0, seed 0, batch 100" in page.texts
    assert 'name=viewport content="width=device-width' in page_of([])


@pytest.mark.slow
@pytest.mark.skipif(browser.CHROMIUM is None, reason="there is no Chromium")
def test_the_page_fits_a_phone_and_shows_its_pictures(make_run, tmp_path):
    runs = [make_run("experiment_with_a_long_name", i, i, ks=i, lr=i, curve=[1, 2]) for i in (0, 1)]
    path = tmp_path / "page.html"
    path.write_text(page_of(families_of(map(read_run, runs))), encoding="utf-8")
    with browser.browsing(path.as_uri(), tmp_path / "profile", (500, 900)) as page:
        page.wait_for("Settings that differ", "Pictures: pairs", "Curves, by batches")
        width = page.evaluate("innerWidth")
        assert width <= 500  # no window of Chromium is narrower
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        sizes = page.evaluate("[...document.images].map(image => image.naturalWidth)")
        assert sizes == [40, 40]
        boxes = "[...document.images].map(image => image.getBoundingClientRect().right)"
        assert max(page.evaluate(boxes)) <= width


HOSTILE = "<script>alert(1)</script>|&"


def test_texts_of_a_run_stay_texts(make_run):
    folder = make_run("a", 0, ks=1, protocol=HOSTILE)
    other = make_run("b", 0, ks=1, lr=HOSTILE)
    page = page_of(families_of([read_run(folder), read_run(other)]))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


DAMAGES = {
    "config.yaml": ["{", "- &a [*a]", "!!python/object/apply:os.abort []", "3", "\0"],
    "metrics.json": ["{", "[]", '{"stage": "test"}', "[" * 100_000, '{"stage":1,"values":3}'],
    "pictures/pairs/0000100.png": ["no picture", ""],
    "events.out.tfevents.1": ["no events" * 100],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in DAMAGES.items() for text in texts]
)
def test_what_cannot_be_read_is_reported_in_a_line_and_the_rest_is_compared(make_run, name, text):
    folder = make_run("a", 0, ks=1, curve=[1, 2])
    if name.startswith("events"):
        for file in folder.glob("events*"):
            file.unlink()
    (folder / name).write_text(text)
    run = read_run(folder)
    page = page_of(families_of([run]))
    assert name.startswith("events") or len(run.unread) == 1
    assert all(len(sentence.splitlines()) == 1 for sentence in run.unread)
    assert "a" in Page(page).texts


def test_a_picture_outside_the_run_is_left_out(make_run, tmp_path):
    folder = make_run("a", 0)
    Image.fromarray(np.zeros((3, 3, 3), np.uint8)).save(tmp_path / "secret.png")
    (folder / "pictures" / "pairs" / "0000999.png").symlink_to(tmp_path / "secret.png")
    assert read_run(folder).pictures["pairs"].name == "0000100.png"


def test_the_command_prints_markdown_and_writes_both_files(make_run, monkeypatch, tmp_path, capsys):
    runs = [make_run("a", i, seed=i, ks=i) for i in (0, 1)]
    monkeypatch.chdir(tmp_path)
    main(["compare", "lightning_logs/a"])
    printed = capsys.readouterr().out
    assert "0.5 ± 0.7071" in printed
    assert "Wrote the page to comparison.html" in printed
    (runs[0] / "checkpoints").mkdir()
    (runs[0] / "checkpoints" / "last.ckpt").touch()
    words = [str(runs[0] / "checkpoints" / "last.ckpt"), str(runs[1]), "--output", "out/b.html"]
    main(["compare", *words])
    assert (tmp_path / "out" / "b.html").read_text() == (tmp_path / "comparison.html").read_text()
    assert (tmp_path / "out" / "b.csv").is_file()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "the following arguments are required: RUN"),
        (["nowhere"], "found nothing at nowhere"),
        (["."], "found a folder without runs at ."),
        (["a", "--outptu=b"], "unrecognized arguments: --outptu=b"),
    ],
)
def test_what_cannot_be_compared_is_refused(monkeypatch, tmp_path, capsys, words, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        main(["compare", *words])
    assert exit_.value.code == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
