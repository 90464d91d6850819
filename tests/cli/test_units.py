"""``sample`` needs only a checkpoint; the other commands say where the data differ."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.cli import main

QUICK = [
    "--trainer.max_epochs=1",
    "--trainer.limit_train_batches=1",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
    "--trainer.accelerator=cpu",
    "--metrics.num_samples=10",
    "--pictures.num_samples=4",
]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(folder, *args):
    main(["fit", *args, *QUICK])
    return next(folder.rglob("last.ckpt"))


def test_sample_needs_neither_the_data_nor_the_run(elsewhere):
    (elsewhere / "pictures").mkdir()
    for i in range(12):
        Image.fromarray(np.full((8, 8), 20 * i, np.uint8)).save(elsewhere / "pictures" / f"{i}.png")
    checkpoint = trained(
        elsewhere,
        "--model=GAN",
        "--data=ImageFolder",
        "--data.root=pictures",
        "--data.size=8",
        "--data.channels=1",
    )
    alone = shutil.move(checkpoint, elsewhere / "alone.ckpt")
    shutil.rmtree(elsewhere / "pictures")
    shutil.rmtree(elsewhere / "lightning_logs")
    main(["sample", f"--ckpt_path={alone}", "--num_samples=5", "--output=five.npz"])
    assert np.load("five.npz")["images"].shape == (5, 1, 8, 8)


def test_labels_can_be_given_by_name(elsewhere):
    checkpoint = trained(
        elsewhere,
        "--model=R3GAN",
        "--data=Iris",
        "--data.species_column=true",
        "--model.generator=LabelledGenerator",
        "--model.discriminator=ProjectionDiscriminator",
    )
    sample = ["sample", f"--ckpt_path={checkpoint}", "--num_samples=4", "--seed=1"]
    main([*sample, "--labels=virginica", "--output=named.csv"])
    main([*sample, "--labels=2", "--output=numbered.csv"])
    assert (elsewhere / "named.csv").read_text() == (elsewhere / "numbered.csv").read_text()


def test_units_are_those_of_the_checkpoint_whatever_is_typed(elsewhere):
    checkpoint = trained(elsewhere, "--model=GAN", "--data=Iris")
    sample = ["sample", f"--ckpt_path={checkpoint}", "--num_samples=4", "--seed=1"]
    main([*sample, "--output=plain.csv"])
    with pytest.warns(UserWarning, match=r"data.species"):
        main([*sample, "--model=GAN", "--data=Iris", "--data.species=[setosa]", "--output=t.csv"])
    assert (elsewhere / "plain.csv").read_text() == (elsewhere / "t.csv").read_text()


def test_a_checkpoint_holds_no_rows(elsewhere):
    checkpoint = trained(elsewhere, "--model=GAN", "--data=Iris")
    state = torch.load(checkpoint, weights_only=True)["Iris"]
    assert set(state) == {"units", "fingerprint", "held_out"}
    assert state["units"]["minimum"].shape == state["units"]["span"].shape == (4,)
    assert state["held_out"] is None  # Iris is split by the place of a row in the file
