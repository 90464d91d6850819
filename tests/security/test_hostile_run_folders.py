"""The config beside a checkpoint is data too, since the user has not typed it."""

import os

import pytest
import torch
import yaml

from gan_lightning import trust

SIGN = "GAN_LIGHTNING_PAYLOAD"
COMMANDS = ("fit", "test", "validate", "predict", "sample")


def spec(class_path, **init_args):
    return {"class_path": class_path, "init_args": init_args}


def callback(class_path, **init_args):
    return {"trainer": {"callbacks": [spec(class_path, **init_args)]}}


def trainer(**settings):
    return {"trainer": settings}


LIGHTNING = "lightning.pytorch"
DIGITS = {"size": 8, "num_val": 10}

# What the sentence has to name, and the sections that name it.
SECTIONS = {
    "a callback of functions": (
        f"{LIGHTNING}.callbacks.LambdaCallback",
        callback(f"{LIGHTNING}.callbacks.LambdaCallback", setup="evil.call"),
    ),
    "a callback of functions by its bare name": (
        "LambdaCallback",
        callback("LambdaCallback", setup="evil.call"),
    ),
    "a callback of a shell": ("LambdaCallback", callback("LambdaCallback", setup="os.system")),
    "a callback of elsewhere": ("evil.EvilCallback", callback("evil.EvilCallback")),
    "a callback's path": ("evil.EvilCallback", trainer(callbacks=["evil.EvilCallback"])),
    "a callback that is no list": (
        "evil.EvilCallback",
        trainer(callbacks=spec("evil.EvilCallback")),
    ),
    "a callback in a text": (
        "evil.EvilCallback",
        trainer(callbacks="[{class_path: evil.EvilCallback}]"),
    ),
    "a further callback": ("evil.EvilCallback", {"trainer": {"callbacks+": "evil.EvilCallback"}}),
    "a callback by a dotted key": (
        "trainer.callbacks",
        {"trainer.callbacks": [spec("evil.EvilCallback")]},
    ),
    "a callback's dict_kwargs": (
        "evil.call",
        trainer(
            callbacks=[{"class_path": "ModelSummary", "dict_kwargs": {"a": spec("evil.call")}}]
        ),
    ),
    "a pruning function": ("ModelPruning", callback("ModelPruning", pruning_fn="evil.call")),
    "an averaging function": (
        "StochasticWeightAveraging",
        callback("StochasticWeightAveraging", swa_lrs=0.1, avg_fn="evil.call"),
    ),
    "a function of epochs": (
        "BackboneFinetuning",
        callback("BackboneFinetuning", lambda_func="evil.call"),
    ),
    "a function of batches": (
        "ThroughputMonitor",
        callback("ThroughputMonitor", batch_size_fn="evil.call"),
    ),
    "a theme of elsewhere": (
        "evil.call",
        callback("RichProgressBar", theme=spec("evil.call")),
    ),
    "a callback of the command line": (
        "gan_lightning.cli.saved_config.SaveRunConfig",
        callback("gan_lightning.cli.saved_config.SaveRunConfig", parser=spec("evil.call")),
    ),
    "a logger of elsewhere": (
        "evil.EvilCSVLogger",
        trainer(logger=spec("evil.EvilCSVLogger", save_dir=".")),
    ),
    "a second logger of elsewhere": (
        "evil.EvilCSVLogger",
        trainer(logger=[spec("CSVLogger", save_dir="."), spec("evil.EvilCSVLogger", save_dir=".")]),
    ),
    "a logger of the internet": ("WandbLogger", trainer(logger=spec("WandbLogger"))),
    "a logger of a server": (
        f"{LIGHTNING}.loggers.MLFlowLogger",
        trainer(logger=spec(f"{LIGHTNING}.loggers.MLFlowLogger", tracking_uri="evil")),
    ),
    "a strategy of elsewhere": (
        "evil.EvilSingleDeviceStrategy",
        trainer(strategy=spec("evil.EvilSingleDeviceStrategy", device="cpu")),
    ),
    "a strategy of a function": (
        "evil.call",
        trainer(strategy=spec(f"{LIGHTNING}.strategies.DDPStrategy", ddp_comm_hook="evil.call")),
    ),
    "a strategy of a policy": (
        f"{LIGHTNING}.strategies.FSDPStrategy",
        trainer(
            strategy=spec(f"{LIGHTNING}.strategies.FSDPStrategy", auto_wrap_policy="evil.call")
        ),
    ),
    "a strategy of a file": (
        "DeepSpeedStrategy",
        trainer(strategy=spec("DeepSpeedStrategy", config="evil.json")),
    ),
    "a strategy's accelerator": (
        "evil.EvilCPUAccelerator",
        trainer(strategy=spec("SingleDeviceStrategy", accelerator=spec("evil.EvilCPUAccelerator"))),
    ),
    "a strategy's files": (
        "evil.EvilTorchCheckpointIO",
        trainer(
            strategy=spec("SingleDeviceStrategy", checkpoint_io=spec("evil.EvilTorchCheckpointIO"))
        ),
    ),
    "an accelerator of elsewhere": (
        "evil.EvilCPUAccelerator",
        trainer(accelerator=spec("evil.EvilCPUAccelerator")),
    ),
    "a plugin": (
        "evil.EvilTorchCheckpointIO",
        trainer(plugins=[spec("evil.EvilTorchCheckpointIO")]),
    ),
    "a plugin's path": (
        "evil.EvilTorchCheckpointIO",
        trainer(plugins="evil.EvilTorchCheckpointIO"),
    ),
    "a cluster": (
        "evil.EvilLightningEnvironment",
        trainer(plugins=[spec("evil.EvilLightningEnvironment")]),
    ),
    "a cluster that starts processes": (
        f"{LIGHTNING}.plugins.environments.LSFEnvironment",
        trainer(plugins=[spec(f"{LIGHTNING}.plugins.environments.LSFEnvironment")]),
    ),
    "a profiler that calls back": (
        "PyTorchProfiler",
        trainer(profiler=spec("PyTorchProfiler", on_trace_ready="evil.call")),
    ),
    "a profiler with kwargs": (
        "PyTorchProfiler",
        trainer(
            profiler={"class_path": "PyTorchProfiler", "dict_kwargs": {"schedule": "evil.call"}}
        ),
    ),
    "a profiler of elsewhere": (
        "evil.EvilSimpleProfiler",
        trainer(profiler=spec("evil.EvilSimpleProfiler")),
    ),
    "data of elsewhere": ("evil.EvilIris", {"data": spec("evil.EvilIris")}),
    "data by their path": ("evil.EvilIris", {"data": "evil.EvilIris"}),
    "clusters of data of elsewhere": (
        "evil.EvilIris",
        {"data": spec("Clustered", data=spec("evil.EvilIris"))},
    ),
    "features of elsewhere": (
        "evil.EvilDigitFeatures",
        {"data": spec("Digits", **DIGITS, features=spec("evil.EvilDigitFeatures"))},
    ),
    "features from a file": (
        "InceptionFeatures",
        {"data": spec("Digits", **DIGITS, features=spec("InceptionFeatures", weights="evil.pt"))},
    ),
    "features from a file by their path": (
        "gan_lightning.features.InceptionFeatures",
        {
            "data": spec(
                "Digits", **DIGITS, features=spec("gan_lightning.features.InceptionFeatures")
            )
        },
    ),
    "features from a file by their module": (
        "gan_lightning.features.inception.InceptionFeatures",
        {
            "data": spec(
                "Digits",
                **DIGITS,
                features=spec("gan_lightning.features.inception.InceptionFeatures"),
            )
        },
    ),
    "features within clusters": (
        "evil.EvilDigitFeatures",
        {
            "data": spec(
                "Clustered",
                data=spec("Digits", **DIGITS, features=spec("evil.EvilDigitFeatures")),
            )
        },
    ),
    "a model of elsewhere": ("evil.EvilGAN", {"model": spec("evil.EvilGAN")}),
    "a model of elsewhere of the same name": ("evil_model.GAN", {"model": spec("evil_model.GAN")}),
    "a model's path": ("evil_model.GAN", {"model": "evil_model.GAN"}),
    "a network that the checkpoint has not": (
        "evil.EvilMLPGenerator",
        {"model": spec("gan_lightning.models.GAN", generator=spec("evil.EvilMLPGenerator"))},
    ),
    "another model than the checkpoint's": ("R3GAN", {"model": spec("R3GAN")}),
    "a model from another checkpoint": (
        "gan_lightning.models.GAN.load_from_checkpoint",
        {
            "model": spec(
                "gan_lightning.models.GAN.load_from_checkpoint",
                checkpoint_path="evil.ckpt",
                weights_only=False,
            )
        },
    ),
    "an optimizer section": ("optimizer", {"optimizer": spec("evil.EvilAdam")}),
    "a schedule section": ("lr_scheduler", {"lr_scheduler": spec("evil.EvilConstantLR")}),
    "a sampler": ("sampler", {"sampler": spec("evil.EvilPrior")}),
    "metrics of elsewhere": ("evil.call", {"metrics": {"num_samples": spec("evil.call")}}),
    "metrics that are a class": ("evil.call", {"metrics": spec("evil.call")}),
    "pictures of elsewhere": ("evil.call", {"pictures": {"seed": spec("evil.call")}}),
    "checkpoints of elsewhere": ("evil.call", {"checkpoints": {"monitor": spec("evil.call")}}),
    "a seed of elsewhere": ("evil.call", {"seed_everything": spec("evil.call")}),
    "a root of elsewhere": ("evil.call", trainer(default_root_dir=spec("evil.call"))),
    "pickled code allowed": ("weights_only", {"weights_only": False}),
    "an address for a root": ("ftp://", trainer(default_root_dir="ftp://evil.invalid/runs")),
    "an address of a bucket": ("s3://", trainer(default_root_dir="s3://evil/runs")),
    "an address of data": ("http://", {"data": spec("ImageFolder", root="http://evil.invalid/")}),
    "another config": ("config", {"config": "evil.yaml"}),
    "a file for a model": ("evil.yaml", {"model": "evil.yaml"}),
    "a file for data": ("evil.yaml", {"data": "evil.yaml"}),
    "a file for a trainer": ("evil.yaml", {"trainer": "evil.yaml"}),
    "a file for a network": (
        "generator.yaml",
        {"model": spec("gan_lightning.models.GAN", generator="generator.yaml")},
    ),
    "a file for a callback": ("callback.yaml", trainer(callbacks=["callback.yaml"])),
    "a file for callbacks": ("callbacks.yaml", trainer(callbacks="callbacks.yaml")),
    "a section of a command": ("sample", {"sample": {"output": "evil.csv"}}),
}

