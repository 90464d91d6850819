"""A checkpoint is data, not a program: what it may not name is refused before it is imported."""

import importlib
import json
import os
import pickle
import subprocess
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from torch import nn

from gan_lightning.errors import InputError

SIGN = "GAN_LIGHTNING_PAYLOAD"
COMMANDS = ("fit", "test", "validate", "predict", "sample")
DOORS = (*COMMANDS, "loader")

STATEMENT = f"__import__('os').environ.__setitem__('{SIGN}', 'ran')"


def spec(class_path, **init_args):
    return {"class_path": class_path, "init_args": init_args}


EXPRESSION = spec("sympy.core.function.Lambda", signature="x", expr=STATEMENT)
LINEAR = {"in_features": 4, "out_features": 4}

# What the sentence has to name, one of several where they are divided by |, and the
# hyperparameters that name it.
CLASSES_OF_ELSEWHERE = {
    "a generator": ("evil.EvilMLPGenerator", {"generator": spec("evil.EvilMLPGenerator")}),
    "a path alone": ("evil.EvilMLPGenerator", {"generator": "evil.EvilMLPGenerator"}),
    "a discriminator": (
        "evil.EvilMLPDiscriminator",
        {"discriminator": spec("evil.EvilMLPDiscriminator")},
    ),
    "a loss": ("evil.EvilNonSaturatingLoss", {"loss": spec("evil.EvilNonSaturatingLoss")}),
    "a loss that is made already": ("evil.loss", {"loss": "evil.loss"}),
    "a penalty": ("evil.EvilR1", {"penalty": spec("evil.EvilR1", weight=1.0)}),
    "one of several penalties": ("evil.EvilR1", {"penalties": [spec("evil.EvilR1", weight=1.0)]}),
    "an optimizer": ("evil.EvilAdam", {"g_optimizer": spec("evil.EvilAdam", lr=0.1)}),
    "an optimizer's path": ("evil.EvilAdam", {"d_optimizer": "evil.EvilAdam"}),
    "a schedule": ("evil.EvilConstantLR", {"lr_scheduler": spec("evil.EvilConstantLR")}),
    "an activation": ("evil.EvilReLU", {"generator.activation": spec("evil.EvilReLU")}),
    "an activation's path": ("evil.EvilReLU", {"discriminator.activation": "evil.EvilReLU"}),
    "a norm": ("evil.EvilBatchNorm1d", {"generator.norm": spec("evil.EvilBatchNorm1d")}),
    "an output": ("evil.EvilReLU", {"generator.output": spec("evil.EvilReLU")}),
    "a function that makes a network": (
        "evil.make_generator",
        {"generator": "evil.make_generator"},
    ),
    "a function that makes a layer": (
        "evil.make_activation",
        {"generator.activation": "evil.make_activation"},
    ),
    "a function with arguments": (
        "evil.make_generator",
        {"generator": spec("evil.make_generator", latent_dim=3)},
    ),
    "a model of the same name": ("evil_model.GAN", {"_class_path": "evil_model.GAN"}),
    "a model of the same name by Lightning's own loader": (
        "evil_model.GAN",
        {"_class_path": "evil_model.GAN", "generator": spec("evil.EvilMLPGenerator")},
    ),
    "a module that is nowhere": ("nowhere.Generator", {"generator": spec("nowhere.Generator")}),
    "a module with a side effect": ("this.s", {"generator.activation": "this.s"}),
}

