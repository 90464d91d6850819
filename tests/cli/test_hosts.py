"""A job on two hosts that loses one, or waits for one in vain, ends as an undisturbed one does."""

import sys
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
try:
    from host_networks import loopback, namespaces
    from hosts import LOOPBACK, NAMESPACES, Bench
finally:
    sys.path.remove(str(ROOT / "benchmarks"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gan_lightning"])
        yield Bench(tmp_path_factory.mktemp("bench"), seed=0)


FAULTS = {
    "killed on loopback": (loopback, partial(Bench.kill, kills=2)),
    "killed in a namespace": (namespaces, partial(Bench.kill, kills=2)),
} | {
    fault: (place, partial(Bench.silence, times=1, silence=silence))
    for place, silences in ((loopback, LOOPBACK), (namespaces, NAMESPACES))
    for fault, silence in silences.items()
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_job_whose_host_is_killed_or_silent_ends_as_an_undisturbed_one_to_the_bit(bench, fault):
    place, try_out = FAULTS[fault]
    try:
        with place() as there:
            tried, lost = try_out(bench, there)
    except PermissionError as error:
        pytest.skip(str(error))
    assert tried > 0
    assert lost == 0
