# SPDX-License-Identifier: Apache-2.0
"""Opening and closing the API's doors: socket files, ports, and what stands in the way."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from pdu_agent.access.unix_socket import short_path
from pdu_agent.model.errors import OpenPduError
from pdu_agent.web import server
from pdu_agent.web.server import WebServer
from pdu_agent.web.settings import HttpSettings, split_listen
from tests.web.fake_agent import FakeController, UnixConnection, running_agent


def start_and_stop(settings: HttpSettings, **options: int) -> None:
    async def once() -> None:
        server = WebServer(FakeController(), settings, **options)
        await server.start()
        await server.stop()

    asyncio.run(once())


def local_only(path: Path) -> HttpSettings:
    return HttpSettings(listen="", socket=str(path))


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_the_socket_has_its_mode_and_its_folder_is_private(tmp_path: Path, mode: int) -> None:
    async def look() -> tuple[int, int]:
        server = WebServer(FakeController(), local_only(path), mode)
        await server.start()
        modes = (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode))
        await server.stop()
        return modes

    path = tmp_path / "new" / "api.sock"
    assert asyncio.run(look()) == (mode, 0o700)
    assert list(path.parent.iterdir()) == []


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    start_and_stop(local_only(folder / "api.sock"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with running_agent(tmp_path) as agent:
        assert agent.local("GET", "/api/v1/health").status == 200
    assert not path.exists()


def test_a_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        with pytest.raises(OpenPduError, match=r"another process listens at .*; stop it first"):
            start_and_stop(local_only(agent.socket_path))
        assert agent.local("GET", "/api/v1/health").status == 200


def test_what_is_not_a_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(OpenPduError, match="is no socket"):
        start_and_stop(local_only(path))
    assert path.read_text(encoding="utf-8") == "precious"


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    path.symlink_to(tmp_path / "elsewhere.sock")
    with pytest.raises(OpenPduError, match="is no socket"):
        start_and_stop(local_only(path))


def test_a_successors_socket_survives_the_stop_of_its_predecessor(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with running_agent(tmp_path):
        path.unlink()
        path.write_text("successor", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "successor"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OpenPduError, match=r"http.socket: .*api\.sock"):
        start_and_stop(local_only(tmp_path / "file" / "api.sock"))


def test_a_path_longer_than_a_socket_address_works(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with running_agent(folder) as agent, short_path(agent.socket_path) as address:
        connection = UnixConnection(Path(address))
        connection.request("GET", "/api/v1/health")
        assert connection.getresponse().status == 200
        connection.close()
    assert list(folder.iterdir()) == []


def test_a_busy_port_is_named_with_advice_and_the_other_door_stays_shut(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(OpenPduError, match=f"{listen}: another program listens there; stop it"):
            start_and_stop(HttpSettings(listen=listen, socket=str(path)))
    assert not path.exists()


def test_a_failing_socket_frees_the_port_again(tmp_path: Path) -> None:
    (tmp_path / "api.sock").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(OpenPduError, match="is no socket"):
        start_and_stop(HttpSettings(listen=listen, socket=str(tmp_path / "api.sock")))
    start_and_stop(HttpSettings(listen=listen, socket=""))


@pytest.mark.parametrize(
    ("listen", "reason"),
    [
        ("8080", "expected HOST:PORT"),
        ("127.0.0.1:", "expected HOST:PORT"),
        (":8080", "expected HOST:PORT"),
        ("127.0.0.1:65536", "expected HOST:PORT"),
        ("127.0.0.1:²", "expected HOST:PORT"),
        ("::1:8080", "brackets"),
        ("rack.example:8080", "does not appear to be an IPv4 or IPv6 address"),
        ("192.0.2.1:8080", "this machine does not have that address"),
    ],
)
def test_an_unusable_address_is_explained(listen: str, reason: str) -> None:
    with pytest.raises(OpenPduError, match=reason) as caught:
        start_and_stop(HttpSettings(listen=listen, socket=""))
    assert str(caught.value).startswith("http.listen: ")


def test_listen_addresses_are_split() -> None:
    assert split_listen("127.0.0.1:8080") == ("127.0.0.1", 8080)
    assert split_listen("[::1]:0") == ("::1", 0)
    assert split_listen("localhost:65535") == ("localhost", 65535)


def test_everything_off_is_nothing(tmp_path: Path) -> None:
    start_and_stop(HttpSettings(listen="", socket=""))
    assert list(tmp_path.iterdir()) == []


def test_stopping_does_not_wait_for_an_idle_client(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        client = socket.create_connection(("127.0.0.1", agent.tcp_port), 10)
        client.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.recv(10)
        begun_s = time.monotonic()
    assert time.monotonic() - begun_s < 3
    client.close()


@pytest.mark.parametrize(
    "said", [b"", b"GET /api/v1/hea", b"GET / HTTP/1.1\r\nHost: localhost\r\n"]
)
def test_a_client_that_never_finishes_its_request_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.1)
    with (
        running_agent(tmp_path) as agent,
        socket.create_connection(("127.0.0.1", agent.tcp_port), 10) as client,
    ):
        client.sendall(said)
        assert client.recv(10) == b""


def test_nothing_is_left_open(tmp_path: Path) -> None:
    start_and_stop(HttpSettings(listen="127.0.0.1:0", socket=str(tmp_path / "a.sock")))
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(3):
        start_and_stop(HttpSettings(listen="127.0.0.1:0", socket=str(tmp_path / "a.sock")))
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads
