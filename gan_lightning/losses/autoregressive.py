"""A decoder's probabilities, corrected by the numbers that come before: p(x|z) number by number."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, linear, pad, relu

from gan_lightning.errors import InputError
from gan_lightning.losses.likelihoods import Likelihood


class AutoregressiveBernoulli(Likelihood):
    """Each number of a point is a Bernoulli variable that depends on the numbers just before it.

    Pixels come row by row from left to right, and the channels of a pixel one after another. The
    logit of a number is the decoder's output plus a correction, which depends on the numbers before
    it in its row, on some rows above and on the decoder's outputs for three rows. The correction is
    zero before training, when the likelihood is ``Bernoulli``.

    Latents then need not encode what a pixel's neighbours reveal, such as the edge of a stroke;
    since few rows are seen, only the latents can say what the whole picture shows (Chen et al.,
    2017, "Variational lossy autoencoder"; Gulrajani et al., 2017, "PixelVAE"). In place of those
    papers' masked convolutions, all rows share one masked autoencoder (Germain et al., 2015,
    "MADE"): three products of matrices, which a processor computes faster.

    The mean of p(x|z) has no closed form. In its place, ``mean`` returns the probability of each
    number given the likeliest numbers before it, which is deterministic.

    Args:
        data_shape: Shape of a point, ``(channels, height, width)``, or ``(length,)`` for one row;
            a model supplies it.
        hidden_dim: Hidden units for each number.
        rows_above: Rows above its own on which a number depends.
        noisy: Whether samples are draws, each number 0 or 1, as by default; else they are the
            probabilities of ``mean``.

    Raises:
        InputError: If points have another number of dimensions, or if an argument is too small.

    Example:
        >>> likelihood = AutoregressiveBernoulli((1, 8, 8))
        >>> outputs = torch.randn(5, 1, 8, 8)
        >>> likelihood.log_prob(likelihood.sample(outputs), outputs).shape
        torch.Size([5])
    """

    support = (0.0, 1.0)
    noisy_by_default = True

    known: Tensor
    done: Tensor

    def __init__(
        self,
        data_shape: Sequence[int] | None = None,
        hidden_dim: int = 8,
        rows_above: int = 3,
        noisy: bool | None = None,
    ) -> None:
        super().__init__(noisy)
        shape = None if data_shape is None else tuple(data_shape)
        if shape is None or len(shape) not in (1, 3):
            raise InputError(
                "AutoregressiveBernoulli: expected points of shape (channels, height, width) or "
                f"(length,), found {shape}."
            )
        if hidden_dim < 1 or rows_above < 0:
            raise InputError(
                "AutoregressiveBernoulli: expected a hidden_dim of at least 1 and rows_above of "
                f"at least 0, found {hidden_dim} and {rows_above}."
            )
        self.data_shape, self.hidden_dim, self.rows_above = shape, hidden_dim, rows_above
        height, length = self._rows_of(torch.empty(shape)).shape
        width = length * hidden_dim
        self.from_points = nn.Linear((rows_above + 1) * length, width, bias=False)
        self.from_outputs = nn.Linear(3 * length, width, bias=False)
        self.bias = nn.Parameter(torch.zeros(height, width))
        self.correction = nn.Linear(width, length)
        nn.init.zeros_(self.correction.weight)
        nn.init.zeros_(self.correction.bias)
        number, owner = torch.arange(length), torch.arange(width) // hidden_dim
        known = torch.ones(width, rows_above + 1, length)
        known[:, -1] = number < owner[:, None]
        self.register_buffer("known", known.flatten(1), persistent=False)
        self.register_buffer("done", 1.0 * (owner <= number[:, None]), persistent=False)

    def log_prob(self, x: Tensor, outputs: Tensor) -> Tensor:
        points, logits = self._rows_of(x.float()), self._rows_of(outputs.float())
        from_points, correction = self._masked()
        hidden = self._seen(logits) + linear(self._windows(points), from_points)
        logits = logits + linear(relu(hidden), correction, self.correction.bias.float())
        targets = points.expand_as(logits)
        entropies = binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return -entropies.sum((-2, -1))

    def check(self, x: Tensor) -> None:
        grey = x[(x != 0) & (x != 1)]
        if len(grey):
            raise InputError(
                f"AutoregressiveBernoulli expects numbers that are 0 or 1, found {grey[0]:.4g}: "
                "choose the binarise of images, threshold or bernoulli, or a Bernoulli likelihood."
            )

    def mean(self, outputs: Tensor) -> Tensor:
        return self._one_by_one(outputs, torch.round)[1]

    def draw(self, outputs: Tensor) -> Tensor:
        return self._one_by_one(outputs, torch.bernoulli)[0]

    def _one_by_one(
        self, outputs: Tensor, choose: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return chosen points and the probabilities of their numbers, of the outputs' shape.

        Args:
            outputs: The decoder's, shape ``(batch, *data_shape)``.
            choose: Turns probabilities into numbers that are 0 or 1.
        """
        logits = self._rows_of(outputs.float())
        length = logits.shape[-1]
        from_points, correction = self._masked()
        from_above, from_row = from_points.tensor_split([-length], 1)
        hidden = self._seen(logits)
        logits = logits + self.correction.bias.float()
        rows = [torch.zeros_like(logits[:, 0])] * self.rows_above
        probabilities = []
        for row in range(logits.shape[1]):
            above = torch.cat([*rows[row:], logits[:, row, :0]], 1)
            first = hidden[:, row] + linear(above, from_above)
            new = self._one_row(first, logits[:, row], from_row, correction, choose)
            rows.append(new[0])
            probabilities.append(new[1])
        made = torch.stack(rows[self.rows_above :], 1), torch.stack(probabilities, 1)
        points, chances = (self._points_of(each).to(outputs.dtype) for each in made)
        return points, chances

    def _one_row(
        self,
        hidden: Tensor,
        logits: Tensor,
        from_row: Tensor,
        correction: Tensor,
        choose: Callable[[Tensor], Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Return the numbers of a row and their probabilities, each ``(batch, length)``.

        Each number's contribution is added at once to the hidden units and the remaining logits.

        Args:
            hidden: Hidden units before their activation, without the row's own contribution.
            logits: Logits without the hidden units' correction.
            from_row: Weights from the row to the hidden units.
            correction: Weights from the hidden units to the logits.
            choose: As above.
        """
        numbers, probabilities = [], []
        for number in range(logits.shape[1]):
            units = slice(number * self.hidden_dim, (number + 1) * self.hidden_dim)
            ready, hidden = relu(hidden[:, : self.hidden_dim]), hidden[:, self.hidden_dim :]
            logits = logits + linear(ready, correction[number:, units])
            probability, logits = logits[:, 0].sigmoid(), logits[:, 1:]
            chosen = choose(probability)
            hidden = hidden + chosen[:, None] * from_row[units.stop :, number]
            numbers.append(chosen)
            probabilities.append(probability)
        return torch.stack(numbers, 1), torch.stack(probabilities, 1)

    def _masked(self) -> tuple[Tensor, Tensor]:
        """Return the weights into and out of the hidden units, 0 where a number comes later."""
        from_points = self.from_points.weight * self.known
        return from_points.float(), (self.correction.weight * self.done).float()

    def _seen(self, logits: Tensor) -> Tensor:
        """Return the contribution of decoder outputs, ``(…, height, length)``, to hidden units."""
        around = pad(logits, (0, 0, 1, 1))
        neighbours = [around[..., row : row + logits.shape[-2], :] for row in range(3)]
        weight, bias = self.from_outputs.weight.float(), self.bias.float()
        return linear(torch.cat(neighbours, -1), weight) + bias

    def _windows(self, points: Tensor) -> Tensor:
        """Return each row, shape ``(…, height, length)``, with the rows above it in front."""
        length = points.shape[-1]
        padded = pad(points, (0, 0, self.rows_above, 0)).flatten(-2)
        return padded.unfold(-1, (self.rows_above + 1) * length, length)

    def _rows_of(self, points: Tensor) -> Tensor:
        """Return points ``(…, *data_shape)`` as numbers in their order, ``(…, height, length)``."""
        if len(self.data_shape) == 1:
            return points.unsqueeze(-2)
        return points.movedim(-3, -1).flatten(-2)

    def _points_of(self, rows: Tensor) -> Tensor:
        """Return rows as points, the inverse of ``_rows_of``."""
        if len(self.data_shape) == 1:
            return rows.squeeze(-2)
        return rows.unflatten(-1, (-1, self.data_shape[0])).movedim(-1, -3)
