"""The worst hostile files, opened as a user would open them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

TOUCH = "__import__('pathlib').Path('ran').touch()"
"""An expression that leaves a file behind."""

MODULE = f"""
{TOUCH}


def call(*args, **kwargs):
    pass
"""

LOAD = """
import sys
import gan_lightning
from lightning.pytorch import LightningModule

LightningModule.load_from_checkpoint(sys.argv[1], weights_only=True)
"""


def spec(class_path, **init_args):
    return {"class_path": class_path, "init_args": init_args}


EXPRESSION = spec(
    "torchvision.transforms.v2.Lambda",
    lambd=spec("sympy.core.function.Lambda", signature="x", expr=TOUCH),
)


class Touching:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("ran"),)


@pytest.fixture
def opened(spoiled, environment, tmp_path):
    """Open a spoiled run in a process of its own, where the module ``payload`` can be imported."""

    def opened(run, *command):
        (tmp_path / "payload.py").write_text(MODULE)
        return subprocess.run(
            [sys.executable, *command, str(run.checkpoint)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return opened


def by(command):
    return ("-m", "gan_lightning", command, "--ckpt_path")


def check(process, refused, folder):
    """Make sure that a command ran nothing and gave the reason in one sentence."""
    assert not (folder / "ran").exists()
    assert process.returncode == 2
    assert "Traceback" not in process.stderr
    (line,) = (line for line in process.stderr.splitlines() if line.startswith("Error: "))
    assert refused in line


def test_an_expression_in_a_layer_is_not_evaluated(spoiled, opened, tmp_path):
    run = spoiled()
    run.set_hyperparameters({"generator.activation": EXPRESSION})
    check(opened(run, *by("test")), "torchvision.transforms.v2.Lambda", tmp_path)


def test_a_module_of_the_working_folder_is_not_imported(spoiled, opened, tmp_path):
    run = spoiled()
    run.set_hyperparameters({"generator": spec("payload.Generator")})
    check(opened(run, *by("sample")), "payload.Generator", tmp_path)


def test_a_callback_of_a_found_config_is_not_called(spoiled, opened, tmp_path):
    run = spoiled()
    callback = spec("lightning.pytorch.callbacks.LambdaCallback", setup="payload.call")
    run.set_config({"trainer": {"callbacks": [callback]}})
    check(opened(run, *by("fit")), "lightning.pytorch.callbacks.LambdaCallback", tmp_path)


def test_code_in_a_pickle_does_not_run_where_a_found_config_allows_it(spoiled, opened, tmp_path):
    run = spoiled()
    run.change_checkpoint(lambda checkpoint: checkpoint.update(extra=Touching()))
    run.set_config({"weights_only": False})
    check(opened(run, *by("validate")), "weights_only", tmp_path)


def test_a_tag_of_a_found_config_is_not_followed(spoiled, opened, tmp_path):
    run = spoiled()
    run.config.write_text("model: !!python/object/apply:payload.call []\n")
    check(opened(run, *by("predict")), "python/object/apply:payload.call", tmp_path)


def test_an_expression_is_not_evaluated_in_python(spoiled, opened, tmp_path):
    run = spoiled()
    run.set_hyperparameters({"lr_scheduler": spec("LambdaLR", lr_lambda=EXPRESSION)})
    process = opened(run, "-c", LOAD)
    assert not (tmp_path / "ran").exists()
    assert process.returncode == 1
    assert "InputError" in process.stderr.splitlines()[-1]
    assert "torchvision.transforms.v2.Lambda" in process.stderr.splitlines()[-1]


def test_the_payloads_would_leave_a_file_behind(environment, tmp_path):
    (tmp_path / "payload.py").write_text(MODULE)
    torch.save(Touching(), tmp_path / "pickle.pt")
    codes = [
        "import payload",
        "import torch; torch.load('pickle.pt', weights_only=False)",
        f"import sympy; sympy.Lambda('x', {TOUCH!r})",
    ]
    for code in codes:
        env = {
            **environment,
            "PYTHONPATH": os.pathsep.join([environment["PYTHONPATH"], str(Path(__file__).parent)]),
        }
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True)
        (tmp_path / "ran").unlink()
