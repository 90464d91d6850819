"""From a checkpoint alone to files of samples and numbers."""

import csv

import pytest
import yaml


@pytest.fixture
def trained(fitted):
    return fitted(
        "--model=R3GAN",
        "--data=Iris",
        "--data.species_column=true",
        "--data.species=[setosa,virginica]",
        "--trainer.callbacks=[{class_path: GeneratorEMA}]",
        "--trainer.max_epochs=3",
        "--trainer.check_val_every_n_epoch=1",
    )


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def sampled(run, trained, tmp_path, *args):
    output = tmp_path / "out" / "iris.csv"
    run("sample", f"--ckpt_path={trained}/checkpoints/last.ckpt", f"--output={output}", *args)
    return rows_of(output)


def test_samples_are_rows_in_centimetres_with_their_names(run, trained, tmp_path):
    rows = sampled(run, trained, tmp_path, "--num_samples=50")
    assert len(rows) == 50
    assert list(rows[0]) == [
        "sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)", "species",
    ]  # fmt: skip
    assert {row["species"] for row in rows} <= {"setosa", "virginica"}
    lengths = [row["sepal length (cm)"] for row in rows]
    assert all(len(length.partition(".")[2]) == 1 for length in lengths)  # 0.1 cm, as measured
    assert all(3 < float(length) < 10 for length in lengths)


@pytest.mark.slow
def test_a_seed_makes_samples_repeatable_and_without_one_they_differ(run, trained, tmp_path):
    seeded = [sampled(run, trained, tmp_path, "--seed=5") for _ in range(2)]
    assert seeded[0] == seeded[1]
    assert sampled(run, trained, tmp_path, "--seed=6") != seeded[0]
    assert sampled(run, trained, tmp_path) != sampled(run, trained, tmp_path)


def test_settings_of_the_data_can_be_overridden(run, trained, tmp_path):
    with pytest.warns(UserWarning, match=r"data\.decimals is None; .* trained with 1"):
        rows = sampled(run, trained, tmp_path, "--data.init_args.decimals=null")
    assert any(len(row["petal width (cm)"]) > 5 for row in rows)


def test_last_and_best_name_checkpoints_of_the_newest_run(run, trained, tmp_path, capsys):
    for name in ("last", "best"):
        run("sample", f"--ckpt_path={name}", "--num_samples=4")
        assert len(rows_of(trained / "samples.csv")) == 4
    assert "samples.csv" in capsys.readouterr().out


def test_a_checkpoint_alone_is_enough_to_validate_test_and_predict(run, trained, capsys):
    checkpoint = f"--ckpt_path={trained}/checkpoints/last.ckpt"
    before = {path.name for path in trained.iterdir()}
    run("validate", checkpoint)
    assert capsys.readouterr().out.startswith("val/")
    assert {path.name for path in trained.iterdir()} == before  # looking changes nothing
    run("test", checkpoint)
    assert capsys.readouterr().out.startswith("test/")
    assert {path.name for path in trained.iterdir()} == before | {"metrics.json"}
    run("predict", checkpoint)
    assert len(rows_of(trained / "predictions.csv")) == 70  # as many as training rows


def test_the_saved_config_is_complete(trained):
    config = yaml.safe_load((trained / "config.yaml").read_text())
    assert config["data"]["init_args"]["species"] == ["setosa", "virginica"]
    assert config["ckpt_path"] is None
    assert config["model"]["init_args"]["g_optimizer"]["init_args"]["lr"] == 0.001
