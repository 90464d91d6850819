"""Where two hosts of one job meet: on the loopback device, or each in a network of its own."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import NamedTuple


class Place(NamedTuple):
    """Where two hosts are.

    Attributes:
        addresses: IP address of each host.
        device: Name of the network device between them.
        enter: Moves this process onto a host.
        link: Turns the connection of the hosts ``up`` or ``down``.
    """

    addresses: tuple[str, str]
    device: str
    enter: Callable[[int], None]
    link: Callable[[str], None]


@contextmanager
def loopback() -> Iterator[Place]:
    """Put both hosts on the loopback device, which is never down."""
    yield Place(("127.0.0.1", "127.0.0.1"), "lo", lambda host: None, lambda state: None)


@contextmanager
def namespaces() -> Iterator[Place]:
    """Put each host into a network namespace of its own, with a link between them.

    Raises:
        PermissionError: If this process may not.
    """
    if os.geteuid() != 0 or not shutil.which("ip"):
        raise PermissionError("only root makes network namespaces, with the program ip")
    names = [f"host_{os.getpid()}_{host}" for host in range(2)]
    addresses = "10.213.7.1", "10.213.7.2"
    try:
        for name in names:
            ip(f"netns add {name}")
        ip(f"link add name wire netns {names[0]} type veth peer name wire netns {names[1]}")
        for name, address in zip(names, addresses, strict=True):
            ip(f"-n {name} address add {address}/24 dev wire")
            ip(f"-n {name} link set lo up")
            ip(f"-n {name} link set wire up")
        link = partial("-n {} link set wire {}".format, names[0])
        yield Place(
            addresses, "wire", lambda host: enter(names[host]), lambda state: ip(link(state))
        )
    finally:
        for name in names:
            with suppress(PermissionError):
                ip(f"netns del {name}")


def ip(words: str) -> None:
    """Run the program ip.

    Raises:
        PermissionError: If it fails.
    """
    done = subprocess.run(["ip", *words.split()], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise PermissionError(f"ip {words}: {done.stderr.strip()}")


def enter(namespace: str) -> None:
    """Move this process into a network namespace.

    Raises:
        OSError: If it may not.
    """
    with open(f"/run/netns/{namespace}", encoding="ascii") as file:
        new_network = 0x40000000  # CLONE_NEWNET
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), new_network) != 0:
            raise OSError(ctypes.get_errno(), "setns", namespace)
