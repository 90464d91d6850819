"""What chooses best.ckpt where the images are too few for an FID."""

import re

import pytest

SMALL = [
    "--data=Digits",
    "--data.size=8",
    "--data.num_val=40",
    "--data.batch_size=500",
    "--model=GAN",
    "--trainer.check_val_every_n_epoch=1",
    "--metrics.num_samples=40",
    "--metrics.test_samples=40",
]


def best(output):
    """The metric and the value that the summary names."""
    return re.search(r"best +\S+ +\((\S+) = (\S+)\)", output).groups()


def test_few_images_choose_the_best_checkpoint_by_kid_and_the_summary_says_so(
    run, tmp_path, capsys
):
    run("fit", *SMALL, "--trainer.max_epochs=1")
    shown = capsys.readouterr().out
    monitor, value = best(shown)
    assert monitor == "val/kid"
    assert "in which an FID needs 256 images or more: judge by kid" in shown
    (checkpoint,) = tmp_path.rglob("last.ckpt")
    run("fit", f"--ckpt_path={checkpoint}", "--trainer.max_epochs=2")
    again = best(capsys.readouterr().out)
    assert again[0] == "val/kid"
    assert float(again[1]) <= float(value)  # the best value so far is known after a resume
    run("test", f"--ckpt_path={checkpoint}")
    table = capsys.readouterr().out
    assert table.splitlines()[1].startswith("memorised")
    assert not re.search(r"^(class_)?fid", table, re.MULTILINE)
    assert "features of DigitFeatures" in table


def test_a_monitor_chosen_by_the_user_is_kept(run, capsys):
    with pytest.raises(SystemExit):
        run("fit", *SMALL, "--trainer.max_epochs=1", "--checkpoints.monitor=val/fid")
    assert "val/fid is not logged; logged are" in capsys.readouterr().err
