# SPDX-License-Identifier: Apache-2.0
"""The driver program under a real upsdrvctl and upsd, before a real agent that comes and goes."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.nut import relay
from tests.nut.unit import Unit, running_unit
from tests.nut.upsd import Upsd, running_upsd
from tests.peers import require

pytestmark = pytest.mark.peer

RSS_LIMIT_KB = 16_000


class Stage:
    """The driver in the folder of an upsd."""

    def __init__(self, server: Upsd) -> None:
        self.server = server

    @property
    def pid_file(self) -> Path:
        return self.server.state_path / "openpdu-pdu.pid"

    @property
    def program(self) -> Path:
        return self.server.folder.parent / "drivers" / relay.DRIVER

    def status(self) -> str:
        return self.server.upsc("pdu", "outlet.1.status")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Unit]]:
    """upsd and the agent; the driver is started by each test."""
    require("upsdrvctl")
    folder = tmp_path_factory.mktemp("relay")
    own = folder / "agent-sockets"
    own.mkdir()
    relay.install(folder / "drivers")
    section = f"    driver = openpdu\n    port = {own}/openpdu-pdu\n    maxstartdelay = 20\n"
    with (
        running_upsd(folder / "nut", {"pdu": section}, conf="MAXAGE 3\n") as server,
        running_unit(folder / "unit", own, "rights: switch") as unit,
    ):
        conf = server.folder / "ups.conf"
        text = conf.read_text(encoding="utf-8")
        conf.write_text(f"driverpath = {folder}/drivers\n{text}", encoding="utf-8")
        unit.until(lambda: unit.moves() == ["1 1", "2 1", "3 1", "4 1"])  # at power-up
        yield Stage(server), unit


@pytest.fixture
def stage(place: tuple[Stage, Unit]) -> Iterator[Stage]:
    made, _ = place
    try:
        yield made
    finally:
        relay.upsdrvctl(made.server, "stop")
        made.server.until(lambda: not list(made.server.state_path.glob("openpdu-*")))


@pytest.fixture
def unit(place: tuple[Stage, Unit]) -> Unit:
    """Outlet 1 is on."""
    _, made = place
    if made.moves()[-1] == "1 0":
        made.switch(1, "on")
        made.until(lambda: made.moves()[-1] == "1 1")
    return made


def started(stage: Stage) -> int:
    """The number of the driver's process."""
    done = relay.upsdrvctl(stage.server, "start")
    assert done.returncode == 0, done.stdout + done.stderr
    return int(stage.pid_file.read_text(encoding="ascii"))


def test_upsd_has_the_agent_s_device_through_it(stage: Stage, unit: Unit) -> None:
    pid = started(stage)
    mode = (stage.server.state_path / "openpdu-pdu").stat().st_mode
    assert mode & 0o777 == 0o660
    stage.server.until(lambda: stage.status() == "on")
    direct = {"device.mfr": "OpenPDU", "device.type": "pdu", "outlet.count": "4"}
    told = stage.server.variables("pdu")
    assert {name: told[name] for name in direct} == direct
    assert "outlet.1.load.off" in stage.server.commands("pdu")
    assert stage.server.upscmd("pdu", "outlet.1.load.off") == "SUCCESS"
    stage.server.until(lambda: stage.status() == "off")
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    rss_kb = int(status.partition("VmRSS:")[2].split()[0])
    assert rss_kb < RSS_LIMIT_KB


def test_while_the_agent_is_away_the_data_are_stale_and_then_all_is_back(
    stage: Stage, unit: Unit
) -> None:
    started(stage)
    stage.server.until(lambda: stage.status() == "on")
    moves = unit.moves()
    unit.stop(signal.SIGKILL)
    stage.server.until(lambda: "stale" in stage.status())
    time.sleep(4)  # longer than MAXAGE: it lives, and says so
    assert stage.status() == "Error: Data stale"
    unit.start()
    stage.server.until(lambda: stage.status() == "on")
    assert unit.moves() == moves


def test_it_starts_before_the_agent_does(stage: Stage, unit: Unit) -> None:
    unit.stop()
    started(stage)
    stage.server.until(lambda: stage.status() == "Error: Data stale")
    unit.start()
    stage.server.until(lambda: stage.status() == "on")


def test_upsdrvctl_stops_it_and_it_leaves_nothing(stage: Stage, unit: Unit) -> None:
    started(stage)
    moves = unit.moves()
    assert relay.upsdrvctl(stage.server, "stop").returncode == 0
    stage.server.until(lambda: not list(stage.server.state_path.glob("openpdu-*")))
    assert unit.moves() == moves


