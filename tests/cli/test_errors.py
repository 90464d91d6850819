"""Bad input gets one clear sentence, an exit code other than 0, and no traceback."""

import re
import shlex
import shutil
import sys

import pytest
import torch

from gan_lightning.cli import main
from gan_lightning.errors import InputError

GAN_ON_IRIS = ["fit", "--model=GAN", "--data=Iris", "--trainer.max_epochs=1"]

COMMAND_LINES = {
    "There is no subcommand 'fitt'": ["fitt"],
    "fit needs --model and --data": ["fit"],
    "model: there is no class 'GANN'. Did you mean 'GAN'?": ["fit", "--model=GANN", "--data=Iris"],
    "data: there is no class 'Iriss'. Did you mean 'Iris'?": ["fit", "--model=GAN", "--data=Iriss"],
    "MLPDiscriminator is not a Generator; known are ": [
        *GAN_ON_IRIS,
        "--model.generator=MLPDiscriminator",
    ],
    "NonSaturatingLoss": [*GAN_ON_IRIS, "--model.loss=NonSaturatingLos"],
    "model: GAN has no option 'n_crtic'. Did you mean 'n_critic'?": [
        *GAN_ON_IRIS,
        "--model.n_crtic=3",
    ],
    "model.generator: MLPGenerator has no option 'latent_dims'. Did you mean 'latent_dim'?": [
        *GAN_ON_IRIS,
        "--model.generator=MLPGenerator",
        "--model.generator.latent_dims=3",
    ],
    "model.n_critic: expected an integer, found 'x'": [*GAN_ON_IRIS, "--model.n_critic=x"],
    "n_critic must be a positive integer, found 0": [*GAN_ON_IRIS, "--model.n_critic=0"],
    "Layer widths must be positive integers, found [100, 0]": [
        *GAN_ON_IRIS,
        "--model.generator.hidden_dims=[0]",
    ],
    "trainer has no option 'max_epochz'. Did you mean 'max_epochs'?": [
        *GAN_ON_IRIS,
        "--trainer.max_epochz=3",
    ],
    "batch_size must be a positive integer, found 0": [*GAN_ON_IRIS, "--data.batch_size=0"],
    "species: 'setoza' is none of setosa, versicolor, virginica. Did you mean 'setosa'?": [
        *GAN_ON_IRIS,
        "--data.species=[setoza]",
    ],
    "found 1.5 and 0.0": [*GAN_ON_IRIS, "--data.val_fraction=1.5"],
    "99 processes were requested, but": [*GAN_ON_IRIS, "--trainer.devices=99"],
    "trainer.precision: expected one of": [*GAN_ON_IRIS, "--trainer.precision=17"],
    "use the callback GradientClipping": [*GAN_ON_IRIS, "--trainer.gradient_clip_val=1"],
    "Invalid learning rate: -1.0": [
        *GAN_ON_IRIS,
        "--model.g_optimizer=Adam",
        "--model.g_optimizer.lr=-1",
    ],
    "expected a YAML file at nowhere.yaml, found nothing": ["fit", "--config=nowhere.yaml"],
    "expected a YAML file at configs, found a folder": ["fit", "--config=configs"],
    "found nothing at nowhere.ckpt": [*GAN_ON_IRIS, "--ckpt_path=nowhere.ckpt"],
    "has a last.ckpt; has one been trained there?": [*GAN_ON_IRIS, "--ckpt_path=last"],
    "sample needs --ckpt_path": ["sample"],
    "test needs --ckpt_path": ["test"],
    "validate needs --ckpt_path": ["validate", "--config=configs/gan_iris.yaml"],
    "predict needs --ckpt_path": ["predict", "--model=GAN", "--data=Iris"],
    "model.lr_scheduler: StepLR needs step_size": [*GAN_ON_IRIS, "--model.lr_scheduler=StepLR"],
    "GradientClipping needs max_norm": [
        *GAN_ON_IRIS,
        "--trainer.callbacks=[{class_path: GradientClipping}]",
    ],
    "There is no option 'conf'. Did you mean 'config'?": ["fit", "--conf=configs/gan_iris.yaml"],
    "metrics has no option 'num_sample'. Did you mean 'num_samples'?": [
        *GAN_ON_IRIS,
        "--metrics.num_sample=5",
    ],
    "Images are compared in sets of at least 2": [
        *["fit", "--model=GAN", "--data=Digits", "--data.size=8", "--data.num_val=1"],
    ],
    "seed_everything must lie in [0, 2^32), found -1": [*GAN_ON_IRIS, "--seed_everything=-1"],
    "seed_everything must lie in [0, 2^32), found 'x'": [*GAN_ON_IRIS, "--seed_everything=x"],
    "seed_everything must lie in [0, 2^32), found '1.5'": [*GAN_ON_IRIS, "--seed_everything=1.5"],
    "seed_everything must lie in [0, 2^32), found ''": [*GAN_ON_IRIS, "--seed_everything="],
    "split_seed must lie in": [*GAN_ON_IRIS, f"--data.split_seed={10**30}"],
    "check_val_every_n_epoch must be a positive integer": [
        *GAN_ON_IRIS,
        "--trainer.check_val_every_n_epoch=0",
    ],
    "use auto": [*GAN_ON_IRIS, "--trainer.devices=2", "--trainer.strategy=ddp"],
    "g_optimizer: LBFGS needs a closure": [*GAN_ON_IRIS, "--model.g_optimizer=LBFGS"],
    "trainer.callbacks: Iris is not a Callback; known are CUDAGraphs, ": [
        *GAN_ON_IRIS,
        "--trainer.callbacks=[{class_path: Iris}]",
    ],
    "trainer.callbacks: EarlyStopping needs monitor": [
        *GAN_ON_IRIS,
        "--trainer.callbacks=EarlyStopping",
    ],
    "trainer.callbacks: GeneratorEMA has no option 'half_lif'. Did you mean 'half_life'?": [
        *GAN_ON_IRIS,
        "--trainer.callbacks=GeneratorEMA",
        "--trainer.callbacks.half_lif=3",
    ],
    "model.penalties: expected a Penalty, found 5": [*GAN_ON_IRIS, "--model.penalties=[5]"],
    "model: ConfiguredModule is abstract": ["fit", "--model={}", "--data=Iris"],
    "model.init_args: expected named settings, found '5'": [*GAN_ON_IRIS, "--model.init_args=5"],
    "--ckpt_path: expected a value after it, found none": [*GAN_ON_IRIS, "--ckpt_path"],
    "argument --trainer.max_steps: expected one argument": [*GAN_ON_IRIS, "--trainer.max_steps"],
    "trainer.callbacks: there is no class 'GeneratorEMAA'. Did you mean 'GeneratorEMA'?": [
        *GAN_ON_IRIS,
        "--trainer.callbacks+=GeneratorEMAA",
    ],
    "trainer.callbacks: expected a class at place 1, found {}": [
        *GAN_ON_IRIS,
        "--trainer.callbacks=[{}]",
    ],
    "model.generator.class_path: expected the name of a class, found 5": [
        *GAN_ON_IRIS,
        "--model.generator={class_path: 5}",
    ],
    "--model.generator: '{a: 1, a: 2}' is not YAML: the key 'a' is already set in line 1": [
        *GAN_ON_IRIS,
        "--model.generator={a: 1, a: 2}",
    ],
    "model: AdversarialModule is abstract; known are ACGAN, ": [
        *["fit", "--model=AdversarialModule", "--data=Iris"]
    ],
    "model.generator: Generator is abstract; known are Codebook, DCGANGenerator, ": [
        *GAN_ON_IRIS,
        "--model.generator=Generator",
    ],
    "the largest setting is model.generator.latent_dim, 999999999999999": [
        *GAN_ON_IRIS,
        "--model.generator=MLPGenerator",
        "--model.generator.latent_dim=999999999999999",
    ],
    "model.generator.latent_dim must lie in (-2^63, 2^63), found 99999999999999999999": [
        *GAN_ON_IRIS,
        "--model.generator=MLPGenerator",
        "--model.generator.latent_dim=99999999999999999999",
    ],
    "model.g_optimizer.lr must be a number that 32 bits can hold, found nan": [
        *GAN_ON_IRIS,
        "--model.g_optimizer=Adam",
        "--model.g_optimizer.lr=.nan",
    ],
    "trainer.max_time: expected DD:HH:MM:SS, found 'soon'": [
        *GAN_ON_IRIS,
        "--trainer.max_time=soon",
    ],
    "val/kss": [
        *GAN_ON_IRIS,
        "--trainer.check_val_every_n_epoch=1",
        "--trainer.callbacks=[{class_path: EarlyStopping, init_args: {monitor: val/kss}}]",
    ],
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("words", "args"), COMMAND_LINES.items(), ids=range(len(COMMAND_LINES)))
def test_a_wrong_command_line_is_explained(complaint, words, args):
    line = complaint(*args)
    assert words in line
    assert len(line) < 400, line


