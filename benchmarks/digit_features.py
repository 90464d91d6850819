r"""Copy the weights of a trained digit classifier into the package.

    python -m gan_lightning fit --config configs/classifier_mnist.yaml
    python benchmarks/digit_features.py \
        lightning_logs/classifier_mnist/version_0/checkpoints/last.ckpt

Every image metric in the docs depends on these weights, so its protocol names their hash.
"""

import argparse
import hashlib
import re
from pathlib import Path

from safetensors.torch import save

from gan_lightning.features import digits
from gan_lightning.models import Classifier


def main() -> None:
    """Write the weights and their hash."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoint", type=Path)
    checkpoint = parser.parse_args().checkpoint

    model = Classifier.load_from_checkpoint(checkpoint, map_location="cpu", weights_only=True)
    content = save(model.network.state_dict())
    digits.WEIGHTS.write_bytes(content)

    module = Path(str(digits.__file__))
    digest = hashlib.sha256(content).hexdigest()
    code = re.sub(r'SHA256 = ".*"', f'SHA256 = "{digest}"', module.read_text(encoding="utf-8"))
    module.write_text(code, encoding="utf-8")
    print(f"Wrote {len(content)} bytes to {digits.WEIGHTS}, sha256 {digest}")


if __name__ == "__main__":
    main()