def test_its_shutdown_of_the_load_is_refused_and_moves_nothing(stage: Stage, unit: Unit) -> None:
    started(stage)
    stage.server.until(lambda: stage.status() == "on")
    moves = unit.moves()
    done = relay.upsdrvctl(stage.server, "shutdown")
    assert done.returncode == 1
    assert "-k: refused, nothing is switched" in done.stderr
    time.sleep(1)
    assert unit.moves() == moves
    assert stage.status() == "on"


def run(stage: Stage, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(stage.program), *words],
        env=stage.server.environment,
        capture_output=True,
        encoding="utf-8",
        timeout=20,
        check=False,
    )


def test_a_second_one_for_the_same_device_is_refused(stage: Stage) -> None:
    pid = started(stage)
    second = run(stage, "-a", "pdu", "-u", getpass.getuser())
    assert second.returncode == 1
    assert "another process listens" in second.stderr
    assert int(stage.pid_file.read_text(encoding="ascii")) == pid
    stage.server.until(lambda: stage.status() in ("on", "off"))


def test_it_is_told_to_end_by_its_own_command_line(stage: Stage) -> None:
    started(stage)
    assert run(stage, "-a", "pdu", "-c", "reload").returncode == 0
    assert run(stage, "-a", "pdu", "-c", "restart").returncode == 1
    assert stage.pid_file.exists()
    assert run(stage, "-a", "pdu", "-c", "exit").returncode == 0
    stage.server.until(lambda: not stage.pid_file.exists())
    gone = run(stage, "-a", "pdu", "-c", "exit")
    assert gone.returncode == 1
    assert "the driver does not run" in gone.stderr


def test_one_that_was_killed_leaves_a_socket_that_the_next_one_takes(stage: Stage) -> None:
    os.kill(started(stage), signal.SIGKILL)
    stage.server.until(lambda: "Error" in stage.status())
    started(stage)
    stage.server.until(lambda: stage.status() in ("on", "off"))


def flood(path: str) -> None:
    """A line without end, until it is let go."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(5)
        peer.connect(path)
        for _ in range(1000):
            peer.sendall(b"x" * 8192)


def test_who_floods_it_is_let_go_and_upsd_is_served_on(stage: Stage, unit: Unit) -> None:
    pid = started(stage)
    stage.server.until(lambda: stage.status() == "on")
    path = str(stage.server.state_path / "openpdu-pdu")
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        flood(path)
    with ExitStack() as many:
        for _ in range(200):
            peer = many.enter_context(socket.socket(socket.AF_UNIX))
            peer.connect(path)
        unit.switch(1, "off")
        stage.server.until(lambda: stage.status() == "off")
        stage.server.stop()
        stage.server.start()
        stage.server.until(lambda: stage.status() == "off")
    # That of the tests takes all PID files away when its upsd stops.
    assert run(stage, "-a", "pdu", "-c", "exit", "-P", str(pid)).returncode == 0


def test_it_is_light() -> None:
    code = "import sys, pdu_agent.nut.relay.main; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    heavy = {"asyncio", "numpy", "pysnmp", "aiohttp", "yaml", "ssl", "logging", "subprocess"}
    assert not heavy & set(done.stdout.split())


def test_systemd_is_told_when_it_is_ready(stage: Stage, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        process = subprocess.Popen(
            [str(stage.program), "-a", "pdu", "-FF", "-u", getpass.getuser()],
            env={**stage.server.environment, "NOTIFY_SOCKET": str(tmp_path / "notify")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert manager.recv(200).decode("ascii") == f"READY=1\nMAINPID={process.pid}"
            assert int(stage.pid_file.read_text(encoding="ascii")) == process.pid
            assert (stage.server.state_path / "openpdu-pdu").is_socket()
        finally:
            process.terminate()
            assert process.wait(10) == 0
    assert not stage.pid_file.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_started_by_root_it_becomes_its_user_and_lets_that_group_in(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    program = relay.install(tmp_path / "drivers")
    with TemporaryDirectory() as folder:  # pytest's own are for root alone
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        become_nobody(program, Path(folder), nobody.pw_uid)


def become_nobody(program: Path, folder: Path, uid: int) -> None:
    process = subprocess.Popen(
        [str(program), "-s", "pdu", "-x", "port=/nowhere", "-F", "-u", "nobody", "-g", "daemon"],
        env={**os.environ, "NUT_STATEPATH": str(folder)},
        stdout=subprocess.DEVNULL,
    )
    try:
        path = folder / "openpdu-pdu"
        end_s = time.monotonic() + 10
        while not path.exists() or path.stat().st_gid != grp.getgrnam("daemon").gr_gid:
            assert time.monotonic() < end_s
            time.sleep(0.02)
        found = path.stat()
        assert (found.st_uid, found.st_mode & 0o777) == (uid, 0o660)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        assert f"Uid:\t{uid}\t{uid}\t{uid}" in status
    finally:
        process.terminate()
        assert process.wait(10) == 0
    assert not path.exists()