FILES = {
    "evil.yaml": spec("evil_model.GAN"),
    "generator.yaml": spec("evil.EvilMLPGenerator"),
    "callback.yaml": spec("evil.EvilCallback"),
    "callbacks.yaml": [spec("evil.EvilCallback")],
}
"""Files beside the config that it may refer to."""


def rotated(cases):
    """Pair each case with each command.

    Not slow is one pair of each fifth case, with a command that reads the config: ``sample`` needs
    the checkpoint alone.
    """
    readers = [command for command in COMMANDS if command != "sample"]
    for i, name in enumerate(cases):
        for command in COMMANDS:
            quick = i % 5 == 0 and command == readers[i // 5 % len(readers)]
            marks = () if quick else pytest.mark.slow
            yield pytest.param(command, name, marks=marks, id=f"{command}-{name}")


@pytest.mark.parametrize(("command", "name"), list(rotated(SECTIONS)))
def test_a_found_config_names_only_what_is_listed(spoiled, attempt, command, name):
    refused, sections = SECTIONS[name]
    run = spoiled()
    for file, content in FILES.items():
        (run.run / file).write_text(yaml.safe_dump(content))
    run.set_config(sections)
    outcome = attempt(command, run.checkpoint, refused=refused)
    assert outcome.deeds == []
    passed_over = command != "fit" and name == "a logger of the internet"  # training alone logs
    if outcome.error is None and (command == "sample" or passed_over):
        return  # the checkpoint alone was enough
    assert refused in outcome.sentence
    assert len(outcome.sentence) < 400


HEAD = "data: {class_path: Iris}\n"
GAN = "model: {class_path: gan_lightning.models.GAN}\n"

TEXTS = {
    "a tag that calls": HEAD + "model: !!python/object/apply:evil.call []\n",
    "a tag that names": HEAD + "model: !!python/name:evil.call\n",
    "a tag that imports": HEAD + "model: !!python/module:evil\n",
    "a tag that makes": HEAD + "model: !!python/object/new:evil.EvilGAN {}\n",
    "a list": "- model\n- data\n",
    "a text": "evil.call\n",
    "a number": "5\n",
    "nothing": "",
    "a null byte": "model: \0\n",
    "no text": b"\xff\xfe\x00\x01",
    "two documents": HEAD + "---\n" + HEAD,
    "an open bracket": "model: [\n",
    "a section that is a list": HEAD + "model: [evil_model.GAN]\n",
    "a section that is a number": HEAD + "model: 5\n",
    "a section that is nothing": "data:\nmodel:\ntrainer:\n",
    "no model": HEAD,
    "no data": GAN,
    "keys that are numbers": GAN + HEAD + "5: {class_path: evil_model.GAN}\n",
    "keys that are lists": "? [evil]\n: 5\n" + GAN + HEAD,
    "a config that holds itself": "&a\n" + GAN + "data: *a\n",
    "a section that holds itself": HEAD + GAN + "trainer: &a {plugins: [*a]}\n",
    "two models": HEAD + GAN + "model: {class_path: evil_model.GAN}\n",
    "a class path that is a number": HEAD + "model: {class_path: 5}\n",
    "a class path that is a list": HEAD + "model: {class_path: [evil_model.GAN]}\n",
    "a merge": HEAD + "a: &a {class_path: evil_model.GAN}\nmodel: {<<: *a}\n",
    "trust": HEAD + "model: {class_path: evil_model.GAN}\ntrust: evil\n",
    "a list of trust": HEAD + "model: {class_path: evil_model.GAN}\ntrust: [evil, os]\n",
    "trust in everything": HEAD + "model: {class_path: evil_model.GAN}\ntrust: '*'\n",
    "unsafe weights in a text": HEAD + GAN + "weights_only: 'false'\n",
    "another checkpoint": HEAD + GAN + "ckpt_path: evil.ckpt\n",
    "a printed config": HEAD + GAN + "print_config: skip_null\n",
    "help": HEAD + GAN + "model.help: evil_model.GAN\n",
    "a schema": "$schema: evil.json\n" + HEAD + "model: {class_path: evil_model.GAN}\n",
}
"""Configs of which each has to be refused, or does what the command line says."""


@pytest.mark.parametrize(("command", "name"), list(rotated(TEXTS)))
def test_a_found_config_that_is_odd_runs_nothing(spoiled, attempt, command, name):
    run = spoiled()
    text = TEXTS[name]
    run.config.write_bytes(text if isinstance(text, bytes) else text.encode())
    few = ["--trainer.max_epochs=1"] if command == "fit" else []
    outcome = attempt(command, run.checkpoint, *few, refused="evil")
    assert outcome.deeds == []


@pytest.mark.parametrize(
    "name",
    [
        *("no data", "an open bracket"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("a list", "a number", "no text")),
    ],
)
def test_a_typed_config_makes_up_for_a_found_one_that_is_broken(spoiled, attempt, name):
    run = spoiled()
    typed = run.run / "typed.yaml"
    typed.write_bytes(run.config.read_bytes())
    text = TEXTS[name]
    run.config.write_bytes(text if isinstance(text, bytes) else text.encode())
    outcome = attempt("sample", run.checkpoint, f"--config={typed}", "--num_samples=2")
    assert outcome.deeds == []


class Pickled:
    """Sets a variable when it is unpickled."""

    def __reduce__(self):
        return os.putenv, (SIGN, "unpickled")


@pytest.mark.parametrize(("command", "value"), list(rotated([False, "false", "no", 0, None])))
def test_a_found_config_does_not_let_pickled_code_run(spoiled, attempt, command, value):
    run = spoiled()
    run.change_checkpoint(lambda checkpoint: checkpoint.update(extra=Pickled()))
    run.set_config({"weights_only": value})
    outcome = attempt(command, run.checkpoint)
    assert outcome.deeds == []
    assert outcome.sentence is not None


def test_a_found_config_does_not_choose_another_checkpoint(spoiled, attempt):
    run = spoiled()
    torch.save(Pickled(), run.run / "evil.ckpt")
    run.set_config({"ckpt_path": str(run.run / "evil.ckpt"), "weights_only": False})
    assert attempt("test", run.checkpoint).deeds == []


def test_a_found_config_does_not_choose_the_file_of_samples(spoiled, attempt, tmp_path):
    run = spoiled()
    precious = tmp_path / "precious.csv"
    precious.write_text("precious")
    run.set_config({"output": str(precious)})
    attempt("sample", run.checkpoint, "--num_samples=2")
    assert precious.read_text() == "precious"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        pytest.param("test", "metrics.json", marks=pytest.mark.slow),
        ("test", "metrics.tmp"),
        ("sample", "samples.csv"),
        ("predict", "predictions.csv"),
        ("fit", "config.yaml"),
    ],
)
def test_a_link_in_a_run_folder_is_not_written_through(spoiled, attempt, tmp_path, command, name):
    run = spoiled()
    precious = tmp_path / "precious"
    precious.write_bytes(run.config.read_bytes())
    content = precious.read_bytes()
    (run.run / name).unlink(missing_ok=True)
    (run.run / name).symlink_to(precious)
    attempt(command, run.checkpoint, *(["--trainer.max_epochs=2"] if command == "fit" else []))
    assert precious.read_bytes() == content


def test_a_class_of_this_package_that_is_not_listed_is_not_your_own(spoiled, attempt, monkeypatch):
    installed = trust._installed() - {"gan_lightning"}  # as where it runs from a bare checkout
    monkeypatch.setattr(trust, "_installed", lambda: installed)
    run = spoiled()
    path = "gan_lightning.features.InceptionFeatures"
    run.set_config({"data": spec("Digits", **DIGITS, features=spec(path, weights="evil.pt"))})
    outcome = attempt("validate", run.checkpoint, refused=path)
    assert path in outcome.sentence
