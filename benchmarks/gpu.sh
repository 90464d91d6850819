#!/usr/bin/env bash
# Measurements that need one data-centre GPU. NOT RUN so far: no GPU was at hand when they were written.
#
#   benchmarks/gpu.sh [FOLDER OF MNIST]
#
# 1. Images per second of DCGAN at batch 512 against a plain PyTorch loop with torchvision's loader,
#    the same network, precision and batch, with how busy the card is. Goals: ratio 0.2 or less, busy
#    90 % or more.
# 2. The same of the warm start, without a script to compare with: its run alone, timed.
# 3. No host-device sync in a step, by PyTorch's sync debug mode.
# 4. float16 with a gradient scaler: trained, judged, and resumed.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-data}
out=$(mktemp -d)
trap 'kill "${watch:-}" 2> /dev/null || true' EXIT
nvidia-smi --query-gpu=name,driver_version --format=csv
python -c 'import torch; print("torch", torch.__version__, "cuda", torch.version.cuda)'

busy() { # the mean use of the card while a command runs, in per cent
  nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits --loop-ms=500 > "$out/busy" &
  watch=$!
  "$@"
  kill "$watch"
  awk '{ sum += $1 } END { if (NR) printf "card busy: %.0f %% of %d readings\n", sum / NR, NR }' "$out/busy"
}

fit=(python -m gan_lightning fit --trainer.default_root_dir "$out")
gpu=(--trainer.accelerator gpu --trainer.devices 1)
mnist=(--data.init_args.root "$data")

echo "== 1. DCGAN at batch 512 against a plain loop"
busy python benchmarks/speed.py --experiments dcgan_mnist --pairs 24 "${mnist[@]}" "${gpu[@]}" \
  --data.init_args.batch_size 512 --trainer.precision bf16-mixed

echo "== 2. The warm start: time to its FID"
time busy "${fit[@]}" --config speedrun_mnist "${mnist[@]}" "${gpu[@]}"
python -m gan_lightning test \
  --ckpt_path "$out/lightning_logs/speedrun_mnist/version_0/checkpoints/last.ckpt"

echo "== 3. No sync in a step"
python -m pytest -n 0 tests/models/test_no_sync.py

echo "== 4. float16 with a scaler"
"${fit[@]}" --config dcgan_mnist "${mnist[@]}" "${gpu[@]}" --trainer.precision 16-mixed \
  --trainer.max_epochs 2
"${fit[@]}" --config dcgan_mnist "${mnist[@]}" "${gpu[@]}" --trainer.precision 16-mixed \
  --trainer.max_epochs 4 --ckpt_path last
python -m gan_lightning test \
  --ckpt_path "$out/lightning_logs/dcgan_mnist/version_0/checkpoints/last.ckpt"
