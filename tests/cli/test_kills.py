"""A fault at any moment of a run loses nothing that was saved, to the bit."""

import os
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
try:
    from doomed_runs import Run, same, speak_into
    from faults import Bench, Reader, table
    from places import TRIALS
    from processes import ended
    from strikes import STRIKES
finally:
    sys.path.remove(str(ROOT / "benchmarks"))

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gan_lightning"])
        yield Bench(tmp_path_factory.mktemp("bench"), seed=0)


@pytest.mark.slow  # tests/cli/test_resume.py kills one run by default
@pytest.mark.parametrize("fault", STRIKES)
def test_a_kill_at_any_moment_loses_nothing_that_was_saved_to_the_bit(bench, fault):
    assert bench.kill(fault, 10) == (10, 0)
    assert bench.damaged == 0


@pytest.mark.slow
@pytest.mark.parametrize("fault", TRIALS)
def test_a_fault_of_disk_clock_or_folder_loses_nothing(bench, fault):
    found = bench.try_out(fault, 5)
    if found is None:
        pytest.skip("mounting a disk takes the rights of root")
    tried, lost = found
    assert tried > 0
    assert lost == 0


def test_the_output_of_a_forked_process_is_in_its_file_under_pytest_too(tmp_path):
    process = os.fork()
    if process == 0:
        speak_into(tmp_path / "output")
        sys.stdout.write("out\n")
        sys.stderr.write("error\n")
        os.write(2, b"of a library\n")
        os._exit(0)
    assert ended(process) == 0
    assert (tmp_path / "output").read_text() == "out\nerror\nof a library\n"


def test_the_comparison_sees_a_single_bit_and_the_reader_a_damaged_checkpoint(tmp_path, bench):
    weights = {"a": [torch.zeros(3), 1.0], "b": (2, "x")}
    assert same(weights, {"a": [torch.zeros(3), 1.0], "b": (2, "x")})
    assert not same(weights, {"a": [torch.tensor([0, 0, 1e-45]), 1.0], "b": (2, "x")})
    run = Run("GAN", tmp_path)
    assert run.holds() == 0
    run.last.parent.mkdir(parents=True)
    run.last.write_bytes(b"PK damaged")
    assert run.holds() == -1
    reader = Reader(run)
    reader.read()
    assert (reader.reads, reader.damaged) == (1, 1)


def test_the_table_of_faults_counts_what_was_tried():
    *_, kill, clock, together = table(
        {"kill": (5, 0), "full disk": None, "clock": (3, 1)}
    ).splitlines()
    assert kill == "| kill | 5 | 5 | 0 |"
    assert clock == "| clock | 3 | 2 | 1 |"
    assert together == "| all | 8 | 7 | 1 |"
