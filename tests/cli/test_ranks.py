"""A run on several processes against the same run on one, with the same global batch."""

import importlib.util
from pathlib import Path

import pytest
import torch

_SPEC = importlib.util.spec_from_file_location("ranks", Path(__file__).with_name("ranks.py"))
ranks_as_one = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(ranks_as_one)
MODELS, on_ranks, train = ranks_as_one.MODELS, ranks_as_one.on_ranks, ranks_as_one.train

EACH = [
    pytest.param(name, 2, marks=() if name == "GAN" else pytest.mark.slow) for name in MODELS
] + [pytest.param("conditional R3GAN", 4, marks=pytest.mark.slow)]
CLOSE = {"rtol": 1e-5, "atol": 1e-8}
"""Sums over a batch are taken in another order, and some in float32 even in float64."""

OF_OTHER_NOISE = {
    f"{stage}/{name}"
    for stage in ("val", "test")
    for name in ("elbo", "reconstruction_loss", "reconstruction")
}
"""Metrics of one latent per point, which another process draws from other random numbers."""

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:.*num_workers")


def differences(a, b):
    """The names of the entries that differ by a bit."""
    return [key for key in a if not torch.equal(a[key], b[key])]


@pytest.mark.parametrize(("name", "processes"), EACH)
def test_losses_gradients_weights_and_metrics_equal_those_of_one_process(tmp_path, name, processes):
    one = train(name, tmp_path / "one")
    ranks = on_ranks(processes, name, tmp_path / "several")
    for other in ranks[1:]:
        assert differences(ranks[0]["state"], other["state"]) == []
        assert differences(ranks[0]["metrics"], other["metrics"]) == []
        assert not torch.equal(ranks[0]["own_numbers"], other["own_numbers"])
    torch.testing.assert_close(ranks[0]["gradients"], one["gradients"], **CLOSE)
    for i, losses in enumerate(one["losses"]):
        for key, loss in losses.items():
            mean = torch.stack([rank["losses"][i][key] for rank in ranks]).mean()
            torch.testing.assert_close(mean, loss, **CLOSE)
    torch.testing.assert_close(ranks[0]["state"], one["state"], **CLOSE)
    assert {key.partition("/")[0] for key in one["metrics"]} == {"val", "test"}
    for key in one["metrics"].keys() - OF_OTHER_NOISE:
        torch.testing.assert_close(
            ranks[0]["metrics"][key], one["metrics"][key], rtol=1e-5, atol=1e-6
        )
    assert len(one["gradients"]) >= 8
    assert len(list((tmp_path / "several" / "run").iterdir())) == 1  # one set of files
    events = (tmp_path / "several").rglob("events*")
    assert len({path.name.split(".")[-2] for path in events}) == 1  # of one process


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_two_processes_resume_to_the_bit(tmp_path, name):
    whole, *_ = on_ranks(2, name, tmp_path / "whole", inject=False)
    on_ranks(2, name, tmp_path / "half", inject=False, max_epochs=1)
    (last,) = (tmp_path / "half").rglob("last.ckpt")
    resumed, _ = on_ranks(2, name, tmp_path / "half", inject=False, ckpt_path=last)
    assert differences(whole["state"], resumed["state"]) == []
    assert differences(whole["metrics"], resumed["metrics"]) == []
