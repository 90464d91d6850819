#!/usr/bin/env bash
# Starts an experiment, or resumes its newest run if that has left a checkpoint: the command to give
# to whatever restarts a job, such as torchrun --max-restarts or SLURM.
#
#   examples/fit_or_resume.sh EXPERIMENT [SETTINGS OF FIT …]
set -euo pipefail
experiment=$1
shift
# All processes decide the same: none writes a checkpoint before all of them have joined.
if compgen -G "lightning_logs/$(basename "$experiment" .yaml)/version_*/checkpoints/last.ckpt" > /dev/null; then
  set -- --ckpt_path last "$@"
fi
exec python -m gan_lightning fit --config "$experiment" "$@"
