"""The benchmarks run, in short, and their judges know good samples from bad ones."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from gan_lightning.cli import main

ROOT = Path(__file__).parent.parent
IRIS = load_iris()


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


def lines_printed(environment, script, *arguments):
    """The lines that a benchmark prints, once it has ended well."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_what_grows_as_its_size_has_slope_one_and_as_its_square_two():
    import slopes

    sizes = [1.0, 2.0, 4.0, 8.0]
    assert slopes.slope(sizes, [3 * size for size in sizes]) == pytest.approx(1)
    assert slopes.slope(sizes, [5 * size**2 for size in sizes]) == pytest.approx(2)
    assert slopes.slope(sizes, [7.0] * 4) == pytest.approx(0)


def test_every_case_of_the_slopes_does_its_work():
    import slopes

    for make, sizes, _ in slopes.CASES.values():
        make(sizes[0])()


@pytest.mark.parametrize(
    ("script", "experiment", "column"),
    [
        pytest.param("iris.py", "r3gan_iris", "distance ratio", marks=pytest.mark.slow),
        pytest.param("points.py", "gan_ring", "high quality", marks=pytest.mark.slow),
    ],
)
def test_a_benchmark_prints_a_table_with_a_row_for_each_seed(
    environment, script, experiment, column
):
    printed = lines_printed(
        environment,
        script,
        "--seeds=3",
        f"--experiments={experiment}",
        "--set",
        "trainer.max_epochs=2",
    )
    table = [line for line in printed if line.startswith("|")]
    assert column in table[0]
    assert [line.split("|")[1].strip() for line in table[2:]] == ["seed 3", "mean", "real data"]


@pytest.mark.slow
def test_the_benchmark_of_tables_judges_samples_real_rows_and_baselines():
    import tables

    frame = tables.frame_of(load_iris(as_frame=True))
    with pytest.warns(UserWarning, match="The table has 99 rows"):
        found = tables.judged(frame, seed=0)
    assert list(found) == ["samples", "real", "independent", "copula", "cart"]
    assert found["real"]["copies"] == 1
    assert found["independent"]["c2st"] > found["samples"]["c2st"] + 0.1
    table = tables.markdown([found, found])
    assert table.splitlines()[2].startswith("| samples |")


def test_rows_of_another_tool_are_those_that_its_command_writes(tmp_path):
    import tables

    script = tmp_path / "reversed.py"
    script.write_text(
        "import sys, pandas\n"
        "assert sys.argv[3:] == ['--rows', '3', '--seed', '7']\n"
        "pandas.read_csv(sys.argv[1])[::-1].to_csv(sys.argv[2], index=False)\n"
    )
    frame = pd.DataFrame({"x": [1.5, 2.5, 3.5], "k": ["a", None, "b"]})
    name, command = tables.named(f"Reversed={sys.executable} {script}")
    rows, cost = tables.drawn_by(command, frame, seed=7)
    assert name == "Reversed"
    assert rows["x"].tolist() == [3.5, 2.5, 1.5]
    assert rows["k"].isna().tolist() == [False, True, False]
    assert cost["seconds"] > 0
    with pytest.raises(SystemExit, match="ended with code 1"):
        tables.drawn_by(command, frame, seed=8)


def rows_of(numbers, species):
    return [[*map(str, row), name] for row, name in zip(numbers, species, strict=True)]


def test_the_iris_judge_recognises_copies_noise_and_lost_species():
    import iris

    (train, species), _ = iris.split()
    copies = iris.judge_species(rows_of(train, species))
    assert copies["KS, train"] == 0
    assert copies["distance ratio"] == 0
    assert copies["rarest species"] == pytest.approx(1 / 3)
    noise = np.random.default_rng(0).uniform(0.1, 8, size=train.shape)
    noisy = iris.judge_species(rows_of(noise, species))
    assert noisy["KS, all"] > 0.3
    assert noisy["distance ratio"] > 2
    assert noisy["forest, held out"] < 0.7
    lost = iris.judge_species(rows_of(train, ["setosa"] * len(train)))
    assert lost["rarest species"] == 0


def test_the_ring_judge_recognises_a_collapsed_sampler():
    import points

    perfect = np.repeat(points.MEANS, 100, axis=0)
    assert points.judge_ring(perfect.tolist())["modes"] == 8
    collapsed = points.judge_ring(np.repeat(points.MEANS[:1], 800, axis=0).tolist())
    assert collapsed["modes"] == 1
    assert collapsed["high quality"] == 1
    assert points.judge_ring([[0.0, 0.0]] * 50)["high quality"] == 0


