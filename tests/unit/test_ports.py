"""Which ports are wanted, what becomes of them when one is taken, and who is said to hold it."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator

import pytest

from agentic.platform import ports
from agentic.platform.port_holder import PortHolder, find_holder, parse_lsof, shorten
from agentic.platform.ports import (
    Endpoint,
    NotAloneError,
    PortError,
    PortTakenError,
    bind,
    bind_all,
    is_loopback,
    port_of,
    require_loopback,
)


@pytest.fixture
def taken() -> Generator[Endpoint]:
    endpoint = bind("127.0.0.1", 0)
    yield endpoint
    endpoint.close()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    ("layer_port", "front_door", "expected"),
    [(8000, 8000, 8000), (8002, 8000, 8002), (8002, 9000, 9002), (8011, 80, 91), (8001, 0, 0)],
)
def test_ports_keep_their_distance_from_the_front_door(
    layer_port: int, front_door: int, expected: int
) -> None:
    assert port_of(layer_port, front_door) == expected


def test_localhost_is_both_loopback_addresses() -> None:
    endpoint = bind("localhost", 0)
    try:
        assert endpoint.url == f"http://localhost:{endpoint.port}"
        names = {each.getsockname()[:2] for each in endpoint.sockets}
        assert ("127.0.0.1", endpoint.port) in names
        assert names <= {("127.0.0.1", endpoint.port), ("::1", endpoint.port)}
    finally:
        endpoint.close()


def test_a_taken_port_names_its_holder_and_gives_the_others_back(taken: Endpoint) -> None:
    probe = bind("127.0.0.1", 0)
    probe.close()
    with pytest.raises(PortTakenError, match=f"{taken.port}.*process {os.getpid()}.*--port"):
        bind_all("127.0.0.1", {"first": probe.port, "second": taken.port})
    assert is_free(probe.port)


def test_a_port_taken_at_the_other_loopback_address_is_taken() -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    other = bind("::1", 0)
    try:
        with pytest.raises(PortTakenError, match=str(other.port)):
            bind("localhost", other.port)
        assert is_free(other.port)
    finally:
        other.close()


def _has_ipv6() -> bool:
    try:
        bind("::1", 0).close()
    except PortError:
        return False
    return True


def test_without_ipv6_localhost_is_the_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ipv6(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return socket.socket(family, kind)

    class Module:
        """The socket module of a machine without IPv6."""

        socket = staticmethod(no_ipv6)

        def __getattr__(self, name: str) -> object:
            return getattr(socket, name)

    monkeypatch.setattr(ports, "socket", Module())
    endpoint = bind("localhost", 0)
    endpoint.close()
    assert len(endpoint.sockets) == 1


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_there_is_not(port: int) -> None:
    with pytest.raises(PortError, match=f"no port {port}"):
        bind("127.0.0.1", port)


def test_an_address_that_there_is_not() -> None:
    with pytest.raises(PortError, match="no address"):
        bind("no such host", 0)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost", "http://localhost:1"),
        ("127.0.0.1", "http://localhost:1"),
        ("0.0.0.0", "http://localhost:1"),
        ("::", "http://localhost:1"),
        ("192.0.2.7", "http://192.0.2.7:1"),
        ("2001:db8::7", "http://[2001:db8::7]:1"),
    ],
)
def test_the_address_that_is_shown_can_be_opened(host: str, url: str) -> None:
    assert Endpoint(host, 1, ()).url == url


@pytest.mark.parametrize(
    ("host", "alone"),
    [("localhost", True), ("127.8.9.1", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_what_others_can_reach(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone
    if alone:
        require_loopback(host, "it")
    else:
        with pytest.raises(NotAloneError, match="this machine only"):
            require_loopback(host, "it")


def test_the_holder_of_a_port_is_found(taken: Endpoint) -> None:
    assert find_holder(taken.port).pid == os.getpid()
    assert find_holder(taken.port).command


def test_nobody_holds_a_free_port(taken: Endpoint) -> None:
    taken.close()
    assert find_holder(taken.port).pid is None


def test_what_lsof_says_is_understood() -> None:
    assert parse_lsof("p412\ncnode\nLada\nf18\np500\ncother\n") == PortHolder(412, "node", "ada")
    assert parse_lsof("") == PortHolder(None, "", "")


@pytest.mark.parametrize(
    ("holder", "text"),
    [
        (PortHolder(7, "node server.js", ""), "node server.js (process 7)"),
        (PortHolder(7, "", ""), "process 7"),
        (PortHolder(None, "", "ada"), "a process of the user 'ada'"),
        (PortHolder(None, "", ""), "another process"),
    ],
)
def test_a_holder_is_said_as_far_as_it_is_known(holder: PortHolder, text: str) -> None:
    assert str(holder) == text


def test_long_commands_fit_on_a_line() -> None:
    assert shorten("a" * 80) == "a" * 80
    assert shorten("a" * 81) == "a" * 79 + "…"
