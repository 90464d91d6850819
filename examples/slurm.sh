#!/usr/bin/env bash
# Trains one experiment on several machines: sbatch examples/slurm.sh EXPERIMENT [SETTINGS OF FIT …]
# Submit it from the folder that holds lightning_logs, which all machines have to see.
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@300
#SBATCH --requeue
#SBATCH --open-mode=append
set -uo pipefail
# Lightning finds SLURM's processes by itself; it has to be told how many there are, and checks it.
srun --kill-on-bad-exit=1 "${SLURM_SUBMIT_DIR:-.}/examples/fit_or_resume.sh" "$@" \
  --trainer.num_nodes "$SLURM_NNODES" --trainer.devices "$SLURM_NTASKS_PER_NODE"
code=$?
# 143: five minutes before the time was up, SIGTERM let the run finish its batch and save.
if [ "$code" -eq 143 ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
