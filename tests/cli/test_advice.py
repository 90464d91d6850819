"""What a run on few pictures says at its start."""

from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from gan_lightning import (
    GAN,
    VAE,
    Classifier,
    ConditionalVAE,
    DiffAugment,
    FlowMatching,
    ImageFolder,
    Iris,
    WarmStartedGAN,
)
from gan_lightning.cli.advice import advice
from gan_lightning.cli.start_report import WIDTH, _wrapped

SHAPE = (3, 4, 4)


@pytest.fixture
def folder(tmp_path):
    def make(number, **options):
        for i in range(number):
            pixels = bytes(torch.full(SHAPE, i, dtype=torch.uint8).numpy().tobytes())
            Image.frombytes("RGB", (4, 4), pixels).save(tmp_path / f"{i}.png")
        data = ImageFolder(str(tmp_path), 4, batch_size=4, **options)
        data.setup("fit")
        return data

    return make


def said(data, model, **settings):
    trainer = SimpleNamespace(
        datamodule=data,
        **{"max_epochs": None, "max_steps": -1, "num_training_batches": float("inf"), **settings},
    )
    return advice(trainer, model)


def test_games_on_few_pictures_say_what_to_expect(folder):
    first, second, remedy, judged = said(folder(20), GAN(SHAPE))
    assert first.startswith("18 pictures are few: expect variations of them")
    assert "Below 100" in second
    assert "--model.augmentation DiffAugment" in remedy
    assert judged.startswith("val/kid compares samples with 2 of the pictures held out")


def test_a_field_that_sees_a_picture_often_is_said_to_copy_it(folder):
    data = folder(20)  # of which 18 are for training, in batches of 4
    often = {"num_training_batches": 100, "max_epochs": 40}
    assert "each shown 888 times" in said(data, FlowMatching(SHAPE), **often)[0]
    (line,) = [line for line in said(data, FlowMatching(SHAPE), **often) if "copy it" in line]
    assert "--trainer.max_epochs 11, and as many for the schedule" in line
    rarely = {**often, "max_epochs": 11}
    assert not [line for line in said(data, FlowMatching(SHAPE), **rarely) if "copy it" in line]
    assert not [line for line in said(data, GAN(SHAPE), **often) if "copy it" in line]


@pytest.mark.parametrize("model", [VAE, FlowMatching])
def test_other_models_say_the_same_without_the_discriminator(folder, model):
    data = folder(20)
    assert said(data, model(SHAPE)) == [
        line for line in said(data, GAN(SHAPE)) if "discriminator" not in line
    ]


def test_augmentation_is_advised_only_where_it_is_missing(folder):
    data = folder(20)
    assert not any(
        "--model.augmentation" in line
        for line in said(data, GAN(SHAPE, augmentation=DiffAugment()))
    )


def test_mirror_images_are_not_counted_as_pictures(folder):
    assert said(folder(20, flip=True), GAN(SHAPE))[0].startswith("18 pictures")


def test_a_picture_and_its_mirror_image_are_shown_in_turn(folder):
    model = WarmStartedGAN(SHAPE, reconstruction_batches=50, game_batches=40)
    data = folder(20, flip=True, val_fraction=0.0)
    said_first, *_, said_last = said(data, model)
    assert "each shown 9 times and mirrored as often" in said_first  # 90 batches of 4 to 40
    assert "with 20 of these pictures" in said_last


def test_a_model_of_labels_is_told_that_there_is_one(folder):
    data = folder(20)
    (line,) = [line for line in said(data, ConditionalVAE(SHAPE, num_classes=1)) if "label" in line]
    assert line.startswith("All points have one label: ConditionalVAE learns")
    assert not [line for line in said(data, VAE(SHAPE)) if "label" in line]


def test_the_advice_counts_how_often_a_picture_is_shown(folder):
    model = WarmStartedGAN(SHAPE, reconstruction_batches=50, game_batches=40)
    assert "each shown 20 times" in said(folder(20), model)[0]  # 90 batches of 4 to 18


def test_a_folder_without_held_out_pictures_says_what_samples_are_compared_with(folder):
    assert "with 20 of these pictures" in said(folder(20, val_fraction=0.0), GAN(SHAPE))[-1]


def test_other_data_what_draws_nothing_and_many_pictures_get_no_advice(folder, monkeypatch):
    data = folder(20)
    assert said(Iris(), GAN((4,))) == []
    assert said(data, Classifier((3, 28, 28), num_classes=2)) == []
    monkeypatch.setattr("gan_lightning.cli.advice.FEW", 18)
    assert said(data, GAN(SHAPE)) == []


def test_an_entry_of_several_sentences_is_wrapped_and_indented():
    lines = _wrapped("advice", ["word " * 30, "Next."])
    assert lines[0].startswith("  advice    word")
    assert all(line.startswith(" " * 12) for line in lines[1:])
    assert lines[-1].strip() == "Next."
    assert max(map(len, lines)) <= WIDTH
