"""The example that searches for settings runs, and finds better ones on its own seed."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("optuna", reason="the extra optuna is not installed")

TUNE = Path(__file__).parent.parent / "examples" / "tune.py"
SPEC = importlib.util.spec_from_file_location("tune", TUNE)
tune = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tune)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_search_finds_settings_that_are_at_least_as_good_as_those_it_began_with(monkeypatch):
    seen = []
    measured = tune.distance

    def noted(*args, **settings):
        seen.append((measured(*args, **settings), settings))
        return seen[-1][0]

    monkeypatch.setattr(tune, "distance", noted)
    found = tune.search(trials=3, batches=20)
    assert seen[0][1] == tune.CONFIG
    assert min(seen)[0] <= seen[0][0]
    assert found == min(seen, key=lambda pair: pair[0])[1]


def test_one_distance_is_the_same_each_time():
    assert tune.distance(0, 3, **tune.CONFIG) == tune.distance(0, 3, **tune.CONFIG) > 0