@pytest.fixture
def table(monkeypatch, run):
    """The module; its commands run in this process, and are kept."""
    import table

    commands = []
    quiet = ["accelerator=cpu", "enable_model_summary=false", "enable_progress_bar=false"]

    def command(*args):
        commands.append(args[0])
        main([*args, *(f"--trainer.{option}" for option in quiet)])

    monkeypatch.setattr(table, "_command", command)
    table.commands = commands
    return table


def printed(table, monkeypatch, capsys, *args):
    monkeypatch.setattr(sys, "argv", ["table.py", *args])
    table.main()
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]


@pytest.mark.slow
def test_the_table_of_experiments_has_means_deviations_and_real_points_and_runs_nothing_twice(
    table, monkeypatch, capsys, tmp_path
):
    args = [
        "--experiments", "gan_iris", "--seeds", "0", "1", f"--runs={tmp_path}", "--minutes=1",
        f"--kept={tmp_path}", "--set", "trainer.max_epochs=2", "metrics.test_samples=50",
    ]  # fmt: skip
    header, line, row, real = printed(table, monkeypatch, capsys, *args)
    assert header.startswith("| config | KS ↓ | Wasserstein ↓ |")
    assert header.endswith("| seeds | CPU min | health monitor |")
    assert header.count("|") == line.count("|") == row.count("|") == real.count("|")
    assert row.startswith("| `gan_iris` |")
    assert re.search(r"\| \d\.\d{3} ± \d\.\d{3} \|", row)
    assert real.startswith("| *real training points* |")
    assert re.search(r"\| \d\.\d{3} \|", real)
    assert table.commands == ["fit", "test"] * 2
    without_seeds = [*args[:2], *args[5:]]  # takes those that have files
    assert printed(table, monkeypatch, capsys, *args) == [header, line, row, real]
    assert printed(table, monkeypatch, capsys, *without_seeds) == [header, line, row, real]
    assert len(table.commands) == 4


def test_an_experiment_without_kept_figures_has_the_seed_0(table, tmp_path):
    for name in ("wgan_mnist-seed2", "wgan_mnist-seed10", "wgan_mnist_2-seed3"):
        (tmp_path / f"{name}.json").touch()
    assert table._kept_seeds("wgan_mnist", tmp_path) == [2, 10]
    assert table._kept_seeds("gan_mnist", tmp_path) == [0]


def judged(**values):
    return {"values": values, "floor": {}, "goals": {"log_likelihood": 2.0},
            "cpu_seconds": 60.0, "health": "silent", "protocol": "none"}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "values"),
    [("fid", [0.5, 1.5, 30.0, None]), ("log_likelihood", [2.1, 1.8, 3.0, -50.0, None])],
)
def test_the_best_experiment_comes_first_and_one_without_a_number_last(table, column, values):
    rows = {f"e{i}": [judged(**{column: value})] for i, value in enumerate(values)}
    backwards = dict(reversed(rows.items()))
    lines = table._table(backwards, {column: column}).splitlines()[2 : 2 + len(rows)]
    assert [line.split("`")[1] for line in lines] == list(rows)


def test_a_table_is_written_between_its_marks_and_nowhere_else(table, monkeypatch, tmp_path):
    page = tmp_path / "results.md"
    monkeypatch.setattr(table, "RESULTS", page)
    marks = "<!-- results: points -->{}<!-- end of results: points -->"
    before, after = "# Title\n\n", "\n\n<!-- results: images -->old<!-- end of results: images -->"
    page.write_text(before + marks.format("old\nrows") + after, encoding="utf-8")
    for rows in ("| first |", "| second ± \\1 |"):
        table._write("points", rows)
        text = page.read_text(encoding="utf-8")
        assert text == before + marks.format(f"\n{rows}\n") + after
    with pytest.raises(SystemExit, match="no place for the results of tables"):
        table._write("tables", "| rows |")
    assert page.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("minutes", "clock"), [(8, "00:00:08:00"), (0.5, "00:00:00:30"), (90, "00:01:30:00")]
)
def test_minutes_become_a_clock(table, minutes, clock):
    assert table._clock(minutes) == clock


@pytest.mark.parametrize(
    ("experiment", "expected"),
    [
        ("dcgan_mnist", ["--data.init_args.root={}/m", "--data.init_args.download=false"]),
        (
            "cgan_clusters_mnist",
            [
                "--data.init_args.data.init_args.root={}/m",
                "--data.init_args.data.init_args.download=false",
            ],
        ),
        ("dcgan_folder", ["--data.init_args.root={}/p"]),
        ("gan_iris", []),
    ],
)
def test_data_at_hand_are_found_where_the_config_expects_them(
    table, tmp_path, experiment, expected
):
    arguments = SimpleNamespace(mnist=tmp_path / "m", pictures=tmp_path / "p")
    found = table._data_at_hand(experiment, arguments)
    assert found == [argument.format(tmp_path) for argument in expected]
    assert table._data_at_hand(experiment, SimpleNamespace(mnist=None, pictures=None)) == []


