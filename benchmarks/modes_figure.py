"""The figure of ``modes.py``: how wide modes are, and how many samples lie within them."""

from matplotlib.figure import Figure

from gan_lightning.figures.palette import CATEGORIES, FAINT, GENERATED, REAL, styled

WANTED_WIDTH = (0.9, 1.1)
WANTED_QUALITY = 0.95


@styled()
def figure_of(results: dict[str, dict[str, list[dict[str, float]]]]) -> Figure:
    """Return a panel for each data set with a dot for each run, and the target region.

    Args:
        results: The metrics of the runs, for each data set and each game.
    """
    others = sorted({game for rows in results.values() for game in rows} - {"real points", "R3GAN"})
    colours = {"real points": REAL, "R3GAN": GENERATED}
    colours |= {game: CATEGORIES[i % len(CATEGORIES)] for i, game in enumerate(others)}
    figure = Figure(figsize=(3.4 * len(results), 3.9), layout="constrained")
    panels = figure.subplots(1, len(results), sharey=True, squeeze=False)[0]
    for panel, (data, rows) in zip(panels, results.items(), strict=True):
        panel.fill_between(WANTED_WIDTH, WANTED_QUALITY, 1, color=FAINT, alpha=0.25, linewidth=0)
        for game, runs in rows.items():
            x = [run["width"] for run in runs]
            y = [run["high_quality"] for run in runs]
            first = others.index(game) < len(CATEGORIES) if game in others else True
            marker = "o" if first else "s"
            panel.scatter(x, y, s=26, color=colours[game], marker=marker, alpha=0.8, label=game)
        panel.set(title=data, xlabel="width of modes (true: 1)", xlim=(0, 1.8), ylim=(-0.03, 1.03))
    panels[0].set_ylabel("share within 3 standard deviations")
    drawn = [panel.get_legend_handles_labels() for panel in panels]
    handles = {g: h for each in drawn for h, g in zip(*each, strict=True)}
    columns = 2 * len(results) - 1  # as many as fit below the panels
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=columns)
    return figure
