"""Figures with a fixed frame and moving contents."""

from typing import Any, TypeVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gan_lightning.figures.animation import palette_of
from gan_lightning.figures.captions import font
from gan_lightning.figures.palette import INK, styled

AnyArtist = TypeVar("AnyArtist", bound=Artist)

DPI = 100
"""Pixels per inch."""

LEADING = 6
"""Pixels between two lines of a title."""


class Scene(Figure):
    """A figure that redraws only its moving artists and its title.

    Drawing axes, labels, legends and real points takes hundreds of times as long as drawing some
    generated points. ``pixels`` draws them once and draws the moving artists on top, so that a film
    is cheap and its axes stay fixed. Pillow writes the title, much faster than Matplotlib would.

    Args:
        width: Inches.
        height: Inches.
    """

    @styled()
    def __init__(self, width: float, height: float) -> None:
        super().__init__(figsize=(width, height), dpi=DPI, layout="constrained")
        self._moving: list[Artist] = []
        self._still: Any = None
        self._palette: Image.Image | None = None
        self._title: Text = self.suptitle("", x=0.02, ha="left", fontsize=11.5, linespacing=1.35)
        self._title_at, self._caption_at = (0.0, 0.0), (0.0, 0.0)

    def moving(self, artist: AnyArtist) -> AnyArtist:
        """Return an artist, which every picture redraws."""
        self._moving.append(artist)
        return artist

    def say(self, headline: str) -> None:
        """Set the title."""
        self._title.set_text(headline)

    def rename(self, text: Text, name: str) -> None:
        """Change a text that rarely changes: then everything is redrawn."""
        if text.get_text() != name:
            text.set_text(name)
            self._still = None

    @styled()
    def draw(self, renderer: Any) -> None:
        super().draw(renderer)

    def pixels(self, caption: str | None = None) -> NDArray[np.uint8]:
        """Return the picture, uint8 of shape ``(height, width, 3)``.

        Args:
            caption: A line below the title, or None. The first call decides whether there is room
                for one.
        """
        return np.asarray(self._image(caption))

    def image(self, caption: str | None = None) -> Image.Image:
        """Return the picture in the 256 colours of the first picture: small and quick to write."""
        image = self._image(caption)
        if self._palette is None:
            self._palette = palette_of([image])
        return image.quantize(palette=self._palette, dither=Image.Dither.NONE)

    def _image(self, caption: str | None) -> Image.Image:
        if self._still is None:
            self._draw_still(caption is not None)
        canvas = self.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        renderer = canvas.get_renderer()
        canvas.restore_region(self._still)
        for artist in self._moving:
            artist.draw(renderer)
        # Pillow drops the fourth channel faster than NumPy, and writes faster than Agg.
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        pen = ImageDraw.Draw(image)
        pen.multiline_text(self._title_at, self._title.get_text(), INK, font(16), spacing=LEADING)
        if caption:
            pen.text(self._caption_at, caption, INK, font(16), anchor="ld")
        return image

    @styled()
    def _draw_still(self, with_caption: bool) -> None:
        """Draw everything that does not move, and fix the layout."""
        canvas = FigureCanvasAgg(self)
        if (engine := self.get_layout_engine()) is not None:
            headline = self._title.get_text()
            self._title.set_text(f"{headline}\n " if with_caption else headline)
            engine.execute(self)
            if any(axis.get_aspect() != "auto" for axis in self.axes):
                engine.execute(self)  # margins around square panels settle in a second pass
            self.set_layout_engine("none")
            box = self._title.get_window_extent()
            self._title_at = (box.x0, self.bbox.height - box.y1)
            self._caption_at = (box.x0, self.bbox.height - box.y0)
            self._title.set_text(headline)
        hidden = [*self._moving, self._title]
        shown = [artist.get_visible() for artist in hidden]
        for artist in hidden:
            artist.set_visible(False)
        canvas.draw()
        self._still = canvas.copy_from_bbox(self.bbox)
        for artist, visible in zip(hidden, shown, strict=True):
            artist.set_visible(visible)
