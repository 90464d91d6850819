"""The notebooks run from their first cell to their last."""

import json
import re
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

NOTEBOOKS = sorted((Path(__file__).parent.parent / "examples").glob("*.ipynb"))


def code_of(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_is_a_notebook_for_each_kind_of_data():
    assert [path.stem for path in NOTEBOOKS] == ["digits", "folder", "points", "table"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_no_outputs_that_could_be_out_of_date(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs")
    for code in code_of(path):
        compile(code, path.name, "exec")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*val_dataloader", "ignore:.*num_workers", "ignore:.*agg")
@pytest.mark.filterwarnings("ignore:.*log_every_n_steps", "ignore:The table has .* rows")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    names = {"__name__": "__main__"}
    for code in code_of(path):
        exec(
            compile(re.sub(r"\bTrainer\(", "Trainer(accelerator='cpu', ", code), path.name, "exec"),
            names,
        )
    plt.close("all")
    if path.stem == "points":
        assert "'modes': 8.0" in capsys.readouterr().out
