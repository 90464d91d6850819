"""A folder of your own images."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor
from tqdm.auto import tqdm

from gan_lightning.data.held_out import HeldOut, file_hash, parted
from gan_lightning.data.image_cache import fingerprint, mapped_images, write_images
from gan_lightning.data.image_files import ImageReader, reason
from gan_lightning.data.image_layout import Listing, list_files, read_layout
from gan_lightning.data.image_parts import (
    FEWEST,
    Marked,
    check_sizes,
    class_sizes,
    cut,
    held_out_share,
    marked,
    part_sizes,
)
from gan_lightning.data.image_report import (
    FolderReport,
    darkness_note,
    left_out_text,
    none_held_out_note,
)
from gan_lightning.data.image_units import ValueRange
from gan_lightning.data.images import Images
from gan_lightning.data.memory import DataMemory, Split
from gan_lightning.errors import InputError, checked_seed, require_positive
from gan_lightning.features import FeatureExtractor


class ImageFolder(Images):
    """The images of a folder, decoded once: resized and cropped at the centre to squares.

    The images lie either in the folder itself, all with one label, or in a subfolder for each
    class, labelled in alphabetical order (torchvision's layout). Folders named ``train``, and
    optionally ``val`` and ``test``, are a split, each with or without classes. An image is whatever
    Pillow can open, by content and not by ending; one line says what was left out.

    Images too many for memory are decoded into a file in ``<root>/.decoded``, from which the system
    loads only the parts in use; the next run opens it at once. It is rebuilt when an image has
    changed, and may be deleted.

    Args:
        root: The folder.
        size: Height and width to which images are resized.
        channels: 3 for colour, 1 for grey.
        flip: Add each training image's mirror image to it.
        batch_size: Images in a batch.
        val_fraction: Share of the images that is held out for validation and ``test``, at least
            two; with 0, samples are compared with the training images.
        value_range: Range of the floats: ``[-1, 1]`` or ``[0, 1]``.
        features: Features that the metrics use; by default ``FilterFeatures``.
        cache_above: Gigabytes of decoded images, at three bytes per colour pixel, above which they
            are kept in a file.
        split_seed: Seed of the split. Content decides which images are held out: they stay so when
            others are added, removed or renamed.
        background: The colour behind transparent pixels, in the notation of CSS: ``"#ff8000"``.
        white: The value of white in pictures of more than 8 bits; by default 65535 in those of 16
            bits and 1 in floats, while 32-bit integers are skipped.
        batches_per_epoch: Batches in an epoch, for which images are repeated as needed; by default
            each image is used once.
    """

    def __init__(  # noqa: PLR0913 - a folder can be read in many ways
        self,
        root: str,
        size: int = 64,
        channels: int = 3,
        flip: bool = False,
        batch_size: int = 64,
        val_fraction: float = 0.1,
        value_range: ValueRange = "[-1, 1]",
        features: FeatureExtractor | None = None,
        cache_above: float = 2.0,
        split_seed: int = 0,
        background: str = "white",
        white: float | None = None,
        batches_per_epoch: int | None = None,
    ) -> None:
        if channels not in (1, 3) or size < 1 or not 0 <= val_fraction < 1:
            raise InputError(
                "ImageFolder: expected channels 1 or 3, a positive size and a val_fraction in "
                f"[0, 1), found {channels}, {size} and {val_fraction}."
            )
        require_positive(batches_per_epoch=batches_per_epoch)
        self.root = Path(root)
        if not self.root.is_dir():
            raise InputError(f"ImageFolder: expected a folder of images at {root}, found none.")
        self.reader = ImageReader(channels, size, background, white)
        self.layout = read_layout(self.root)
        self.classes = self.layout.classes
        super().__init__(
            (channels, size, size),
            max(len(self.classes), 1),
            batch_size,
            value_range,
            features,
            label_names=self.classes or None,
        )
        self.batches_per_epoch = batches_per_epoch
        self.split_seed = checked_seed("split_seed", split_seed)
        self.flip = flip
        self.copies = 2 if flip else 1
        self.cache_above = cache_above
        self.val_fraction = val_fraction

    def prepare_data(self) -> None:
        """Decode a large folder into its file, in one process only."""
        listing = list_files(self.root, self.layout)
        if self._too_large(files := self._files(listing)):
            self._mapped(files)
            undecoded = {k: why for k, why in self._skipped.items() if k not in listing.skipped}
            if undecoded:  # setup reports the others, perhaps much later
                rank_zero_warn(f"{self.root}: {left_out_text(undecoded)}.")

    def setup(self, stage: str) -> None:
        if hasattr(self, "train"):  # decoded before
            return
        listing = list_files(self.root, self.layout)
        files = self._files(listing)
        images, places = (self._mapped if self._too_large(files) else self._loaded)(files)
        labels = torch.tensor([label for _, label in files])[places]
        for place in sorted({*range(len(files))} - {*places.tolist()}):
            self._skipped.setdefault(self._name(files[place].path), "unreadable at first")
        check_sizes(part_sizes(labels, self.copies), self.root, self.val_fraction)
        parts = cut(images, labels, self.copies)
        self.train = parts["train"]
        self.val = parts["val"] if len(parts["val"].x) else self.train
        self.test = parts["test"] if len(parts["test"].x) else self.val
        self._report(labels).tell()

    def remember(self, memory: DataMemory) -> None:
        super().remember(memory)
        if hasattr(self, "train"):
            del self.train  # to be split again

    def held_out(self) -> HeldOut:
        return HeldOut(self._held_out, frozenset())

    def _files(self, listing: Listing) -> list[Marked]:
        """Return files and labels in the order of the files' content.

        Held-out images come first and are marked in their labels, so that a file that cannot be
        decoded does not shift the split.
        """
        self._skipped, self._remarks = dict(listing.skipped), Counter[str]()
        self._others = listing.others
        hashes = {path: file_hash(path, self.split_seed) for path, _ in listing.images}
        to_part = [hashes[path] for path, place in listing.images if place.part == "train"]
        known = None if self.memory is None else self.memory.held_out
        fraction = held_out_share(self.val_fraction, len(to_part))
        if any(place.part == "val" for place in self.layout.places):
            fraction, known = 0.0, None
        _, val, _ = parted(to_part, fraction, 0.0, known)
        self._held_out = frozenset(to_part[i] for i in val.tolist())
        return marked(listing.images, hashes, self._held_out)

    def _report(self, labels: Tensor) -> FolderReport:
        """Return the report on the images with these labels."""
        sizes = part_sizes(labels, self.copies)
        of_class = class_sizes(labels, self.copies, self.num_classes)
        classes = dict(zip(self.classes, of_class, strict=False))
        empty = [f"no image of {name} can be read" for name, count in classes.items() if not count]
        return FolderReport(
            root=self.root,
            parts=sizes,
            classes=classes,
            skipped=self._skipped,
            others=self._others,
            remarks=self._remarks,
            notes=[
                *self.layout.notes,
                *empty,
                *darkness_note(self.reader.largest),
                *none_held_out_note(self.val_fraction, sizes),
            ],
        )

    def _too_large(self, files: Sequence[Marked]) -> bool:
        num_bytes = len(files) * self.copies * math.prod(self.data_shape)
        return num_bytes > self.cache_above * 1e9

    def _loaded(self, files: Sequence[Marked]) -> Split:
        """Return the images of files, and the index of each one's file."""
        images = torch.empty(len(files) * self.copies, *self.data_shape, dtype=torch.uint8)
        places: list[int] = []
        for image, place in self._decoded(files):
            images[len(places)] = image
            places.append(place)
        return Split(images[: len(places)], torch.tensor(places))

    def _mapped(self, files: Sequence[Marked]) -> Split:
        """Return the same from the folder's cache, which is written first if missing."""
        settings = f"{'x'.join(map(str, self.data_shape))}{'_flip' if self.flip else ''}"
        key = fingerprint([path for path, _ in files], self.root, self.reader.conversion)
        path = self.root / ".decoded" / f"{settings}_{key}.bytes"
        if not path.is_file():
            try:
                write_images(path, self._decoded(files))
            except OSError as error:
                raise InputError(
                    f"{self.root} holds more than cache_above, {self.cache_above} GB, of images, "
                    f"and {path.parent} cannot hold them: {error.strerror or error}."
                ) from error
            for outdated in set(path.parent.glob(f"{settings}_*.bytes")) - {path}:
                outdated.unlink()
        return mapped_images(path, self.data_shape)

    def _decoded(self, files: Sequence[Marked]) -> Iterator[tuple[Tensor, int]]:
        """Yield the readable images and their indices, each followed by its mirror image."""
        readable = 0
        hidden = len(files) < 1000
        for place, (path, _) in enumerate(
            tqdm(files, "decode", unit=" images", disable=hidden or None)
        ):
            try:
                image = self._read(path)
            except MemoryError:
                raise
            except Exception as error:  # Pillow raises whatever a broken file causes
                self._skipped[self._name(path)] = reason(error)
                continue
            readable += 1
            yield image, place
            if self.flip:
                yield image.flip(2), place
        if readable < FEWEST:
            left_out = left_out_text(self._skipped, self._others)
            raise InputError(
                f"{self.root} holds {readable} readable images; at least {FEWEST} are needed, "
                f"and hundreds are better{f'; {left_out}' if left_out else ''}."
            )

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _read(self, path: Path) -> Tensor:
        pixels, remarks = self.reader(path)
        self._remarks.update(remarks)
        return pixels