@pytest.mark.slow
def test_speeds_are_compared_in_pairs(environment):
    printed = lines_printed(
        environment,
        "speed.py",
        "--experiments=gan_iris",
        *("--pairs=2", "--block=10"),
    )
    (row,) = [line for line in printed if line.startswith("| `gan_iris`")]
    ours, theirs, ratio = (float(cell) for cell in row.split("|")[2:5])
    assert ratio == pytest.approx(ours / theirs, abs=0.02)


def test_a_card_is_watched_while_an_experiment_trains_and_training_ends_then(monkeypatch, capsys):
    import busy

    card = "import time\nfor use in [50, 70] * 500: print(use, flush=True); time.sleep(0.01)"
    monkeypatch.setattr(busy, "READ", (sys.executable, "-c", card))
    monkeypatch.setattr("torch.cuda.synchronize", lambda: None)
    settings = ["--config", str(ROOT / "configs" / "gan_ring.yaml"), "--pictures.film=false"]
    monkeypatch.setattr("sys.argv", ["busy.py", "--after", "2", "--seconds", "1", *settings])
    busy.main()
    *_, last = capsys.readouterr().out.splitlines()
    said = re.fullmatch(r"card busy: (\d+) % in (\d+) readings, [\d.]+ ms a batch", last)
    assert said is not None
    assert 55 <= int(said[1]) <= 65
    assert int(said[2]) > 10


def test_a_second_counts_for_the_innermost_of_nested_calls(monkeypatch):
    import besides

    now = 0.0

    def work(seconds):
        nonlocal now
        now += seconds

    monkeypatch.setattr(besides.time, "process_time", lambda: now)
    watches = besides.Stopwatches()
    draw = watches.timed(lambda: work(3), "pictures")
    validate = watches.timed(lambda: (work(1), draw(), work(2)), "validation")
    validate()
    work(10)
    draw()
    assert dict(watches.seconds) == {"validation": 3, "pictures": 6}


@pytest.mark.slow
def test_what_a_run_does_besides_its_steps_adds_up(environment):
    printed = lines_printed(
        environment,
        "besides.py",
        "--experiments=gan_iris",
        "--trainer.max_epochs=20",
    )
    (row,) = [line for line in printed if line.startswith("| `gan_iris`")]
    _, batches, _, *shares = (cell.strip() for cell in row.strip("|").split("|"))
    *parts, together = (float(share.removesuffix("%")) for share in shares)
    assert batches == "40"
    assert parts[1] > 0
    assert together == pytest.approx(sum(parts), abs=0.3)
    assert together < 100


def test_the_benchmark_of_modes_runs_each_game_once_and_keeps_what_it_found(
    monkeypatch, capsys, tmp_path
):
    import modes

    kept = tmp_path / "modes.json"
    command = ["modes.py", "--seeds", "0", "1", "--data", "grid25", "--seconds", "0.01"]
    monkeypatch.setattr(sys, "argv", [*command, f"--kept={kept}", "--games", *modes.GAMES])
    modes.main()
    table = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[1] for row in table[2:]] == ["real points", *modes.GAMES]
    real = [value.strip() for value in table[2].split("|")]
    assert float(real[4]) == 25
    assert float(real[5]) > 0.98
    assert float(real[6]) == pytest.approx(1, abs=0.03)
    assert float(real[7]) < 2 * float(real[8])  # the divergence beside its floor
    before = kept.read_text(encoding="utf-8")
    modes.main()
    assert kept.read_text(encoding="utf-8") == before
    assert [row.split(" | ")[0] for row in capsys.readouterr().out.splitlines()[2:]] == [
        "| grid25"
    ] * (1 + len(modes.GAMES))


def test_the_figure_of_modes_has_a_dot_for_each_run_and_the_target_region():
    import modes_figure

    real = {"width": 1.0, "high_quality": 0.989}
    ours = [{"width": 0.95, "high_quality": 0.96}, {"width": 0.9, "high_quality": 0.97}]
    runs = {"real points": [real], "R3GAN": ours, "GAN": [{"width": 0.0, "high_quality": 0.0}]}
    figure = modes_figure.figure_of({"ring": runs, "grid25": {"real points": [real]}})
    ring, grid = figure.axes
    wanted, *dots = ring.collections
    assert [len(each.get_offsets()) for each in dots] == [1, 2, 1]
    np.testing.assert_allclose(dots[1].get_offsets(), [[0.95, 0.96], [0.9, 0.97]])
    assert wanted.get_datalim(ring.transData).extents == pytest.approx([0.9, 0.95, 1.1, 1.0])
    assert grid.get_title() == "grid25"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ["real points", "R3GAN", "GAN"]