GADGETS = {
    "an expression in a layer": (
        "torchvision.transforms.v2.Lambda",
        {"generator.activation": spec("torchvision.transforms.v2.Lambda", lambd=EXPRESSION)},
    ),
    "an expression in an optimizer's stead": (
        "sympy.core.function.Lambda",
        {"g_optimizer": EXPRESSION},
    ),
    "a bare name that only a library has": (
        "Lambda",
        {"generator.activation": spec("Lambda", lambd=EXPRESSION)},
    ),
    "a schedule of an expression": (
        "torch.optim.lr_scheduler.LambdaLR",
        {"lr_scheduler": spec("torch.optim.lr_scheduler.LambdaLR", lr_lambda=EXPRESSION)},
    ),
    "a schedule of a function": (
        "torch.optim.lr_scheduler.LambdaLR",
        {"lr_scheduler": spec("torch.optim.lr_scheduler.LambdaLR", lr_lambda="evil.call")},
    ),
    "a schedule of functions": (
        "torch.optim.lr_scheduler.LambdaLR",
        {"lr_scheduler": spec("torch.optim.lr_scheduler.LambdaLR", lr_lambda=["evil.call"])},
    ),
    "a schedule of a function by its bare name": (
        "LambdaLR",
        {"lr_scheduler": spec("LambdaLR", lr_lambda="evil.call")},
    ),
    "a factor from a function": (
        "MultiplicativeLR",
        {"lr_scheduler": spec("MultiplicativeLR", lr_lambda="evil.call")},
    ),
    "a cycle of a function": (
        "evil.call|CyclicLR",
        {
            "lr_scheduler": spec(
                "torch.optim.lr_scheduler.CyclicLR", base_lr=0.1, max_lr=0.2, scale_fn="evil.call"
            )
        },
    ),
    "a schedule within a schedule": (
        "evil.EvilConstantLR|SequentialLR",
        {
            "lr_scheduler": spec(
                "torch.optim.lr_scheduler.SequentialLR",
                schedulers=[spec("evil.EvilConstantLR")],
                milestones=[],
            )
        },
    ),
    "a schedule within a chain": (
        "evil.EvilConstantLR|ChainedScheduler",
        {"lr_scheduler": spec("ChainedScheduler", schedulers=[spec("evil.EvilConstantLR")])},
    ),
    "an average by a function": (
        "torch.optim.swa_utils.SWALR",
        {"lr_scheduler": spec("torch.optim.swa_utils.SWALR", swa_lr=spec("evil.call"))},
    ),
    "a layer that calls a function": (
        "torch.nn.TransformerEncoderLayer",
        {
            "generator.activation": spec(
                "torch.nn.TransformerEncoderLayer", d_model=4, nhead=1, activation="evil.call"
            )
        },
    ),
    "a distance that is a function": (
        "torch.nn.TripletMarginWithDistanceLoss",
        {
            "generator.activation": spec(
                "torch.nn.TripletMarginWithDistanceLoss", distance_function="evil.call"
            )
        },
    ),
    "an optimizer that makes another": (
        "torch.distributed.optim.ZeroRedundancyOptimizer",
        {
            "g_optimizer": spec(
                "torch.distributed.optim.ZeroRedundancyOptimizer",
                optimizer_class="evil.EvilAdam",
            )
        },
    ),
    "a graph with code": (
        "torch.fx.GraphModule",
        {"generator.activation": spec("torch.fx.GraphModule", root={}, graph=EXPRESSION)},
    ),
    "a network with weights from the internet": (
        "torchvision.models.resnet18",
        {"generator.activation": spec("torchvision.models.resnet18", weights="DEFAULT")},
    ),
    "a network by name": (
        "torchvision.models.get_model",
        {"generator.activation": spec("torchvision.models.get_model", name="alexnet")},
    ),
    "a function of Lightning that makes any class": (
        "lightning.pytorch.cli.instantiate_class",
        {"generator": spec("lightning.pytorch.cli.instantiate_class", init=spec("evil.call"))},
    ),
    "the settings that guard": (
        "jsonargparse.set_parsing_settings",
        {"generator": "jsonargparse.set_parsing_settings"},
    ),
    "a layer that is none of the listed": (
        "torch.nn.quantized.dynamic.Linear",
        {"generator.activation": spec("torch.nn.quantized.dynamic.Linear", **LINEAR)},
    ),
    "an optimizer that is none": (
        "lightning.pytorch.Trainer",
        {"g_optimizer": spec("lightning.pytorch.Trainer", default_root_dir="evil")},
    ),
}

