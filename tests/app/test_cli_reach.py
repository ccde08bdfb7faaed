# SPDX-License-Identifier: Apache-2.0
"""Finding the agent's socket, trusting it, and saying why it cannot be reached."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pdu_agent.app import client, exits, paths
from pdu_agent.app.cli import main
from pdu_agent.app.client import ClientError, find_agent
from pdu_agent.app.paths import Candidate, announced_demo_socket, distrust, socket_candidates
from pdu_agent.model.errors import OpenPduError
from tests.web.fake_agent import running_agent

UID = os.geteuid()
SOMEBODY_ELSE = UID + 1


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment whose places are all empty folders of the test."""
    monkeypatch.setattr(paths, "SYSTEM_FOLDER", tmp_path / "run-openpdu")
    environ = {"XDG_RUNTIME_DIR": str(tmp_path / "xdg"), "TMPDIR": str(tmp_path / "tmp")}
    for folder in environ.values():
        Path(folder).mkdir()
    monkeypatch.delenv("OPENPDU_SOCKET", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


@contextmanager
def listening(path: Path, answer: bytes = b"") -> Iterator[Path]:
    """Something that accepts one connection after the other and sends `answer`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_serve, args=(listener, answer))
        thread.start()
        try:
            yield path
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            path.unlink()


def _serve(listener: socket.socket, answer: bytes) -> None:
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            if peer.recv(65536):
                peer.sendall(answer)


def test_the_search_order_is_system_person_temporary_demo() -> None:
    environ = {"XDG_RUNTIME_DIR": "/run/user/7", "TMPDIR": "/var/tmp"}
    assert [str(candidate.path) for candidate in socket_candidates(environ, 7)] == [
        "/run/openpdu/api.sock",
        "/run/user/7/openpdu/api.sock",
        "/tmp/openpdu-7/api.sock",
        "/var/tmp/openpdu-demo-7/api.sock",
    ]
    assert [str(candidate.path) for candidate in socket_candidates({}, 7)] == [
        "/run/openpdu/api.sock",
        "/tmp/openpdu-7/api.sock",
        "/tmp/openpdu-demo-7/api.sock",
    ]


def test_a_named_socket_is_the_only_one_tried(places: dict[str, str], tmp_path: Path) -> None:
    with listening(tmp_path / "xdg/openpdu/api.sock"):
        with pytest.raises(ClientError) as caught:
            find_agent(str(tmp_path / "mine.sock"), places, UID)
        assert caught.value.exit_code == exits.NOT_REACHABLE
        with pytest.raises(ClientError):
            find_agent(None, {**places, "OPENPDU_SOCKET": str(tmp_path / "mine.sock")}, UID)
        found = find_agent(None, places, UID)
    assert found.path == tmp_path / "xdg/openpdu/api.sock"


def test_the_option_beats_the_environment(places: dict[str, str], tmp_path: Path) -> None:
    with listening(tmp_path / "a.sock") as a, listening(tmp_path / "b.sock") as b:
        assert find_agent(str(a), {**places, "OPENPDU_SOCKET": str(b)}, UID).path == a


def test_a_dead_socket_is_passed_over(places: dict[str, str], tmp_path: Path) -> None:
    dead = tmp_path / "xdg/openpdu/api.sock"
    dead.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(dead))
    link = tmp_path / f"tmp/openpdu-demo-{UID}/api.sock"
    with listening(tmp_path / "demo.sock") as demo, announced_demo_socket(demo, places, UID):
        assert find_agent(None, places, UID).path == link


def test_not_reachable_names_every_place_and_what_to_do(
    places: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = tmp_path / "xdg/openpdu/api.sock"
    dead.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(dead))
    assert main(["status"]) == exits.NOT_REACHABLE
    text = capsys.readouterr().err
    assert f"  {tmp_path}/run-openpdu/api.sock: no such file\n" in text
    assert f"  {dead}: nobody listens\n" in text
    assert "openpdu demo" in text
    assert "--socket" in text
    assert main(["on", "1", "--json"]) == exits.NOT_REACHABLE
    assert json.loads(capsys.readouterr().out)["code"] == "not_reachable"


def test_a_folder_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    candidate = Candidate(tmp_path / "api.sock", private=True)
    assert distrust(candidate, UID) == ""
    assert distrust(candidate, SOMEBODY_ELSE) == f"its folder belongs to uid {UID}"
    tmp_path.chmod(0o777)
    assert distrust(candidate, UID) == "others may write in its folder"
    tmp_path.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert "link" in distrust(Candidate(link / "api.sock", private=True), UID)
    assert distrust(Candidate(tmp_path / "api.sock", private=False), SOMEBODY_ELSE) == ""


def test_an_agent_in_an_open_folder_is_refused_although_it_listens(
    places: dict[str, str], tmp_path: Path
) -> None:
    with listening(tmp_path / "xdg/openpdu/api.sock") as path:
        path.parent.chmod(0o777)
        with pytest.raises(ClientError, match="others may write in its folder"):
            find_agent(None, places, UID)


def test_the_demo_is_found_while_it_runs_and_the_newest_wins(
    places: dict[str, str], tmp_path: Path
) -> None:
    old, new = tmp_path / "old.sock", tmp_path / "new.sock"
    with announced_demo_socket(old, places, UID) as link:
        assert link.parent.stat().st_mode & 0o777 == 0o700
        with announced_demo_socket(new, places, UID):
            assert link.readlink() == new
        assert not link.is_symlink()
    with announced_demo_socket(old, places, UID):
        again = announced_demo_socket(new, places, UID)
        again.__enter__()
    assert link.readlink() == new  # the older demo's end leaves the newer one's link
    again.__exit__(None, None, None)
    assert not link.is_symlink()


def test_the_demo_does_not_announce_itself_in_a_strangers_folder(
    places: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / f"tmp/openpdu-demo-{UID}").mkdir(mode=0o777)
    (tmp_path / f"tmp/openpdu-demo-{UID}").chmod(0o777)
    with (
        pytest.raises(OpenPduError, match="others may write"),
        announced_demo_socket(tmp_path / "s", places, UID),
    ):
        pass


def test_a_deep_folder_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with running_agent(folder) as agent:
        found = find_agent(str(agent.socket_path), {}, UID)
        assert found.get("device")["name"] == "rack-7"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n[]",
        b'HTTP/1.1 404 Not Found\r\nContent-Length: 11\r\n\r\n{"code": 1}',
    ],
)
def test_nonsense_at_the_other_end_is_reported_and_not_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: bytes
) -> None:
    with listening(tmp_path / "a.sock", answer) as path:
        assert main(["status", "--socket", str(path)]) in (exits.FAILURE, exits.NOT_REACHABLE)
    assert capsys.readouterr().err.startswith("openpdu: ")


def test_a_silent_agent_is_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", 0.1)
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        assert main(["status", "--socket", str(path)]) == exits.NOT_REACHABLE
    assert "timed out" in capsys.readouterr().err


@pytest.mark.parametrize(("has_memory", "folder"), [(True, "/dev/shm"), (False, "/var/tmp")])
def test_a_demo_writes_to_memory_where_there_is_some(
    monkeypatch: pytest.MonkeyPatch, has_memory: bool, folder: str
) -> None:
    monkeypatch.setattr("os.access", lambda *_: has_memory)
    assert paths.memory_folder({"TMPDIR": "/var/tmp"}) == Path(folder)
