#!/usr/bin/env bash
# Measurements that need one data-centre GPU; docs/scaling.md holds their results.
#
#   benchmarks/gpu.sh [FOLDER OF MNIST [SECTION …]]
#
# speed   Milliseconds a batch of DCGAN at batch 512 in bf16 against a plain PyTorch loop with
#         torchvision's loader, the same networks, precision and batch: as shipped, with
#         ChannelsLast, and with CUDA graphs. Goal: a ratio of 0.2 or less.
# busy    Utilisation of the card while the same run trains alone. Goal: 90 %.
# sync    No step waits for the GPU, by PyTorch's sync debug mode; CUDA graphs learn the same.
# warm    The warm start: the time of its run, and its FID.
# half    float16 with a gradient scaler: trained, resumed and judged.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-data}
shift $(($# > 0))
sections=("${@:-speed busy sync warm half}")  # one word or many
out=$(mktemp -d)
trap 'kill "${watch:-}" 2> /dev/null || true' EXIT
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
python -c 'import torch; print("torch", torch.__version__, "cuda", torch.version.cuda)'

gpu=(--trainer.accelerator=gpu --trainer.devices=1 --data.init_args.root="$data")
large=("${gpu[@]}" --data.init_args.batch_size=512 --trainer.precision=bf16-mixed)
rarely=(--trainer.check_val_every_n_epoch=12 --trainer.limit_train_batches=107)  # full batches
channels_last=--trainer.callbacks+=ChannelsLast
graphs='--trainer.callbacks+={class_path: Compiled, init_args: {mode: reduce-overhead}}'
fit=(python -m gan_lightning fit --trainer.default_root_dir "$out")

speed() {
  pairs=(python benchmarks/speed.py --experiments dcgan_mnist --pairs 4 --block 60)
  pairs+=("${large[@]}" "${rarely[@]}")
  "${pairs[@]}"
  "${pairs[@]}" "$channels_last"
  "${pairs[@]}" "$channels_last" "$graphs"
}

watched() { # mean utilisation of the card, in per cent, from its first to its last work in a command
  nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits --loop-ms=200 > "$out/busy" &
  watch=$!
  "$@"
  kill "$watch"
  awk '$1 > 0 { last = NR } last { use[NR] = $1; first = first ? first : NR }
    END { for (i = first; i <= last; i++) { sum += use[i]; n++ }
      if (n) printf "card busy: %.0f %% of %d readings\n", sum / n, n }' "$out/busy"
}

busy() {
  long=(--config dcgan_mnist --trainer.max_epochs 12 "${rarely[@]}")
  watched "${fit[@]}" "${long[@]}" "${large[@]}"
  watched "${fit[@]}" "${long[@]}" "${large[@]}" "$channels_last" "$graphs"
}

sync() {
  python -m pytest -n 0 -k "gpu or graphs" \
    tests/models/test_no_sync.py tests/callbacks/test_compiled.py
}

warm() {
  time "${fit[@]}" --config speedrun_mnist "${gpu[@]}"
  python -m gan_lightning test \
    --ckpt_path "$out/lightning_logs/speedrun_mnist/version_0/checkpoints/last.ckpt"
}

half() {
  in_float16=(--config dcgan_mnist "${gpu[@]}" --trainer.precision 16-mixed)
  "${fit[@]}" "${in_float16[@]}" --trainer.max_epochs 2
  "${fit[@]}" "${in_float16[@]}" --trainer.max_epochs 4 --ckpt_path last
  last=$(ls -t "$out"/lightning_logs/dcgan_mnist/*/checkpoints/last.ckpt | head -n 1)
  python -m gan_lightning test --ckpt_path "$last"
}

for section in ${sections[@]}; do
  echo "== $section"
  "$section"
done