FUNCTIONS = [
    *("os.system", "posix.system", "subprocess.Popen", "subprocess.run", "pty.spawn"),
    *("builtins.exec", "builtins.eval", "builtins.__import__", "builtins.open", "builtins.getattr"),
    *("runpy.run_path", "importlib.import_module", "functools.partial", "operator.methodcaller"),
    *("pickle.load", "code.interact", "timeit.timeit", "webbrowser.open", "shutil.rmtree"),
    *("ctypes.CDLL", "antigravity.fly", "turtle.Turtle", "idlelib.run.main"),
    *("yaml.unsafe_load", "fsspec.open", "joblib.load", "numpy.load", "sympy.sympify"),
    *("jinja2.Template", "torch.load", "torch.jit.load", "torch.hub.load", "torch.compile"),
    *("torch.ops.load_library", "torch.package.PackageImporter", "torch.save"),
    *("torch.utils.cpp_extension.load_inline", "torch.utils.model_zoo.load_url"),
    *("torch.serialization.add_safe_globals", "torchvision.datasets.utils.download_url"),
    *("lightning.pytorch.cli.LightningCLI", "lightning.pytorch.callbacks.LambdaCallback"),
    *("PIL.ImageMath.unsafe_eval", "sklearn.datasets.fetch_openml", "_pytest.config.main"),
]
"""Functions that would do harm if they were called, as the value of an argument that is called."""

BY_WAY_OF_THIS_PACKAGE = [
    *("gan_lightning.cli.main", "gan_lightning.cli.main.main", "gan_lightning.__main__.main"),
    *("gan_lightning.cli.command_line.CommandLine", "gan_lightning.cli.trainer.GenerativeTrainer"),
    *("gan_lightning.cli.trainer.os.system", "gan_lightning.cli.trainer.restore"),
    *("gan_lightning.networks.mlp.nn.Tanh", "gan_lightning.networks.mlp.math.prod"),
    *("gan_lightning.models.adversarial.partial", "gan_lightning.models.adversarial.built"),
    *("gan_lightning.models.GAN.load_from_checkpoint", "gan_lightning.models.GAN.to_onnx"),
    *("gan_lightning.networks.MLPGenerator.load_state_dict", "gan_lightning.torch.load"),
    *("gan_lightning.data.ImageFolder", "gan_lightning.features.inception.InceptionFeatures"),
    *("gan_lightning.callbacks.checkpoints.shutil.rmtree", "gan_lightning.callbacks.Checkpoints"),
    *("torch.nn.Tanh.load_state_dict", "torch.nn.modules.module.torch.hub.load"),
    *("torch.optim.Adam.add_param_group", "torch.optim.lr_scheduler.warnings.sys.exit"),
]
"""What lies below, beside or behind a name that is listed."""

CALLED = {path: (path, {"generator.activation": path}) for path in FUNCTIONS}
CALLED |= {path: (path, {"generator": path}) for path in BY_WAY_OF_THIS_PACKAGE}

