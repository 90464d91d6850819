"""A new run may start from the weights of a checkpoint, and of nothing else in it."""

import pytest
import torch

IRIS = ["--data=Iris", "--trainer.check_val_every_n_epoch=1", "--metrics.num_samples=20"]
GAN = ["fit", "--model=GAN", *IRIS]
PLAYERS = ("g_optimizer", "d_optimizer")
FAMILIES = {
    "R3GAN": (PLAYERS, ["--trainer.callbacks+=GeneratorEMA"]),
    "VAE": (("optimizer",), ["--model.sampler=GaussianMixture"]),
    "FlowMatching": (("optimizer",), []),
    "ConditionalGAN": (
        PLAYERS,
        ["--model.generator=LabelledGenerator", "--model.discriminator=LabelledDiscriminator"],
    ),
}


def last_of(folder, version=0):
    (checkpoint,) = folder.glob(f"lightning_logs/*/version_{version}/checkpoints/last.ckpt")
    return checkpoint


def loaded(path):
    return torch.load(path, weights_only=True)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_of_a_checkpoint_start_a_new_run_of_any_family(run, tmp_path, capsys, family):
    optimizers, options = FAMILIES[family]
    command = ["fit", f"--model={family}", *IRIS, *options]
    run(*command, "--trainer.max_epochs=2")
    before, content = loaded(last_of(tmp_path)), last_of(tmp_path).read_bytes()
    capsys.readouterr()

    still = [(f"--model.{name}=SGD", f"--model.{name}.lr=1.0e-30") for name in optimizers]
    run(
        *(*command, "--trainer.max_epochs=1", *sum(still, ()), "--seed_everything=5"),
        f"--init_from={last_of(tmp_path)}",
    )
    after, weights = loaded(last_of(tmp_path, 1)), weights_of(before)
    assert weights
    for name, weight in weights.items():
        assert torch.equal(after["state_dict"][name], weight), name
    assert after["points_seen"] == before["points_seen"] / 2  # of one epoch, not of three
    assert last_of(tmp_path).read_bytes() == content
    said = capsys.readouterr().out
    assert f"Starts from the weights of {last_of(tmp_path)}: " in said
    assert "Counters, averages, optimizers and random numbers start afresh." in said


def weights_of(checkpoint):
    """Return the weights of the networks that are trained, by their names."""
    return {
        name: weight
        for name, weight in checkpoint["state_dict"].items()
        if name.split(".")[0] in ("generator", "discriminator", "encoder", "decoder", "velocity")
        and not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    }


@pytest.fixture
def base(run, tmp_path):
    run(*GAN, "--trainer.max_epochs=1")
    return last_of(tmp_path)


@pytest.mark.slow
def test_weights_may_start_a_run_on_other_data_and_a_resume_may_not(complaint, run, base, tmp_path):
    setosa = [*GAN, "--data.species=[setosa]", "--trainer.max_epochs=2"]
    before = base.read_bytes()
    with pytest.warns(UserWarning, match="data.species is"):
        line = complaint(*setosa, f"--ckpt_path={base}")
    assert "The checkpoint's labels are the classes" in line
    run(*setosa, f"--init_from={base}")
    assert base.read_bytes() == before
    assert loaded(last_of(tmp_path, 1))["epoch"] == 1


def test_a_run_does_not_resume_with_other_data_of_the_same_shape(complaint, run, tmp_path):
    ring = ["fit", "--model=GAN", "--data=GaussianRing", "--metrics.num_samples=20"]
    run(*ring, "--data.num_samples=600", "--data.batch_size=300", "--trainer.max_epochs=1")
    before = last_of(tmp_path).read_bytes()
    going_on = [f"--ckpt_path={last_of(tmp_path)}", "--trainer.max_epochs=2"]
    with pytest.warns(UserWarning, match="data.num_samples is 700"):
        line = complaint("fit", *going_on, "--data.init_args.num_samples=700")
    assert "The run was trained on other data: " in line
    assert "--init_from in place of --ckpt_path" in line
    with pytest.warns(UserWarning, match="data.class_path is"):
        line = complaint("fit", "--model=GAN", "--data=StandardNormal", *going_on)
    assert "The run was trained on GaussianRing, but the data are StandardNormal" in line
    assert last_of(tmp_path).read_bytes() == before
    with pytest.warns(UserWarning, match="data.batch_size is 200"):  # the same points
        run("fit", *going_on, "--data.init_args.batch_size=200")


@pytest.mark.slow
def test_a_checkpoint_alone_determines_the_model_that_starts(run, base, tmp_path):
    lower = "--model.init_args.n_critic=2"
    run("fit", f"--init_from={base}", lower)
    assert loaded(last_of(tmp_path, 1))["hyper_parameters"]["n_critic"] == 2
    moved = base.rename(tmp_path / "moved.ckpt")
    run("fit", f"--init_from={moved}", *IRIS, "--trainer.max_epochs=1")
    (alone,) = tmp_path.glob("lightning_logs/experiment/version_0/checkpoints/last.ckpt")
    assert loaded(alone)["hyper_parameters"]["n_critic"] == 1


def test_a_run_that_started_from_weights_resumes_like_any_other(run, base, tmp_path):
    run(*GAN, "--init_from=last", "--trainer.max_epochs=1")
    run("fit", f"--ckpt_path={last_of(tmp_path, 1)}", "--trainer.max_epochs=3")
    assert loaded(last_of(tmp_path, 1))["epoch"] == 2
    assert loaded(base)["epoch"] == 0


WRONG = {
    "choose one of them": ["--ckpt_path=last"],
    "expected generator.layers.0.weight of shape": [
        "--model.generator=MLPGenerator",
        "--model.generator.latent_dim=7",
    ],
    "holds none of the networks encoder, decoder": ["--model=VAE"],
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("words", "options"), WRONG.items(), ids=range(len(WRONG)))
def test_weights_that_do_not_fit_are_refused_by_name(complaint, base, words, options):
    assert words in complaint(*GAN, f"--init_from={base}", *options)
    assert "--init_from" in complaint(*GAN, "--init_from=nowhere.ckpt")
    assert "init_from" in complaint("test", f"--init_from={base}")


def test_a_run_does_not_start_from_damaged_weights(complaint, base):
    content = bytearray(base.read_bytes())
    content[len(content) // 2] ^= 1
    base.write_bytes(content)
    line = complaint(*GAN, f"--init_from={base}")
    assert f"{base} is damaged or not a checkpoint: it does not match its checksum" in line
