"""Facts about the training data in a checkpoint: no points, but their units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor

from gan_lightning.data.held_out import HeldOut, digest
from gan_lightning.data.image_units import ImageUnits
from gan_lightning.data.row_units import RowUnits
from gan_lightning.data.table_units import TableUnits
from gan_lightning.data.units import PointUnits, Units
from gan_lightning.errors import InputError

KINDS: dict[str, type[Units]] = {
    kind.kind: kind for kind in (PointUnits, RowUnits, TableUnits, ImageUnits)
}


class Split(NamedTuple):
    """Stored points, shape ``(num_points, *data_shape)``, and their labels."""

    x: Tensor
    labels: Tensor


@dataclass(frozen=True)
class DataMemory:
    """Units, a fingerprint of the points, and which points were held out."""

    units: Units
    fingerprint: dict[str, str]
    held_out: HeldOut | None

    def state_dict(self) -> dict[str, Any]:
        """Return tensors and plain values."""
        held_out = self.held_out and [sorted(part) for part in self.held_out]
        return {
            "units": self.units.state_dict(),
            "fingerprint": self.fingerprint,
            "held_out": held_out,
        }

    @classmethod
    def from_state(cls, state: Any) -> "DataMemory":
        """Return what ``state_dict`` has described.

        Raises:
            InputError: If it is something else.
        """
        try:
            units = KINDS[state["units"]["kind"]].from_state(state["units"])
            held_out = state["held_out"] and HeldOut(*map(frozenset, state["held_out"]))
            return cls(units, dict(state["fingerprint"]), held_out)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"What the checkpoint says about its data cannot be read: {error!r}."
            ) from error

    @classmethod
    def of_checkpoint(cls, checkpoint: Mapping[str, Any]) -> "DataMemory | None":
        """Return the memory in a checkpoint, whatever its data module; None if it is too old.

        Raises:
            InputError: If it cannot be read.
        """
        name = cls.owner(checkpoint)
        return None if name is None else cls.from_state(checkpoint[name])

    @staticmethod
    def owner(checkpoint: Mapping[str, Any]) -> str | None:
        """Return the name of the data module in a checkpoint; None if it is too old."""
        for name, state in checkpoint.items():
            if isinstance(state, dict) and {"units", "fingerprint", "held_out"} <= state.keys():
                return name
        return None

    def compare(
        self,
        label_names: Sequence[str] | None,
        fingerprint: dict[str, str],
        held_out: HeldOut | None,
        resuming: bool,
    ) -> None:
        """Report how the current data differ from those of the checkpoint.

        Args:
            label_names: Names of their labels.
            fingerprint: Size and hash of each of their splits.
            held_out: The points that are held out.
            resuming: Whether the checkpoint's run is resumed.

        Raises:
            InputError: If labels have another meaning, or if a run would resume with other data.
        """
        known, found = self.units.label_names or (), tuple(label_names or ())
        if known != found:
            old, new = (", ".join(names or ("none",)) for names in (known, found))
            raise InputError(
                f"The checkpoint's labels are the classes {old}; the data's are {new}. Give the "
                "classes their old names, or start a new run from its weights with --init_from."
            )
        if resuming and self._are_others(fingerprint, held_out):
            then, now = self.fingerprint.get("training"), fingerprint.get("training")
            raise InputError(
                f"The run was trained on other data: {then} training points then, and now "
                f"{now}. A run cannot resume with other data; start a new one from its weights "
                "with --init_from in place of --ckpt_path."
            )
        for split, then in self.fingerprint.items():
            if (now := fingerprint.get(split, "none")) != then:
                rank_zero_warn(f"The checkpoint's {split} points were {then}; now they are {now}.")

    def _are_others(self, fingerprint: dict[str, str], held_out: HeldOut | None) -> bool:
        """Return whether data are different, beyond some added or removed points.

        A user's data may grow: most points that were held out must still be there.
        """
        if fingerprint.get("training") == self.fingerprint.get("training"):
            return False
        if self.held_out is None or held_out is None:
            return True
        known, now = (part.val | part.test for part in (self.held_out, held_out))
        return 2 * len(known & now) < len(known)


def described_points(split: Split) -> str:
    """Return the size of a split, and a hash that changes when a point does."""
    return f"{len(split.x)} with the hash {digest(split.x, split.labels)}"