CONFIGS = {
    "line 2, column 4 is not YAML": "model: [unclosed\n  x: : y\n",
    "is not YAML: it is not text": b"\xff\xfe\x00\x01",
    "expected the sections model, data and trainer, found a str": "just words\n",
    "There is no option 'modle'. Did you mean 'model'?": (
        "modle: {class_path: GAN}\ndata: {class_path: Iris}\n"
    ),
    "model.generator: MLPGenerator has no option 'latent_dimm'. Did you mean 'latent_dim'?": (
        "model:\n  class_path: GAN\n  init_args:\n    generator:\n      class_path: MLPGenerator\n"
        "      init_args: {latent_dimm: 4}\ndata: {class_path: Iris}\n"
    ),
    "metrics has no option 'num_sampels'. Did you mean 'num_samples'?": (
        "metrics: {num_sampels: 3}\nmodel: {class_path: GAN}\ndata: {class_path: Iris}\n"
    ),
    "data: expected class_path and init_args, found batch_size": (
        "model: {class_path: GAN}\ndata: {class_path: Iris, batch_size: 3}\n"
    ),
    "trainer: expected named settings, found [1]": (
        "trainer: [1]\nmodel: {class_path: GAN}\ndata: {class_path: Iris}\n"
    ),
    "line 2, column 1 is not YAML: the key 'model' is already set in line 1": (
        "model: {class_path: GAN}\nmodel: {class_path: R3GAN}\ndata: {class_path: Iris}\n"
    ),
    "line 4, column 5 is not YAML: the key 'n_critic' is already set in line 3": (
        "model:\n  init_args:\n    n_critic: 1\n    n_critic: 2\ndata: {class_path: Iris}\n"
    ),
    "wrong.yaml, model.class_path: expected the name of a class, found 5": (
        "model: {class_path: 5}\ndata: {class_path: Iris}\n"
    ),
    "wrong.yaml, data.class_path: expected the name of a class, found null": (
        "model: {class_path: GAN}\ndata: {class_path: null}\n"
    ),
    "wrong.yaml, model.init_args: expected named settings, found 5": (
        "model: {class_path: GAN, init_args: 5}\ndata: {class_path: Iris}\n"
    ),
    "model.generator: expected class_path and init_args, found clas_path": (
        "model: {class_path: GAN, init_args: {generator: {clas_path: MLPGenerator}}}\n"
    ),
    "found inits_args; the settings of a class belong below its init_args. Did you mean": (
        "model: {class_path: GAN, init_args: {loss: {class_path: HingeLoss, inits_args: {}}}}\n"
    ),
    "trainer.callbacks: expected a class at place 2, found {}": (
        "trainer: {callbacks: [GeneratorEMA, {}]}\nmodel: {class_path: GAN}\n"
    ),
    "trainer.callbacks: expected a class at place 1, found null": (
        "trainer: {callbacks: [null]}\nmodel: {class_path: GAN}\n"
    ),
    "model.n_critic: expected an integer, found null": (
        "model: {class_path: GAN, init_args: {n_critic: null}}\ndata: {class_path: Iris}\n"
    ),
    "model.generator: expected a Generator, found null": (
        "model: {class_path: GAN, init_args: {generator: null}}\ndata: {class_path: Iris}\n"
    ),
    "data.batch_size: expected an integer, found null": (
        "model: {class_path: GAN}\ndata: {class_path: Iris, init_args: {batch_size: null}}\n"
    ),
    "model.generator.hidden_dims: expected a list, found null": (
        "model: {class_path: GAN, init_args: {generator: {class_path: MLPGenerator, init_args: "
        "{hidden_dims: null}}}}\ndata: {class_path: Iris}\n"
    ),
    "metrics.num_samples: expected an integer, found null": (
        "model: {class_path: GAN}\ndata: {class_path: Iris}\nmetrics: {num_samples: null}\n"
    ),
    "seed_everything must lie in [0, 2^32), found null": (
        "model: {class_path: GAN}\ndata: {class_path: Iris}\nseed_everything: null\n"
    ),
    "There is no option 'epochs'. Did you mean 'trainer.max_epochs'? It is in": (
        "model: {class_path: GAN}\ndata: {class_path: Iris}\nepochs: 3\n"
    ),
    "cannot be read: it holds more than 100 000 values, or one that contains itself": (
        "model: &a\n  init_args: *a\n"
    ),
    "expected the sections model, data and trainer, found nothing": "\n",
    "model: GAN has no option 'gp_weight'": (
        "model: {class_path: GAN, init_args: {gp_weight: 1}}\ndata: {class_path: Iris}\n"
    ),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("words", "content"), CONFIGS.items(), ids=range(len(CONFIGS)))
