#!/usr/bin/env bash
# Measurements that need one data-centre GPU; docs/scaling.md holds their results.
#
#   benchmarks/gpu.sh [FOLDER OF MNIST [SECTION …]]
#
# speed   Milliseconds a batch of DCGAN at batch 512 in bf16 against a plain PyTorch loop with
#         torchvision's loader, the same networks, precision and batch: as shipped, that is with
#         CUDA graphs, and compiled too. Goal: a ratio of 0.2 or less.
# busy    Utilisation of the card while the same run trains alone, once the first batches, of which
#         a film has most pictures, are over; and while DCGAN of the paper's width trains on 64×64
#         pixels. Goal: 90 %.
# sync    No step waits for the GPU, by PyTorch's sync debug mode; CUDA graphs learn the same.
# warm    The warm start: the time of its run, and its FID.
# half    float16 with a gradient scaler: trained, resumed and judged.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-data}
shift $(($# > 0))
sections=("${@:-speed busy sync warm half}")  # one word or many
out=$(mktemp -d)
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
python -c 'import torch; print("torch", torch.__version__, "cuda", torch.version.cuda)'

card=(--trainer.accelerator=gpu --trainer.devices=1)
mnist=("${card[@]}" --data.init_args.root="$data")
large=(--data.init_args.batch_size=512 --trainer.precision=bf16-mixed)
large+=(--trainer.check_val_every_n_epoch=1000 --pictures.every_n_batches=2000)
whole=--trainer.limit_train_batches=107  # batches of MNIST
endless=--trainer.max_epochs=-1
compiled=--trainer.callbacks+=Compiled
fit=(python -m gan_lightning fit --trainer.default_root_dir "$out")

speed() {
  pairs=(python benchmarks/speed.py --experiments dcgan_mnist --pairs 3 --block 60)
  pairs+=("${mnist[@]}" "${large[@]}" "$whole")
  "${pairs[@]}"
  "${pairs[@]}" "$compiled"
}

busy() {
  python benchmarks/busy.py --after 2000 --config configs/dcgan_mnist.yaml \
    "${mnist[@]}" "${large[@]}" "$endless"
  faces "$out/faces"
  python benchmarks/busy.py --after 400 --seconds 15 --config configs/dcgan_folder.yaml \
    --data.init_args.root="$out/faces" "${card[@]}" "${large[@]}" "$endless" \
    --data.init_args.batches_per_epoch=2000 \
    --model.init_args.{generator,discriminator}.init_args.base_channels=128
}

faces() { # 4 096 drawn faces of 64×64 pixels
  PYTHONPATH="benchmarks:${PYTHONPATH:-}" python - "$1" << 'PROGRAM'
import sys
from pathlib import Path
from drawn_pictures import pictures
from PIL import Image
folder = Path(sys.argv[1])
folder.mkdir()
for i, face in enumerate(pictures("faces", 4096, 64, seed=0).transpose(0, 2, 3, 1)):
    Image.fromarray(face).save(folder / f"{i:04d}.png")
PROGRAM
}

sync() {
  python -m pytest -n 0 -m "" -k "gpu or graphs" \
    tests/models/test_no_sync.py tests/callbacks/test_{compiled,cuda_graphs}.py
}

warm() {
  time "${fit[@]}" --config speedrun_mnist "${mnist[@]}"
  python -m gan_lightning test \
    --ckpt_path "$out/lightning_logs/speedrun_mnist/version_0/checkpoints/last.ckpt"
}

half() {
  in_float16=(--config dcgan_mnist "${mnist[@]}" --trainer.precision 16-mixed)
  "${fit[@]}" "${in_float16[@]}" --trainer.max_epochs 2
  "${fit[@]}" "${in_float16[@]}" --trainer.max_epochs 4 --ckpt_path last
  last=$(ls -t "$out"/lightning_logs/dcgan_mnist/*/checkpoints/last.ckpt | head -n 1)
  python -m gan_lightning test --ckpt_path "$last"
}

for section in ${sections[@]}; do
  echo "== $section"
  "$section"
done
