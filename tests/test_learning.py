"""What the shipped experiments promise, trained in full from their configs."""

import pytest

from gan_lightning.cli.command_line import CommandLine

pytestmark = pytest.mark.slow


@pytest.fixture
def trained(run):
    """Train an experiment and return the validation numbers of its last checkpoint."""
    numbers = {}

    def keep(command_line):
        logged = command_line.trainer.callback_metrics
        numbers.update({name: value.item() for name, value in logged.items()})

    def train(experiment):
        run("fit", f"--config=configs/{experiment}.yaml")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(CommandLine, "after_validate", keep)
            run("validate", "--ckpt_path=last")
        return numbers

    return train


@pytest.mark.parametrize(
    ("experiment", "modes"), [("r3gan_ring", 8), ("r3gan_grid25", 25), ("r3gan_grid100", 100)]
)
def test_r3gan_finds_all_modes_at_their_width(trained, experiment, modes):
    numbers = trained(experiment)
    assert numbers["val/modes"] == modes
    assert numbers["val/high_quality"] >= 0.93
    assert 0.85 < numbers["val/width"] < 1.1


def test_a_plain_gan_does_not_cover_the_ring(trained):
    numbers = trained("gan_ring")
    assert numbers["val/modes"] < 8 or numbers["val/high_quality"] < 0.93


def test_the_articles_experiment_comes_close_to_the_flowers_it_was_trained_on(trained):
    assert trained("gan_iris")["val/ks"] < 0.1


def test_the_main_job_keeps_distributions_and_correlations_of_held_out_flowers(trained):
    numbers = trained("r3gan_iris")
    assert numbers["val/ks"] < 0.13  # training rows against held-out rows: 0.09
    assert numbers["val/correlation_error"] < 0.25  # and here 0.16