def test_a_wrong_config_is_explained(complaint, tmp_path, words, content):
    path = tmp_path / "wrong.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    line = complaint("fit", f"--config={path}")
    assert words in line
    assert len(line) < 400, line


@pytest.fixture
def trained(fitted):
    """The checkpoint of a GAN trained for one epoch on Iris."""
    return fitted(*GAN_ON_IRIS[1:]) / "checkpoints" / "last.ckpt"


def test_a_damaged_checkpoint_is_named(complaint, trained):
    trained.write_bytes(trained.read_bytes()[:1000])
    for subcommand in ("fit", "test", "sample"):
        line = complaint(subcommand, f"--ckpt_path={trained}")
        assert f"{trained} is damaged or not a checkpoint" in line


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 100])
def test_a_file_that_is_not_a_checkpoint_is_named(complaint, tmp_path, content):
    (tmp_path / "empty.ckpt").write_bytes(content)
    for subcommand in ("fit", "test", "sample"):
        line = complaint(subcommand, f"--ckpt_path={tmp_path}/empty.ckpt")
        assert re.search(r"empty.ckpt is damaged or not a checkpoint: .*\w\.$", line)


def test_a_checkpoint_of_another_model_is_named(complaint, trained):
    line = complaint("fit", "--model=R3GAN", "--data=Iris", f"--ckpt_path={trained}")
    assert f"{trained} holds the model GAN, but the config asks for R3GAN" in line


