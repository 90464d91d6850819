"""The error that a person can mend: its message is all they are shown."""


class InputError(ValueError):
    """A value from outside (config, command line, file, device) that cannot be used.

    The message is one sentence or two that name the thing, what was expected and what was found.
    The command line prints it without a traceback.
    """