PLACES = {
    "dict_kwargs of a network": (
        "evil.EvilReLU",
        {
            "generator": {
                "class_path": "gan_lightning.networks.MLPGenerator",
                "dict_kwargs": {"activation": spec("evil.EvilReLU")},
            }
        },
    ),
    "dict_kwargs of the model": (
        "evil.EvilMLPGenerator|'dict_kwargs'",
        {"dict_kwargs": {"generator": "evil.EvilMLPGenerator"}},
    ),
    "dict_kwargs of a layer": (
        "evil.call",
        {
            "generator.activation": {
                "class_path": "torch.nn.ReLU",
                "dict_kwargs": {"inplace": spec("evil.call")},
            }
        },
    ),
    "dict_kwargs of what is a mapping no more": (
        "evil.call",
        {
            "generator.activation": {
                "class_path": "torch.nn.Tanh",
                "dict_kwargs": [spec("evil.call")],
            }
        },
    ),
    "an argument without a type": (
        "evil.EvilReLU",
        {"generator.activation": spec("torch.nn.Linear", **LINEAR, device=spec("evil.EvilReLU"))},
    ),
    "an argument of any type": (
        "evil.EvilReLU",
        {"generator.norm": spec("torch.nn.SyncBatchNorm", process_group=spec("evil.EvilReLU"))},
    ),
    "any arguments": (
        "evil.EvilReLU",
        {"generator.activation": spec("torch.nn.Identity", anything=spec("evil.EvilReLU"))},
    ),
    "a list of layers": (
        "evil.EvilReLU|ModuleList",
        {"generator.activation": spec("torch.nn.ModuleList", modules=[spec("evil.EvilReLU")])},
    ),
    "a mapping of layers": (
        "evil.EvilReLU|ModuleDict",
        {"generator.activation": spec("torch.nn.ModuleDict", modules={"a": spec("evil.EvilReLU")})},
    ),
    "a mapping of anything": (
        "evil.EvilReLU|ParameterDict",
        {
            "generator.activation": spec(
                "torch.nn.ParameterDict", parameters={"a": spec("evil.EvilReLU")}
            )
        },
    ),
    "a list of numbers": ("evil.call", {"generator.hidden_dims": [spec("evil.call")]}),
    "lists of lists": ("evil.call", {"generator.hidden_dims": [[4], [[spec("evil.call")]]]}),
    "a number": ("evil.call", {"n_critic": spec("evil.call")}),
    "a learning rate": (
        "evil.call",
        {"g_optimizer": spec("torch.optim.Adam", lr=spec("evil.call"))},
    ),
    "a pair of rates": (
        "evil.call",
        {"g_optimizer": spec("torch.optim.Adam", betas=[spec("evil.call"), 0.9])},
    ),
    "an optimizer's parameters": (
        "evil.call",
        {"g_optimizer": spec("torch.optim.Adam", params=spec("evil.call"))},
    ),
    "an argument that the model has not": ("evil.call", {"extra": spec("evil.call")}),
    "three networks deep": (
        "evil.EvilMLPDiscriminator",
        {
            "discriminator": spec(
                "InstanceNoise",
                discriminator=spec(
                    "InstanceNoise", discriminator=spec("evil.EvilMLPDiscriminator")
                ),
            )
        },
    ),
    "a text that is YAML": (
        "evil.EvilMLPGenerator",
        {"generator": "{class_path: evil.EvilMLPGenerator}"},
    ),
    "a text that is JSON": ("evil.EvilAdam", {"g_optimizer": json.dumps(spec("evil.EvilAdam"))}),
    "a text that is YAML, deeper": (
        "evil.EvilReLU",
        {"generator.activation": "class_path: evil.EvilReLU"},
    ),
    "a file of settings": ("settings.yaml", {"generator": "settings.yaml"}),
    "a file of settings, deeper": ("settings.yaml", {"generator.activation": "settings.yaml"}),
    "a pipe in a network's stead": ("pipe", {"discriminator": "pipe"}),
    "a text that is a path in quotes": (
        "evil.EvilReLU",
        {"generator.activation": "'evil.EvilReLU'"},
    ),
    "arguments without their class": (
        "evil.EvilReLU",
        {"generator": {"init_args": {"activation": "evil.EvilReLU"}}},
    ),
    "arguments in place of a class": (
        "evil.EvilReLU",
        {"generator": {"activation": "evil.EvilReLU"}},
    ),
    "a dotted key": ("evil.EvilMLPGenerator", {"generator@class_path": "evil.EvilMLPGenerator"}),
    "a longer dotted key": ("evil.EvilReLU", {"generator@init_args@activation": "evil.EvilReLU"}),
    "a dotted key below": ("evil.EvilReLU", {"generator.activation@class_path": "evil.EvilReLU"}),
    "a key that appends": ("evil.call", {"generator.hidden_dims+": [spec("evil.call")]}),
    "spaces around": ("evil.EvilReLU", {"generator.activation": " evil.EvilReLU\n"}),
    "another model's arguments": (
        "evil.EvilMLPGenerator|the model R3GAN",
        {"_class_path": "gan_lightning.models.R3GAN", "generator": "evil.EvilMLPGenerator"},
    ),
    "a model by its bare name": (
        "evil.EvilMLPGenerator|class 'GAN'",
        {"_class_path": "GAN", "generator": "evil.EvilMLPGenerator"},
    ),
    "a model by its module": (
        "evil.EvilMLPGenerator",
        {"_class_path": "gan_lightning.models.gan.GAN", "generator": "evil.EvilMLPGenerator"},
    ),
}
"""Where else a class can be named; ``@`` stands for a dot within a key."""

