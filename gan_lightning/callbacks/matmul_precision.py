"""The precision of matrix products in float32."""

from typing import Any, Literal, get_args

import torch
from lightning.pytorch import Callback

from gan_lightning.errors import InputError

Precision = Literal["highest", "high", "medium"]


class MatmulPrecision(Callback):
    """Rounds the factors of float32 matrix products in training steps, which makes them faster.

    Sums and results remain in float32, unlike under autocast. Validation, metrics and samples are
    computed in full precision. Processors and GPUs without such products compute as usual.

    Args:
        precision: As ``torch.set_float32_matmul_precision`` defines it: on a CPU, ``medium`` keeps
            the 8 bits of bfloat16; on a GPU, ``medium`` and ``high`` those of TensorFloat-32, 11.
    """

    def __init__(self, precision: Precision = "medium") -> None:
        if precision not in get_args(Precision):
            raise InputError(
                f"MatmulPrecision: precision must be one of {', '.join(get_args(Precision))}, "
                f"found {precision}."
            )
        self.precision = precision
        self._before: str | None = None

    def on_train_batch_start(self, *_: Any) -> None:
        if self._before is None:
            self._before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision(self.precision)

    def on_train_batch_end(self, *_: Any) -> None:
        self._restore()

    def on_train_epoch_end(self, *_: Any) -> None:
        self._restore()  # a batch that was skipped has no end

    def on_exception(self, *_: Any) -> None:
        self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            torch.set_float32_matmul_precision(self._before)
            self._before = None
