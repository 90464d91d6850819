"""A page on this machine that draws samples from a checkpoint."""

import os
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import pandas as pd
import torch
from numpy.typing import NDArray

from gan_lightning.errors import InputError
from gan_lightning.export import LoadedModel
from gan_lightning.figures import image_grid

MOST_SAMPLES = 1000
"""The largest number of samples that the page draws at once."""

MOST_PICTURES = 100

ADDRESS = "127.0.0.1"
"""Other machines cannot see the page."""

POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'"
)
"""Makes the browser block whatever Gradio's page requests from other hosts."""

_NOT_ASKED = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}


def serve(loaded: LoadedModel, title: str, port: int) -> None:
    """Serve the page until it is interrupted.

    Args:
        loaded: The model that draws the samples.
        title: The heading of the page.
        port: Its port on this machine; 0 for any free one.

    Raises:
        InputError: If a package is missing, or if the port is taken.
    """
    if not 0 <= port < 65536:
        raise InputError(f"--port must lie in [0, 65535], found {port}.")
    os.environ.update(_NOT_ASKED)
    gradio, fastapi, uvicorn = map(_needed, ("gradio", "fastapi", "uvicorn"))
    app = fastapi.FastAPI()
    app.middleware("http")(_refusing_the_outside)
    gradio.mount_gradio_app(app, page_of(gradio, loaded, title), path="/")
    server = uvicorn.Server(uvicorn.Config(app, ADDRESS, port, log_level="error"))
    try:
        socket = server.config.bind_socket()
    except SystemExit as error:
        raise InputError(f"--port {port} is taken; choose another one, or 0 for any.") from error
    place = f"http://{ADDRESS}:{socket.getsockname()[1]}"
    sys.stdout.write(f"The page is at {place}, for this machine only. Ctrl-C ends it.\n")
    sys.stdout.flush()
    server.run([socket])


def page_of(gradio: Any, loaded: LoadedModel, title: str) -> Any:
    """Return the page, with inputs for the number of samples, label and seed."""
    names = loaded.model.num_classes and [
        str(name) for name in loaded.units.label_names or range(loaded.model.num_classes)
    ]
    theme = gradio.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    draws_pictures = loaded.units.kind == "images"
    with gradio.Blocks(title=title, analytics_enabled=False) as page:
        page.theme = theme
        gradio.Markdown(f"# {title}")
        with gradio.Row():
            most = MOST_PICTURES if draws_pictures else MOST_SAMPLES
            count = gradio.Slider(1, most, 16, step=1, label="Samples")
            label = gradio.Dropdown(["any", *(names or [])], value="any", label="Label")
            label.visible = bool(names)
            seed = gradio.Number(0, label="Seed", precision=0)
        button = gradio.Button("Draw", variant="primary")
        shown = gradio.Image(label="Samples") if draws_pictures else gradio.Dataframe()

        def draw(num_samples: float, wanted: str, number: float) -> Any:
            labels = None if wanted == "any" or not names else [names.index(wanted)]
            found = loaded.sample(int(num_samples), labels, seed=abs(int(number or 0)))
            return presented(found)

        inputs = [count, label, seed]
        button.click(draw, inputs, shown, api_name="draw")
        page.load(draw, inputs, shown, api_name=False)
    return page


def presented(samples: pd.DataFrame | NDArray[Any]) -> Any:
    """Return samples as shown on the page: a table, or one picture of all."""
    if isinstance(samples, pd.DataFrame):
        return samples
    return image_grid(torch.from_numpy(samples))


async def _refusing_the_outside(request: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
    response = await call_next(request)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _needed(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError as error:
        raise InputError(
            f'demo needs the package {error.name}: pip install "gan_lightning[demo]".'
        ) from error