OTHER_FAMILIES = {
    "VAE encoder": ("evil.EvilMLPEncoder", {"encoder": spec("evil.EvilMLPEncoder")}),
    "VAE decoder": ("evil.EvilMLPDecoder", {"decoder": spec("evil.EvilMLPDecoder")}),
    "VAE likelihood": ("evil.EvilGaussian", {"likelihood": "evil.EvilGaussian"}),
    "VAE sampler": ("evil.EvilPrior", {"sampler": spec("evil.EvilPrior")}),
    "VAE optimizer": ("evil.EvilAdam", {"optimizer": spec("evil.EvilAdam")}),
    "ConditionalGAN generator": (
        "evil.EvilMLPGenerator",
        {"generator.generator": spec("evil.EvilMLPGenerator")},
    ),
}

NAMED = {**CLASSES_OF_ELSEWHERE, **GADGETS, **CALLED, **PLACES, **OTHER_FAMILIES}


def rotated(cases):
    """Pair each case with each door.

    Not slow are, of every other case, the pair with Lightning's loader, which is quick, and of each
    twelfth case the pair with one command, each in its turn.
    """
    for i, name in enumerate(cases):
        for j, door in enumerate(DOORS):
            in_turn = i % 12 == 0 and i // 12 % len(COMMANDS) == j
            quick = door == "loader" and i % 2 == 0
            marks = () if quick or in_turn else pytest.mark.slow
            yield pytest.param(door, name, marks=marks, id=f"{door}-{name}")


@pytest.mark.parametrize(("door", "name"), list(rotated(NAMED)))
def test_a_class_that_is_not_listed_is_refused_by_name(spoiled, attempt, door, name):
    refused, values = NAMED[name]
    run = spoiled(name.split()[0] if name in OTHER_FAMILIES else "GAN")
    (run.checkpoint.parent / "settings.yaml").write_text("class_path: evil.EvilMLPGenerator")
    os.mkfifo(run.checkpoint.parent / "pipe")
    run.set_hyperparameters(values)
    outcome = attempt(door, run.checkpoint, refused=refused.partition("|")[0])
    assert outcome.deeds == []
    assert isinstance(outcome.error, ValueError if door == "loader" else SystemExit)
    assert any(words in outcome.sentence for words in refused.split("|"))
    if door != "loader" or isinstance(outcome.error, InputError):
        assert "\n" not in outcome.sentence
        assert len(outcome.sentence) < 400


EVIL = spec("evil.EvilMLPGenerator")


def remembered(units):
    """Return what a checkpoint says about its data."""
    return {"units": units, "fingerprint": {}, "held_out": None}


def rows(column):
    """Return units of a table with one column."""
    zeros = torch.zeros(1, dtype=torch.float64)
    return {
        "kind": "rows",
        "columns": [column],
        "minimum": zeros,
        "span": zeros,
        "label_names": None,
    }


class Pickled:
    """Sets a variable when it is unpickled."""

    def __reduce__(self):
        return os.putenv, (SIGN, "unpickled")


def endless():
    """Return a list that holds itself."""
    values = [EVIL]
    values.append(values)
    return values


def hyperparameters(**values):
    return lambda checkpoint: checkpoint["hyper_parameters"].update(values)


def without(name):
    return lambda checkpoint: checkpoint["hyper_parameters"].pop(name)


def parts(**values):
    return lambda checkpoint: checkpoint.update(values)


