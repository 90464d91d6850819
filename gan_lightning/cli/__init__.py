"""What a person types, and what they are told."""

from gan_lightning.cli.main import main

__all__ = ["main"]
