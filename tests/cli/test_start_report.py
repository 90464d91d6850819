"""What all ranks have to ask for together, so that none waits for the others in vain."""

from types import SimpleNamespace

import pytest
import torch

from gan_lightning.cli.start_report import StartReport
from gan_lightning.cli.trainer import GenerativeTrainer


def test_a_rank_that_reports_nothing_still_asks_for_the_folder():
    asked = []

    class Rank(SimpleNamespace):
        is_global_zero, logger = False, True

        @property
        def log_dir(self):
            asked.append("folder")
            return "here"

    StartReport().on_fit_start(Rank(), None)
    assert asked


@pytest.mark.parametrize(("together", "expected"), [(True, 1), (False, 3)])
def test_ranks_agree_on_their_folder_once(monkeypatch, together, expected):
    trainer, told = GenerativeTrainer(accelerator="cpu", logger=False), []
    trainer.folder = "here"
    monkeypatch.setattr(trainer.strategy, "broadcast", lambda path: told.append(path) or path)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: together)
    assert [trainer.log_dir for _ in range(3)] == ["here"] * 3
    assert len(told) == expected
