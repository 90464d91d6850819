"""Every picture can be read: no text lies over another or is cut, and a frame stands still."""

import itertools

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox
from PIL.ImageDraw import ImageDraw

from gan_lightning.figures import (
    ColumnScene,
    Groups,
    PairScene,
    Panel,
    PointScene,
    SurfaceScene,
    correlation_pair,
    latent_scatter,
)

LONG = "a column with a rather long name (mm)"
RANDOM = np.random.default_rng(0)


def numbers(count):
    panels = [
        Panel(LONG if i == 0 else f"column {i} (cm)", RANDOM.normal(size=40)) for i in range(count)
    ]
    scene = ColumnScene(panels, 40)
    return scene, lambda: scene.showing(
        [RANDOM.normal(size=25) for _ in panels], "Distribution of each feature"
    )


def levels(count):
    names = [f"a long name of level {i}" for i in range(count)]
    panels = [Panel("kind", RANDOM.integers(0, count, 40) * 1.0, levels=names)] * 2
    scene = ColumnScene(panels, 40)
    return scene, lambda: scene.showing(
        [RANDOM.integers(0, count, 25) * 1.0] * 2, "Share of each category"
    )


def pairs(count, groups=None, words=None):
    names = [f"column {i} (cm)" for i in range(count)]
    scene = PairScene(RANDOM.normal(size=(40, count)), names, groups, words=words)
    labels = RANDOM.integers(0, 2, 25)
    return scene, lambda: scene.showing(
        RANDOM.normal(size=(25, count)), labels, "Pairs of features"
    )


def points(std):
    centres = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    scene = PointScene(lambda x: -x.square().sum(1), centres, std)
    return scene, lambda: scene.showing(torch.randn(50, 2), "2 of 2 modes, 98.9% within 3 σ")


def surface():
    scene = SurfaceScene(torch.randn(100, 2))
    size = len(scene.grid)
    return scene, lambda: scene.showing(torch.randn(20, 2), torch.randn(size), torch.randn(size, 2))


COLOURED = Groups(np.arange(40) % 2, ["setosa", "versicolor"])
SCENES = {
    **{f"numbers{i}": lambda i=i: numbers(i) for i in (1, 2, 4, 9)},
    **{f"levels{i}": lambda i=i: levels(i) for i in (2, 14)},
    **{f"pairs{i}": lambda i=i: pairs(i) for i in (2, 4)},
    "dates": lambda: pairs(4, words=[lambda _: "2024-12-31"] * 4),
    "coloured2": lambda: pairs(2, COLOURED),
    "coloured4": lambda: pairs(4, COLOURED),
    "ring": lambda: points(0.01),
    "blobs": lambda: points(1.0),
    "surface": surface,
}


def texts_of(figure):
    """Yield each text that is drawn; matplotlib keeps labels of ticks that are out of sight too."""
    yield from figure.texts
    yield from (text for legend in figure.legends for text in legend.get_texts())
    for axes in (axes for axes in figure.axes if axes.axison):
        yield from (axes.title, axes._left_title, axes._right_title)
        yield from (axes.xaxis.label, axes.yaxis.label)
        for axis in (axes.xaxis, axes.yaxis):
            yield from (tick.label1 for tick in axis._update_ticks())


def boxes(figure):
    """Where each text that Matplotlib draws lies, in pixels from the lower left corner."""
    seen = [text for text in texts_of(figure) if text.get_visible() and text.get_text().strip()]
    drawn = [text for text in seen if text is not getattr(figure, "_title", None)]
    return [(text.get_text(), text.get_window_extent()) for text in drawn]


@pytest.fixture
def written(monkeypatch):
    """Collect where each text that Pillow writes lies, as ``boxes`` does."""
    found = []
    write = ImageDraw.text  # which ``multiline_text`` calls too

    def recorded(pen, xy, text, fill=None, font=None, anchor=None, spacing=4, *rest, **settings):
        left, top, right, bottom = pen.textbbox(xy, text, font, anchor, spacing)
        height = pen.im.size[1]
        found.append((text, Bbox.from_extents(left, height - bottom, right, height - top)))
        write(pen, xy, text, fill, font, anchor, spacing, *rest, **settings)

    monkeypatch.setattr(ImageDraw, "text", recorded)
    return found


def assert_readable(figure, written):
    texts = boxes(figure) + written
    assert written
    width, height = figure.bbox.width, figure.bbox.height
    for text, box in texts:
        assert box.x0 > -1, text
        assert box.y0 > -1, text
        assert box.x1 < width + 1, text
        assert box.y1 < height + 1, text
    for (one, first), (other, second) in itertools.combinations(texts, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert min(wide, high) <= 1, f"{one!r} lies over {other!r}"
    for legend, axes in itertools.product(figure.legends, figure.axes):
        if axes.axison and str(legend._outside_loc) in ("upper", "lower"):
            room, panel = legend.get_window_extent(), axes.get_tightbbox()
            assert room.y1 < panel.y0 or panel.y1 < room.y0, "a legend lies over a panel"


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_can_be_read_on_a_dashboard_and_its_frame_stands_still(name, written):
    scene, show = SCENES[name]()
    show()
    first = scene.pixels("untrained")
    places = [(axis.get_position().bounds, axis.get_xlim(), axis.get_ylim()) for axis in scene.axes]
    show()
    written.clear()
    second = scene.pixels("12,345 batches · val/some_metric 0.0123")
    assert_readable(scene, written)
    assert min(text.get_fontsize() for text in texts_of(scene)) >= 7.5
    assert 400 < second.shape[1] <= 960
    assert first.shape == second.shape
    assert (first != second).any()
    after = [(axis.get_position().bounds, axis.get_xlim(), axis.get_ylim()) for axis in scene.axes]
    assert places == after


@pytest.mark.parametrize("name", ["numbers2", "coloured2", "ring", "surface"])
def test_a_frame_equals_a_picture_that_is_drawn_at_once(name):
    scene, show = SCENES[name]()
    for _ in range(2):
        show()
        frame = scene.pixels("4,000 batches · val/ks 0.1").astype(int)
    FigureCanvasAgg(scene).draw()
    at_once = np.asarray(scene.canvas.buffer_rgba())[..., :3].astype(int)
    assert np.abs(at_once - frame).mean() < 2  # what moves lies over all else


@pytest.mark.parametrize("many", [2, 10])
def test_latents_and_correlations_can_be_read(many, written):
    names = [f"column {i}" for i in range(many)]
    for scene in (
        latent_scatter(torch.randn(60, 2), torch.arange(60) % many),
        correlation_pair(np.eye(many), np.eye(many), names),
    ):
        written.clear()
        scene.pixels()
        assert_readable(scene, written)
