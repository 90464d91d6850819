"""Completion of a command line in bash."""

import re
from collections.abc import Mapping
from pathlib import Path

from gan_lightning.cli.front_door import COMMANDS, OPTIONS, TRAINER

_SCRIPT = """\
# bash completion of gan_lightning; load it with: source <(gan_lightning completion bash)
_gan_lightning() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="@commands@ --help --version"
    else
        case "$before" in
            -c|--config) words="@configs@ $(compgen -f -- "$word")" ;;
            --ckpt_path|--init_from) words="last best $(compgen -f -- "$word")" ;;
            --model) words="@models@" ;;
            --data) words="@data@" ;;
            --output) words="$(compgen -f -- "$word")" ;;
            copy) words="@configs@" ;;
            completion) words="bash" ;;
        esac
        if [ -z "$words" ]; then
            case "${COMP_WORDS[1]}" in
@options@
            esac
        fi
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o filenames -F _gan_lightning gan_lightning
"""


def bash_completion(experiments: Mapping[str, Path]) -> str:
    """Return a script that completes commands, options, experiments, models and data.

    Args:
        experiments: The shipped experiments, whose models and data are offered.
    """
    text = "\n".join(path.read_text(encoding="utf-8") for path in experiments.values())
    classes = {
        section: " ".join(sorted(set(re.findall(rf"^{section}:\n  class_path: (\w+)", text, re.M))))
        for section in ("model", "data")
    }
    trainer = [f"trainer.{name}" for name in TRAINER]
    cases = []
    for command, options in {**OPTIONS, "impute": OPTIONS["sample"]}.items():
        words = " ".join(f"--{name}" for name in [*options, *trainer])
        cases.append(f'                {command}) words="{words}" ;;')
    return (
        _SCRIPT.replace("@commands@", " ".join(COMMANDS))
        .replace("@configs@", " ".join(experiments))
        .replace("@models@", classes["model"])
        .replace("@data@", classes["data"])
        .replace("@options@", "\n".join(cases))
    )
