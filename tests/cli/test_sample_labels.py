"""Images from a checkpoint, by label."""

import numpy as np
import pytest
from PIL import Image

from gan_lightning.cli import main

QUICK = [
    "--data=Digits",
    "--data.size=8",
    "--trainer.max_epochs=1",
    "--trainer.limit_train_batches=2",
    "--metrics.num_samples=10",
    "--pictures.num_samples=10",
]
CONDITIONAL = [
    "--model=ConditionalGAN",
    "--model.generator=LabelledGenerator",
    "--model.generator.generator=MLPGenerator",
    "--model.discriminator=LabelledDiscriminator",
    "--model.discriminator.discriminator=MLPDiscriminator",
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Train a model once for all tests of this file and return its last checkpoint."""

    def train(*args):
        root = tmp_path_factory.mktemp("trained")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["gan_lightning"])
            options = ["default_root_dir=" + str(root), "accelerator=cpu"]
            quiet = ["enable_model_summary=false", "enable_progress_bar=false"]
            main(["fit", *args, *QUICK, *(f"--trainer.{option}" for option in options + quiet)])
        (path,) = root.rglob("last.ckpt")
        return path

    return train


@pytest.fixture(scope="module")
def conditional(checkpoint):
    return checkpoint(*CONDITIONAL)


@pytest.fixture(scope="module")
def unconditional(checkpoint):
    return checkpoint("--model=GAN")


def sampled(run, checkpoint, tmp_path, *args):
    output = tmp_path / "samples.npz"
    run("sample", f"--ckpt_path={checkpoint}", f"--output={output}", *args)
    with np.load(output) as arrays:
        return dict(arrays)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("7", [7] * 5), ("0,1,2", [0, 1, 2, 0, 1]), ("9, 0", [9, 0, 9, 0, 9])],
)
def test_requested_labels_are_taken_in_turn(run, conditional, tmp_path, wanted, expected):
    arrays = sampled(run, conditional, tmp_path, "--num_samples=5", f"--labels={wanted}")
    assert arrays["images"].shape == (5, 1, 8, 8)
    assert arrays["images"].dtype == np.uint8
    assert arrays["labels"].dtype == np.int64
    assert arrays["labels"].tolist() == expected


@pytest.mark.slow
def test_without_labels_each_sample_has_a_random_one_that_is_recorded(run, conditional, tmp_path):
    labels = sampled(run, conditional, tmp_path, "--num_samples=200", "--seed=1")["labels"]
    assert set(labels) == set(range(10))
    again = sampled(run, conditional, tmp_path, "--num_samples=200", "--seed=1")["labels"]
    np.testing.assert_array_equal(again, labels)


def test_the_same_latents_give_other_images_for_another_label(run, conditional, tmp_path):
    first, second = (
        sampled(run, conditional, tmp_path, "--num_samples=3", "--seed=1", f"--labels={label}")
        for label in (3, 8)
    )
    assert not np.array_equal(first["images"], second["images"])


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [("10", "10"), ("-1", "-1"), ("0,11", "11"), ("seven", "seven"), ("1,,2", "")],
)
def test_unknown_labels_are_refused_in_a_sentence(complaint, conditional, tmp_path, wanted, wrong):
    args = [f"--ckpt_path={conditional}", f"--output={tmp_path}/a.npz", f"--labels={wanted}"]
    line = complaint("sample", *args)
    assert line == f"Error: --labels: expected labels from 0 to 9; found {wrong!r}."
    assert not (tmp_path / "a.npz").exists()


def test_labels_without_a_sample_are_told(run, conditional, tmp_path):
    with pytest.warns(UserWarning, match="of the 3 labels, 2 samples show the first alone"):
        arrays = sampled(run, conditional, tmp_path, "--num_samples=2", "--labels=5,0,2")
    assert arrays["labels"].tolist() == [5, 0]


def test_an_unconditional_model_refuses_labels_in_a_sentence(complaint, unconditional, tmp_path):
    line = complaint("sample", f"--ckpt_path={unconditional}", "--labels=7")
    assert line == "Error: --labels: GAN is not a conditional model."


def test_images_of_an_unconditional_model_have_no_labels(run, unconditional, tmp_path):
    assert set(sampled(run, unconditional, tmp_path, "--num_samples=4")) == {"images"}


def test_images_are_a_grid_by_default_and_a_folder_without_an_ending(run, conditional, tmp_path):
    run("sample", f"--ckpt_path={conditional}", "--num_samples=12", "--labels=5,0,2")
    with Image.open(conditional.parent.parent / "samples.png") as grid:
        assert grid.size == (4 * 10 + 2, 3 * 10 + 2)  # a row for each label
    run(
        "sample", f"--ckpt_path={conditional}", "--num_samples=3", "--labels=0,1,2",
        f"--output={tmp_path}/single",
    )  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "single").iterdir())
    assert names == [f"{i:06d}_label{i}.png" for i in range(3)]


def test_other_endings_are_refused_in_a_sentence(complaint, unconditional, tmp_path):
    args = [f"--ckpt_path={unconditional}", f"--output={tmp_path}/a.csv"]
    assert "Images are written as .png, .npz" in complaint("sample", *args)


def test_wrong_names_of_mnist_settings_are_explained(complaint):
    mnist = ["fit", "--model=GAN", "--data=MNIST"]
    line = complaint(*mnist, "--data.dataset=emnist")
    assert "data.dataset: expected one of mnist, fashion_mnist, kmnist; found 'emnist'" in line


def test_missing_files_are_explained_with_a_remedy(complaint, tmp_path):
    missing = ["fit", "--model=GAN", "--data=MNIST", "--data.download=false"]
    line = complaint(*missing, f"--data.root={tmp_path}/none")
    assert f"{tmp_path}/none/MNIST/raw" in line
    assert "Digits" in line


def test_a_network_that_cannot_make_the_datas_shape_is_explained(complaint):
    args = ["fit", "--model=GAN", "--data=Iris", "--model.generator=DCGANGenerator"]
    line = complaint(*args)
    assert "DCGANGenerator is for square images" in line
    assert "found points of shape (4,)" in line


@pytest.mark.slow
def test_smaller_latents_give_samples_that_vary_less(run, unconditional, tmp_path):
    spreads = []
    for truncation in (2.0, 0.5, 0.1):
        options = ["--num_samples=200", "--seed=0", f"--truncation={truncation}"]
        images = sampled(run, unconditional, tmp_path, *options)["images"]
        spreads.append(images.astype(float).std(0).mean())
    assert spreads[0] > spreads[1] > spreads[2] > 0


def test_the_protocol_names_the_truncation(run, conditional, capsys):
    options = ["--metrics.test_samples=50", "--truncation=0.5"]
    run("test", f"--ckpt_path={conditional}", *options)
    output = capsys.readouterr().out
    assert "50 samples of the raw weights, latents truncated at 0.5, seed 0" in output


@pytest.mark.sampled(2)
@pytest.mark.parametrize("truncation", ["0", "-1.5"])
def test_an_invalid_truncation_is_refused(complaint, unconditional, truncation):
    error = complaint("sample", f"--ckpt_path={unconditional}", f"--truncation={truncation}")
    assert f"--truncation must be positive, found {float(truncation)}" in error