def rewritten(path, change):
    """Save a checkpoint again with something changed."""
    checkpoint = torch.load(path, weights_only=True)
    change(checkpoint)
    torch.save(checkpoint, path)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.pop("optimizer_states"), "cannot be resumed from: it holds no optimizer_st"),
        (lambda c: c.pop("loops"), "cannot be resumed from: it holds no loops"),
        (lambda c: c["optimizer_states"].pop(), "does not hold the states of 2 optimizers"),
        (lambda c: c["state_dict"].popitem(), "does not fit the model: expected discriminator"),
        (lambda c: c["hyper_parameters"].update(n_critik=3), "GAN has no option 'n_critik'"),
        (lambda c: c["hyper_parameters"].pop("_class_path"), "does not name its model"),
    ],
)
def test_a_checkpoint_with_a_missing_part_is_refused_by_name(complaint, trained, change, words):
    rewritten(trained, change)
    assert words in complaint("fit", f"--ckpt_path={trained}")


def test_a_resume_that_fails_leaves_the_run_as_it_was(complaint, run, trained):
    config = trained.parent.parent / "config.yaml"
    before = config.read_bytes()
    resume = [*GAN_ON_IRIS[:2], f"--ckpt_path={trained}"]
    with pytest.warns(UserWarning, match=r"data.class_path is gan_lightning.GaussianRing"):
        line = complaint(*resume, "--data=GaussianRing")
    assert "trained on points of shape [4], but the data's are of shape [2]" in line
    wider = f"--ckpt_path={trained}"
    with pytest.warns(UserWarning, match=r"data.species_column is True"):
        complaint("fit", "--data.init_args.species_column=true", wider)
    assert config.read_bytes() == before
    run("sample", f"--ckpt_path={trained}", "--num_samples=3")


