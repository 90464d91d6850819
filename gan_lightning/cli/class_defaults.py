"""Defaults that stay with their class when a config or an option names another class.

By default, ``FlowMatching`` has an ``MLPVelocity`` with 4 frequencies. With jsonargparse alone,
``--model.velocity UNetVelocity`` would have 4 frequencies too, and not its own default of 8:
arguments of the former class are kept where the new class has arguments of the same name. That is
right for what a person has set, and wrong for defaults.
"""

from contextlib import suppress
from functools import cache
from typing import Any

from jsonargparse import _typehints

_keep_arguments = _typehints.discard_init_args_on_class_path_change


def keep_defaults_with_their_class() -> None:
    """Make jsonargparse forget the defaults of a class when another takes its place."""
    _typehints.discard_init_args_on_class_path_change = _keep_what_was_set


def _keep_what_was_set(parser_or_action: Any, former: Any, new: Any) -> None:
    if former and "init_args" in former and former["class_path"] != new["class_path"]:
        defaults: dict[str, Any] = {}
        with suppress(ImportError):  # within a checkpoint's limits, see trust.py
            defaults = _defaults(former["class_path"])
        for name, value in list(former["init_args"].items()):
            if name in defaults and value == defaults[name]:
                former["init_args"].pop(name)
    _keep_arguments(parser_or_action, former, new)


@cache
def _defaults(class_path: str) -> dict[str, Any]:
    parser = _typehints.ActionTypeHint.get_class_parser(class_path, {"fail_untyped": False})
    return dict(parser.get_defaults().items(branches=True, nested=False))
