"""The command line: what a person types, and the answers."""

from gan_lightning.cli.main import main, script

__all__ = ["main", "script"]