def moved(key):
    """Return a change that moves an evil generator to where Lightning 0.7 kept hyperparameters."""

    def change(checkpoint):
        del checkpoint["hyper_parameters"]["generator"]
        checkpoint[key] = {"generator": spec("evil.EvilMLPGenerator")}

    return change


def nested(depth):
    value = spec("evil.EvilMLPDiscriminator")
    for _ in range(depth):
        value = spec("InstanceNoise", discriminator=value)
    return value


ODD = {
    "a class path that is a number": hyperparameters(_class_path=5),
    "a class path that is a list": hyperparameters(_class_path=["evil_model.GAN"]),
    "a class path that is a mapping": hyperparameters(_class_path=spec("evil_model.GAN")),
    "a class path that is empty": hyperparameters(_class_path=""),
    "a class path of dots": hyperparameters(_class_path="..GAN"),
    "a class path of a tensor": hyperparameters(_class_path=torch.zeros(2)),
    "a number in a class path's stead": hyperparameters(generator={"class_path": 5}),
    "a list in a class path's stead": hyperparameters(generator={"class_path": ["evil.call"]}),
    "a mapping in a class path's stead": hyperparameters(generator={"class_path": EVIL}),
    "nothing in a class path's stead": hyperparameters(generator={"class_path": None}),
    "a network that is a number": hyperparameters(generator=5),
    "a network that is a list": hyperparameters(generator=[EVIL]),
    "a network that is a list of lists": hyperparameters(generator=[[[EVIL]]]),
    "a network that is a tensor": hyperparameters(generator=torch.zeros(3)),
    "arguments that are a text": hyperparameters(
        generator={"class_path": "MLPGenerator", "init_args": "{activation: evil.EvilReLU}"}
    ),
    "arguments that are a list": hyperparameters(
        generator={"class_path": "MLPGenerator", "init_args": [{"activation": "evil.EvilReLU"}]}
    ),
    "keys that are numbers": hyperparameters(generator={5: EVIL, "class_path": "MLPGenerator"}),
    "a shape of data that is a class": hyperparameters(data_shape=EVIL),
    "a number of labels that is a class": hyperparameters(num_classes=EVIL),
    "a model of Lightning's": hyperparameters(
        _class_path="lightning.pytorch.LightningModule", generator=EVIL
    ),
    "a model of Lightning's by its bare name": hyperparameters(
        _class_path="LightningModule", generator=EVIL
    ),
    "a model that is a layer": hyperparameters(_class_path="torch.nn.Linear", **LINEAR),
    "a model that is abstract": hyperparameters(
        _class_path="gan_lightning.models.ConfiguredModule"
    ),
    "no model": without("_class_path"),
    "another instantiator": hyperparameters(_instantiator="evil.call", generator=EVIL),
    "a shell for an instantiator": hyperparameters(_instantiator="os.system"),
    "Lightning's other instantiator": hyperparameters(
        _instantiator="lightning.pytorch.cli.instantiate_class", generator=EVIL
    ),
    "the old name of the instantiator": hyperparameters(
        _instantiator="pytorch_lightning.cli.instantiate_module", generator=EVIL
    ),
    "an instantiator that is a list": hyperparameters(_instantiator=["evil.call"]),
    "no instantiator": without("_instantiator"),
    "hyperparameters that are a list": parts(hyper_parameters=[EVIL]),
    "hyperparameters that are a text": parts(hyper_parameters="evil_model.GAN"),
    "no hyperparameters": parts(hyper_parameters=None),
    "hyperparameters under an argument's name": parts(
        hparams_name="generator", hyper_parameters=EVIL
    ),
    "a type of hyperparameters": parts(hparams_type="evil.call"),
    "hyperparameters of Lightning 0.7": moved("hparams"),
    "hyperparameters of Lightning 0.6": moved("module_arguments"),
    "a hundred networks deep": hyperparameters(discriminator=nested(100)),
    "a list that holds itself": hyperparameters(extra=endless()),
    "states of callbacks": parts(
        callbacks={"Checkpoints": EVIL, "RandomState": "evil.call", 5: []}
    ),
    "states of callbacks in a list": parts(callbacks=[EVIL]),
    "states of optimizers": parts(optimizer_states=[EVIL, {"state": {}, "param_groups": [EVIL]}]),
    "states of schedules": parts(lr_schedulers=[spec("LambdaLR", lr_lambda="evil.call")]),
    "states of loops": parts(loops={"fit_loop": EVIL}),
    "states of loops in a text": parts(loops="evil.call"),
    "random states": parts(random_states=[EVIL]),
    "an epoch of another type": parts(epoch=EVIL, global_step="evil.call"),
    "weights of another type": parts(state_dict=[EVIL]),
    "weights that are classes": parts(state_dict={"generator.layers.0.weight": EVIL}),
    "an old version": parts(**{"pytorch-lightning_version": "0.7.0"}),
    "a version that is none": parts(**{"pytorch-lightning_version": "evil.call"}),
    "a version of another type": parts(**{"pytorch-lightning_version": EVIL}),
    "states of precision": parts(native_amp_scaling_state=EVIL, MixedPrecision=EVIL),
    "a state of the data": parts(Iris=EVIL, datamodule_hyper_parameters=EVIL),
    "units of another type": parts(Iris=remembered("evil.call")),
    "units of another kind": parts(Iris=remembered({"kind": "evil.Units"})),
    "units that are a class": parts(Iris=remembered({"kind": "points", **EVIL})),
    "columns of another type": parts(Iris=remembered(rows({"type": "evil.call", "name": "a"}))),
    "columns with more arguments": parts(
        Iris=remembered(rows({"type": "Continuous", "name": "a", "evil": EVIL}))
    ),
    "columns that are classes": parts(Iris=remembered(rows(EVIL))),
    "places of another type": parts(
        Iris=remembered(rows({"type": "Continuous", "name": "a", "decimals": "evil.call"}))
    ),
    "pickled code": parts(extra=Pickled()),
    "a pickled model": parts(state_dict=nn.Linear(2, 2)),
}
"""What no honest run would write. Each is harmless or refused, as today's reader decides."""


