#!/usr/bin/env bash
# Trains one experiment on several machines: sbatch examples/slurm.sh EXPERIMENT [SETTINGS OF FIT …]
# Submit it from the folder that holds lightning_logs, which all machines must be able to see.
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@300
#SBATCH --requeue
#SBATCH --open-mode=append
set -uo pipefail
# Lightning finds SLURM's processes by itself, but wants to know their number, and checks it.
srun --kill-on-bad-exit=1 "${SLURM_SUBMIT_DIR:-.}/examples/fit_or_resume.sh" "$@" \
  --trainer.num_nodes "$SLURM_NNODES" --trainer.devices "$SLURM_NTASKS_PER_NODE"
code=$?
# 143: SIGTERM, five minutes before the time limit, made the run finish its batch and save.
if [ "$code" -eq 143 ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
