"""The order of a command's ``--help``: what matters first, Lightning's Trainer last."""

from jsonargparse import ArgumentParser

TITLES = {
    "ckpt_path": "This command",
    "config": "The experiment",
    "model": "Model",
    "data": "Data",
    "metrics": "Metrics: samples are compared with validation or test points",
    "pictures": "Pictures of samples, always drawn from the same latents",
    "checkpoints": "Checkpoints: last.ckpt and best.ckpt in the folder of the run",
    "trainer": "Trainer: how long, on what; Lightning's own settings",
}
"""The title of each group of options, by one of its options, in the order of the help."""

HELP = {
    "config": "A shipped experiment by its name, as `list` shows it, or a YAML file. Options "
    "after it override it.",
    "seed_everything": "Seed of the run, below 2^32; true takes that of PL_GLOBAL_SEED, or 0.",
}
"""Clearer texts than Lightning's."""


def order_help(parser: ArgumentParser, usage: str) -> None:
    """Give the groups of a command's options their order, their titles and a short usage line.

    Args:
        parser: The parser of one command.
        usage: The command without its options.
    """
    parser.usage = f"{usage} [options]"
    for action in parser._actions:
        action.help = HELP.get(action.dest, action.help)
    groups = {}
    for group in parser._action_groups:
        names = {action.dest for action in group._group_actions}
        for name in TITLES.keys() & names:
            group.title = TITLES[name]
            groups[name] = group
    ordered = [groups[name] for name in TITLES if name in groups]
    others = [group for group in parser._action_groups if group not in ordered]
    parser._action_groups = [*ordered[:-1], *others, ordered[-1]]