def test_the_benchmark_of_modes_trains_r3gan_from_its_config(monkeypatch):
    import modes

    monkeypatch.setattr(sys, "argv", ["modes.py"])
    monkeypatch.setattr(modes, "QUIET", [*modes.QUIET, "max_epochs=1", "limit_train_batches=2"])
    numbers = modes.run("ring", "R3GAN", seed=1, seconds=0)
    assert 0 <= numbers["high_quality"] <= 1
    assert numbers["width"] >= 0


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [(100, 105, "flat"), (100, 150, "slower"), (100, 190, "grows"), (9, 9, "flat")],
)
def test_long_runs_tell_what_is_flat_from_what_grows(first, second, said):
    import long_runs

    rows = dict.fromkeys(long_runs.ROWS, 0)
    measured = [{**rows, "open files": value} for value in (0, first, second)]
    (line,) = (li for li in long_runs.table(measured, 3).splitlines() if "open files" in li)
    assert line == f"| open files | 0 | {first} | {second} | {said} |"


@pytest.mark.slow
def test_memory_and_open_files_of_a_run_are_flat(tmp_path, monkeypatch):
    import long_runs

    monkeypatch.setattr(sys, "argv", ["gan_lightning"])
    *_, first, second = long_runs.measure("gan_iris", 60, [], str(tmp_path))
    for row in ("resident memory, MB", "open files"):
        assert second[row] <= 1.1 * first[row]
    assert second["event files, MB"] < 2 * first["event files, MB"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:.*images are used")
def test_large_data_are_written_and_read_to_their_first_batch(tmp_path):
    import large_data

    for seconds, megabytes in large_data.measure(tmp_path, 30, 300).values():
        assert seconds > 0
        assert megabytes < 500


def test_a_star_marks_a_precision_that_is_beyond_the_noise_of_float32():
    import precisions

    values = {"32-true": [1.0, 2.0, 3.0], "64-true": [1.5, 2.5, 3.5], "bf16-true": [4.0, 5.0, 6.0]}
    # Both standard deviations are 1, so twice the standard error is 2 √(2/3) = 1.63.
    assert (
        precisions.row("e", values) == "| `e` | 2.000 ± 1.000 | 2.500 ± 1.000 | 5.000 ± 1.000 * |"
    )


@pytest.mark.parametrize("source", ["crops", "faces", "shapes", "textures"])
def test_a_program_makes_other_pictures_with_another_seed_and_the_same_with_the_same(source):
    from drawn_pictures import pictures

    first, again, other = (pictures(source, 3, 32, seed) for seed in (0, 0, 1))
    assert first.shape == (3, 3, 32, 32)
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert (first != other).any((1, 2, 3)).all()
    assert (first[0] != first[1]).any()


def test_few_pictures_are_judged_by_pictures_that_were_not_in_the_folder():
    import few_pictures
    import torch
    from drawn_pictures import pictures

    folder, unseen, others = (torch.from_numpy(pictures("faces", 60, 32, s)) for s in range(3))
    grey = torch.full_like(others, 128)
    real, copied, bad = (
        [float(cell) for cell in few_pictures._row(shown, folder, unseen).split("|")]
        for shown in (others, folder, grey)
    )
    assert min(real[:3]) > 0.7
    assert real[3] < 0.1
    assert copied[3] == 1
    assert bad[:3] == [0, 0, 0]


def test_a_table_names_every_protocol_and_the_rows_it_applies_to():
    import table

    rows = {name: [{"protocol": protocol}] for name, protocol in zip("abcd", "xyxz", strict=True)}
    assert table._protocols(rows).splitlines() == ["Protocol: x.", "", "- `b`: y.", "- `d`: z."]


@pytest.mark.slow
def test_a_run_on_a_few_pictures_ends_with_a_table(environment):
    printed = lines_printed(
        environment,
        "few_pictures.py",
        "--sources=shapes",
        *("--count=40", "--size=16", "--set", "trainer.max_epochs=1", "data.batches_per_epoch=4"),
        "model.num_steps=2",
    )
    assert [line.split("|")[1].strip() for line in printed[2:]] == [
        "shapes: samples",
        "shapes: as many unseen ones",
        "shapes: the 40 of the folder",
    ]
