"""What a person types, and what they are told."""

from gan_lightning.cli.main import main, script

__all__ = ["main", "script"]
