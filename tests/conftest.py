"""Loads what all tests share into processes that run tests, not into the one that deals them."""

import importlib.util
import os
from pathlib import Path

import pytest

# Two processes whose libraries each start a thread for every core would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Lightning 2.6 calls functions that jsonargparse 4.50 has renamed.
os.environ["JSONARGPARSE_DEPRECATION_WARNINGS"] = "off"


def pytest_configure(config: pytest.Config) -> None:
    """Spare xdist's controller PyTorch, for which the workers would wait."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return
    for name in ("shared", "savings"):  # savings freezes what shared imports
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        config.pluginmanager.register(module, name)
