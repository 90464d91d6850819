"""The numbers of validate and test: printed as a table, and kept as a file."""

import json
import math
import re

import pytest

from gan_lightning.callbacks import Comparison
from gan_lightning.cli import main
from gan_lightning.cli.numbers import print_comparison, write_comparison
from gan_lightning.errors import InputError

QUIET = [
    "--trainer.accelerator=cpu",
    "--trainer.enable_model_summary=false",
    "--trainer.enable_progress_bar=false",
]


def trained(root, *args):
    """Train for one epoch and return the last checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["gan_lightning"])
        main(["fit", *args, f"--trainer.default_root_dir={root}", "--trainer.max_epochs=1", *QUIET])
    (path,) = root.rglob("last.ckpt")
    return path


@pytest.fixture(scope="module")
def gan(tmp_path_factory):
    data = ["--data=GaussianRing", "--data.num_samples=400", "--metrics.test_samples=200"]
    return trained(tmp_path_factory.mktemp("gan"), "--model=GAN", *data)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    data = ["--data=Digits", "--data.size=8", "--data.num_val=100"]
    return trained(tmp_path_factory.mktemp("classifier"), "--model=Classifier", *data)


@pytest.fixture(autouse=True)
def _no_numbers_yet(gan):
    yield
    (gan.parent.parent / "metrics.json").unlink(missing_ok=True)


def rows(output):
    """The printed table: its header and the cells of each row."""
    header, *lines = output.splitlines()
    return header.split(), {line.split()[0]: line.split()[1:] for line in lines}


def test_the_test_of_samples_beside_real_points_and_the_goal_is_printed_and_saved(run, gan, capsys):
    run("test", f"--ckpt_path={gan}")
    output = capsys.readouterr().out
    header, cells = rows(output)
    assert header == ["test/", "samples", "real", "perfect"]
    assert "200 samples of the raw weights, seed 0, against 40 test points" in output
    path = gan.parent.parent / "metrics.json"
    assert re.search(r"^Wrote the numbers to .*metrics\.json$", output, re.MULTILINE)
    kept = json.loads(path.read_text())
    assert kept["checkpoint"] == "last.ckpt"
    assert kept["stage"] == "test"
    assert kept["protocol"] in output
    for quantity, value in kept["values"].items():
        samples, real, *_ = cells[quantity]
        assert float(samples) == pytest.approx(value, abs=1e-4, rel=0.01)
        assert float(real) == pytest.approx(kept["floor"][quantity], abs=1e-4, rel=0.01)
    assert not path.with_suffix(".tmp").exists()


def test_the_numbers_are_saved_in_the_run_whatever_the_working_folder(
    run, gan, tmp_path, monkeypatch, capsys
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr("sys.argv", ["gan_lightning"])
    main(["test", f"--ckpt_path={gan}", *QUIET])
    assert (gan.parent.parent / "metrics.json").is_file()
    assert not list(elsewhere.iterdir())
    monkeypatch.chdir(gan.parent)
    (gan.parent.parent / "metrics.json").unlink()
    main(["test", "--ckpt_path=last.ckpt", *QUIET])
    assert (gan.parent.parent / "metrics.json").is_file()


def test_validate_prints_no_real_points_and_writes_nothing(run, gan, capsys):
    before = sorted(gan.parent.parent.rglob("*"))
    run("validate", f"--ckpt_path={gan}")
    output = capsys.readouterr().out
    header, cells = rows(output)
    assert header == ["val/", "samples", "perfect"]
    assert float(cells["ks"][0]) > 0
    assert "against 40 validation points" in output
    assert "real:" not in output
    assert sorted(gan.parent.parent.rglob("*")) == before


def test_numbers_are_printed_before_the_folder_that_cannot_be_written_to_is_named(run, gan, capsys):
    blocked = gan.parent.parent / "metrics.json"
    blocked.mkdir()
    try:
        with pytest.raises(SystemExit) as failure:
            run("test", f"--ckpt_path={gan}")
    finally:
        blocked.rmdir()
    assert failure.value.code == 2
    shown = capsys.readouterr()
    assert shown.out.startswith("test/")
    assert f"Error: {blocked} cannot be written" in shown.err
    assert "Traceback" not in shown.err
    assert not list(blocked.parent.glob("metrics.*"))


def test_test_of_a_classifier_prints_its_accuracy(run, classifier, capsys):
    run("test", f"--ckpt_path={classifier}")
    output = capsys.readouterr().out
    accuracy = float(rows(output)[1]["accuracy"][0])
    assert 0 <= accuracy <= 1
    assert accuracy * 100 == pytest.approx(round(accuracy * 100))  # a share of 100 images
    assert "100 validation points" in output
    kept = json.loads((classifier.parent.parent / "metrics.json").read_text())
    assert kept["values"]["accuracy"] == pytest.approx(accuracy, abs=1e-4)
    assert kept["floor"] == {}


def test_a_classifier_draws_no_samples(run, classifier, capsys, tmp_path):
    with pytest.raises(SystemExit):
        run("sample", f"--ckpt_path={classifier}", f"--output={tmp_path}/samples.png")
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("Error: "))
    assert line == "Error: sample: Classifier is not a model that draws samples."
    assert not (tmp_path / "samples.png").exists()


VALUES = {"fid": 1.5, "kid": math.nan, "class_kl": math.inf, "fid/a": -math.inf, "modes": 10.0}
FOUND = Comparison("test", "30 samples", VALUES, {"fid": 0.5, "kid": math.nan}, {"fid": 0.0})


def test_the_file_is_strict_json_whatever_the_numbers(tmp_path):
    path = write_comparison(FOUND, tmp_path / "checkpoints" / "best.ckpt", tmp_path)
    assert path == tmp_path / "metrics.json"

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    kept = json.loads(path.read_text(), parse_constant=refuse)
    assert kept == {
        "checkpoint": "best.ckpt",
        "stage": "test",
        "protocol": "30 samples",
        "values": {"fid": 1.5, "kid": None, "class_kl": None, "fid/a": None, "modes": 10},
        "floor": {"fid": 0.5, "kid": None},
        "goals": {"fid": 0},
        "baselines": {},
    }


def test_the_table_shows_numbers_that_are_not_finite_and_leaves_unknown_ones_blank(capsys):
    print_comparison(FOUND)
    _, cells = rows(capsys.readouterr().out)
    assert cells["fid"] == ["1.5000", "0.5000", "0"]
    assert cells["fid/a"] == ["-inf", "0"]  # the goal is that of the quantity
    assert cells["kid"] == ["nan", "nan"]
    assert cells["class_kl"] == ["inf"]
    assert cells["modes"] == ["10"]


def test_a_protocol_is_printed_unchanged(capsys):
    print_comparison(FOUND._replace(protocol="features of [red]pictures[/red]"))
    assert "features of [red]pictures[/red]" in capsys.readouterr().out


def test_a_path_that_is_not_a_folder_is_named(tmp_path):
    blocked = tmp_path / "none"
    blocked.write_text("a file in the way")
    with pytest.raises(InputError, match=r"none/metrics\.json cannot be written: File exists"):
        write_comparison(FOUND, tmp_path / "best.ckpt", blocked)


def test_earlier_numbers_are_replaced(tmp_path):
    for seed in (0, 1):
        found = FOUND._replace(protocol=f"seed {seed}")
        path = write_comparison(found, tmp_path / "best.ckpt", tmp_path)
    assert json.loads(path.read_text())["protocol"] == "seed 1"
    assert list(tmp_path.iterdir()) == [path]