def test_a_checkpoint_away_from_its_run_draws_samples_and_other_commands_say_what_they_lack(
    complaint, run, trained, tmp_path
):
    moved = trained.rename(tmp_path / "moved.ckpt")
    run("sample", f"--ckpt_path={moved}", "--num_samples=3")
    assert len((tmp_path / "samples.csv").read_text().splitlines()) == 4
    line = complaint("test", f"--ckpt_path={moved}")
    assert "beside the run's config.yaml" in line


def test_an_output_that_cannot_be_written_is_named(complaint, trained, tmp_path):
    (tmp_path / "file").write_text("")
    blocked = tmp_path / "file" / "iris.csv"
    line = complaint("sample", f"--ckpt_path={trained}", f"--output={blocked}")
    assert str(tmp_path / "file") in line
    picture = f"--output={tmp_path}/iris.png"
    line = complaint("sample", f"--ckpt_path={trained}", picture)
    assert "Rows are written as .csv" in line


OWN_CLASSES = """
from gan_lightning import MLPGenerator

class FailsToBegin(MLPGenerator):
    def __init__(self, data_shape):
        super().__init__(data_shape)
        self.width = undefined_name

class FailsInTraining(MLPGenerator):
    def forward(self, z, labels=None):
        return self.layers(z[:, :3])
"""


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("name", "line"), [("FailsToBegin", 7), ("FailsInTraining", 11)])
def test_a_bug_in_a_class_of_your_own_is_shown_where_it_is(
    complaint, run, tmp_path, monkeypatch, name, line
):
    (tmp_path / "own_classes.py").write_text(OWN_CLASSES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_classes", raising=False)
    said = complaint(*GAN_ON_IRIS, f"--model.generator=own_classes.{name}")
    assert f"({tmp_path}/own_classes.py, line {line}). GAN_LIGHTNING_DEBUG=1 before the" in said
    monkeypatch.setenv("GAN_LIGHTNING_DEBUG", "1")
    with pytest.raises((InputError, RuntimeError)):
        run(*GAN_ON_IRIS, f"--model.generator=own_classes.{name}")


@pytest.mark.slow
def test_the_suggested_next_command_can_be_pasted_as_it_is(capsys, tmp_path, monkeypatch):
    root = tmp_path / "it's a folder"
    root.mkdir()
    monkeypatch.setattr("sys.argv", ["gan_lightning"])
    quiet = [f"--trainer.{name}=false" for name in ("enable_progress_bar", "enable_model_summary")]
    main([*GAN_ON_IRIS, f"--trainer.default_root_dir={root}", "--trainer.accelerator=cpu", *quiet])
    lines = capsys.readouterr().out.splitlines()
    commands = [line.split(maxsplit=1)[1] for line in lines if " -m gan_lightning " in line]
    for command in [*commands[:2], commands[2].removeprefix("on ")]:
        python, module, package, *words = shlex.split(command)
        assert shutil.which(python)
        assert [module, package] == ["-m", "gan_lightning"]
        quick = [*quiet, "--metrics.test_samples=50"] if words[0] == "test" else quiet
        main([*words, *quick])
    assert "Finished after" in capsys.readouterr().out


@pytest.mark.slow
def test_samples_report_a_replaced_file_and_leave_a_folder_of_others_alone(
    complaint, run, capsys, trained, tmp_path
):
    sample = ["sample", f"--ckpt_path={trained}", "--num_samples=3", f"--output={tmp_path}/x.csv"]
    for ending in ("x.csv\n", "x.csv, replacing an older file\n"):
        capsys.readouterr()
        run(*sample)
        assert capsys.readouterr().out.endswith(ending)
    digits = ["--data=Digits", "--data.size=8", "--trainer.limit_train_batches=1"]
    run("fit", "--model=GAN", *digits, "--trainer.max_epochs=1", "--trainer.limit_val_batches=0")
    (checkpoint,) = tmp_path.rglob("gan_digits/**/last.ckpt")
    into = ["sample", f"--ckpt_path={checkpoint}", "--num_samples=3", f"--output={tmp_path}/x"]
    run(*into)
    assert "--output: expected a new or an empty folder" in complaint(*into)
    assert len(list((tmp_path / "x").iterdir())) == 3


def test_a_folder_for_runs_that_cannot_be_made_is_named(complaint, tmp_path):
    (tmp_path / "lightning_logs").write_text("a file in the way")
    assert str(tmp_path / "lightning_logs") in complaint(*GAN_ON_IRIS)