@pytest.mark.parametrize(("door", "name"), list(rotated(ODD)))
def test_odd_content_runs_nothing(spoiled, attempt, door, name):
    run = spoiled()
    run.change_checkpoint(ODD[name])
    outcome = attempt(door, run.checkpoint, refused="evil")
    assert outcome.deeds == []
    if door != "loader" and outcome.sentence is not None:
        assert len(outcome.sentence) < 400


@pytest.mark.parametrize("door", DOORS)
def test_a_file_of_pickled_code_alone_is_refused(spoiled, attempt, door):
    run = spoiled()
    torch.save(Pickled(), run.checkpoint)
    outcome = attempt(door, run.checkpoint)
    assert outcome.deeds == []
    assert outcome.error is not None


def test_the_watch_sees_what_a_trusted_payload_does(spoiled, attempt):
    run = spoiled()
    run.set_hyperparameters({"generator.activation": "evil.EvilReLU"})
    outcome = attempt("validate", run.checkpoint, "--trust=evil")
    assert outcome.error is None
    assert any("import" in deed and "'evil'" in deed for deed in outcome.deeds)
    assert any("ReLU" in deed for deed in outcome.deeds)


@pytest.mark.parametrize(
    "deed",
    [
        lambda: os.system("true"),
        lambda: subprocess.run(["true"], check=True),
        lambda: eval(compile(f"'{SIGN}'", "expression", "eval")),
        lambda: os.putenv(SIGN, "set"),
        lambda: pickle.loads(pickle.dumps(OrderedDict())),
        lambda: Path("/nowhere/file").touch(),
        lambda: Path("/nowhere/file").unlink(),
        lambda: importlib.import_module("evil"),
    ],
    ids=range(8),
)
def test_the_watch_sees_each_kind_of_deed(watch, deed):
    with watch.over(None), suppress(ImportError, OSError):
        deed()
    assert watch.deeds
