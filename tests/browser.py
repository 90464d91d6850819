"""A headless Chromium, driven over its own protocol: what a page shows, and pictures of it.

Debian's package ``chromium`` will do. The protocol is JSON over a WebSocket, for which the standard
library suffices.
"""

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FOUND = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
CHROMIUM = next((path for path in _FOUND if path), None)
"""The browser's path; None where there is none."""


def free_port() -> int:
    """Return a port that nobody listens to."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


class Page:
    """One page of a browser.

    Args:
        port: Where the browser listens.
    """

    def __init__(self, port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            target = next(t for t in json.load(answer) if t["type"] == "page")
        path = target["webSocketDebuggerUrl"].partition(f":{port}")[2]
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._socket.recv(4096)
        self._buffer = self._buffer.partition(b"\r\n\r\n")[2]
        self._count = 0
        self.answered: list[str] = []
        """The addresses that have answered, those of pictures and scripts included."""

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self._count += 1
        self._send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._receive())
            if message.get("method") == "Network.responseReceived":
                self.answered.append(message["params"]["response"]["url"])
            if message.get("id") == self._count:
                assert "error" not in message, message
                return dict(message["result"])

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in JavaScript."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def text(self) -> str:
        """Return all that can be read on the page, including shadow roots."""
        return str(self.evaluate(TEXT) or "")

    def wait_for(self, *words: str, seconds: float = 60) -> str:
        """Return the text of the page once it holds all words.

        Raises:
            AssertionError: If it does not in time.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.text()
            if all(word in text for word in words):
                return text
            time.sleep(0.5)
        raise AssertionError(f"{[w for w in words if w not in text]} not in {text[:3000]!r}")

    def click(self, words: str) -> None:
        """Click the element with exactly this text."""
        assert self.evaluate(CLICK % json.dumps(words)), f"nothing says {words}"

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def picture(self, path: Path) -> None:
        """Save a picture of the page."""
        found = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(found["data"]))

    def _send(self, text: str) -> None:
        payload, mask = text.encode(), os.urandom(4)
        size = len(payload)
        head = bytes([0x81, 0x80 | size]) if size < 126 else (
            bytes([0x81, 0xFE]) + struct.pack(">H", size) if size < 65536
            else bytes([0x81, 0xFF]) + struct.pack(">Q", size)
        )  # fmt: skip
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.sendall(head + mask + masked)

    def _receive(self) -> str:
        parts, final = b"", False
        while not final:
            first, second = self._take(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self._take(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._take(8))
            parts += self._take(size)
            final = bool(first & 0x80)
        return parts.decode()

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._buffer += self._socket.recv(1 << 16)
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


@contextmanager
def browsing(url: str, profile: Path, size: tuple[int, int] = (1280, 900)) -> Iterator[Page]:
    """Open a page in a headless browser.

    Args:
        url: Its address.
        profile: A folder for the browser's own files.
        size: Width and height of the window.
    """
    assert CHROMIUM is not None
    port = free_port()
    process = subprocess.Popen(
        [
            *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--remote-debugging-port={port}", f"--user-data-dir={profile}"),
            *(f"--window-size={size[0]},{size[1]}", "--no-first-run", "about:blank"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        page = _first_page(port)
        page.call("Page.enable")
        page.call("Network.enable")
        page.call("Page.navigate", url=url)
        try:
            yield page
        finally:
            page.close()
    finally:
        process.terminate()
        process.wait(timeout=30)


def _first_page(port: int) -> Page:
    for _ in range(120):
        try:
            return Page(port)
        except (OSError, StopIteration):
            time.sleep(0.5)
    raise AssertionError("the browser does not answer")


DEEP = """
const parts = []; const all = [];
const walk = node => {
  const text = node.textContent.trim();
  if (node.nodeType === 3) { if (text) parts.push(text); return; }
  if (node.nodeType !== 1 && node.nodeType !== 11) return;
  if (['SCRIPT', 'STYLE', 'DOM-MODULE', 'TEMPLATE'].includes(node.nodeName)) return;
  if (node.nodeType === 1) all.push(node);
  if (node.shadowRoot) walk(node.shadowRoot);
  if (node.nodeName === 'IFRAME' && node.contentDocument) walk(node.contentDocument.body);
  node.childNodes.forEach(walk);
};
walk(document.body);
"""
TEXT = f"(() => {{ {DEEP} return parts.join('\\n'); }})()"
CLICK = f"""(() => {{ {DEEP} const wanted = %s;
const hits = all.filter(e => e.textContent.trim() === wanted && !e.children.length);
if (!hits.length) return false; hits[0].click(); return true; }})()"""
