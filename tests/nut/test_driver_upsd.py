# SPDX-License-Identifier: Apache-2.0
"""The unit as a device of a real upsd: seen, switched, refused, lost and found again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.nut.unit import Unit, running_unit
from tests.nut.upsd import ADMIN, GUEST, OPERATOR, Upsd, running_upsd
from tests.peers import require_terminals

pytestmark = pytest.mark.peer

SOON_S = 5.0
DENIED, UNSUPPORTED = "ERR ACCESS-DENIED", "ERR CMD-NOT-SUPPORTED"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Upsd, Unit]]:
    require_terminals()
    folder = tmp_path_factory.mktemp("nut")
    with (
        running_upsd(folder / "nut", {"pdu": "openpdu"}) as server,
        running_unit(folder / "unit", server.state_path) as unit,
    ):
        unit.until(lambda: len(unit.moves()) == 4)
        server.until(lambda: server.upsc("pdu", "outlet.4.status") == "on")
        yield server, unit


def away(server: Upsd) -> bool:
    return server.upsc("pdu", "ups.status").startswith(("Error: Driver", "Error: Data stale"))


def back(server: Upsd) -> bool:
    return server.upsc("pdu", "outlet.count") == "4"


def statuses(server: Upsd) -> list[str]:
    return [server.upsc("pdu", f"outlet.{number}.status") for number in range(1, 5)]


@pytest.mark.alone
def test_a_relay_is_seen_at_once_and_meters_each_second(pair: tuple[Upsd, Unit]) -> None:
    server, unit = pair
    for action, shown in (("off", "off"), ("on", "on")):
        unit.switch(2, action)
        began_s = time.monotonic()
        unit.until(lambda shown=shown: unit.moves()[-1] == f"2 {int(shown == 'on')}")
        server.until(lambda shown=shown: server.upsc("pdu", "outlet.2.status") == shown)
        assert time.monotonic() - began_s < 1.0
    first = server.upsc("pdu", "input.realpower")
    assert server.until(lambda: server.upsc("pdu", "input.realpower") != first) < 2.5


def test_commands_and_writes_of_nut_are_carried_out(pair: tuple[Upsd, Unit]) -> None:
    server, unit = pair
    assert server.upscmd("pdu", "outlet.1.load.off", user=OPERATOR) == "SUCCESS"
    server.until(lambda: server.upsc("pdu", "outlet.1.status") == "off", SOON_S)
    assert server.upscmd("pdu", "OUTLET.1.Load.On") == "SUCCESS"
    server.until(lambda: server.upsc("pdu", "outlet.1.status") == "on", SOON_S)
    assert unit.moves()[-2:] == ["1 0", "1 1"]
    for name in ('a "quoted" \\ # name', 'A "quoted" \\ # NAME', "=", "web"):
        assert server.upsrw("pdu", "outlet.3.desc", name) == "SUCCESS"
        server.until(lambda name=name: server.upsc("pdu", "outlet.3.desc") == name, SOON_S)
        assert unit.api("GET", "/outlets/3")[1]["name"] == name


@pytest.mark.parametrize(
    ("words", "user", "answer"),
    [
        (("outlet.9.load.off",), ADMIN, UNSUPPORTED),
        (("outlet.1.load.explode",), ADMIN, UNSUPPORTED),
        (("outlet.1.load.off", "7"), ADMIN, "ERR INVALID-ARGUMENT"),
        (("outlet.1.load.off.delay", "-1"), ADMIN, "ERR INVALID-ARGUMENT"),
        (("outlet.1.load.off.delay", "soon"), ADMIN, "ERR INVALID-ARGUMENT"),
        (("outlet.1.load.off.delay", "9999999"), ADMIN, "ERR INVALID-ARGUMENT"),
        (("outlet.1.load.off",), GUEST, DENIED),
        (("outlet.2.load.off",), OPERATOR, DENIED),
    ],
)
def test_a_bad_command_is_an_error_and_nothing_moves(
    pair: tuple[Upsd, Unit], words: tuple[str, ...], user: str, answer: str
) -> None:
    server, unit = pair
    moves = unit.moves()
    assert answer in server.upscmd("pdu", *words, user=user)
    assert statuses(server) == ["on"] * 4
    assert unit.moves() == moves
    assert all(outlet["pending"] is None for outlet in unit.api("GET", "/outlets")[1]["outlets"])


@pytest.mark.parametrize(
    ("variable", "value", "user", "answer"),
    [
        ("outlet.1.delay.shutdown", "99999999", ADMIN, "ERR INVALID-VALUE"),
        ("outlet.1.delay.shutdown", "5abc", ADMIN, "ERR INVALID-ARGUMENT"),
        ("experimental.outlet.1.powerup", "maybe", ADMIN, "ERR INVALID-VALUE"),
        ("outlet.1.desc", 400 * "x", ADMIN, "ERR TOO-LONG"),
        ("outlet.1.current", "3", ADMIN, "ERR READONLY"),
        ("outlet.9.desc", "x", ADMIN, "ERR VAR-NOT-SUPPORTED"),
        ("outlet.1.desc", "x", GUEST, DENIED),
    ],
)
def test_a_bad_value_is_an_error_and_nothing_is_written(
    pair: tuple[Upsd, Unit], variable: str, value: str, user: str, answer: str
) -> None:
    server, unit = pair
    before = unit.api("GET", "/outlets/1")[1]
    assert answer in server.upsrw("pdu", variable, value, user=user)
    after = unit.api("GET", "/outlets/1")[1]
    assert [after[key] for key in ("name", "off_delay_s")] == [
        before[key] for key in ("name", "off_delay_s")
    ]


def test_a_hostile_crowd_on_the_socket_changes_nothing(pair: tuple[Upsd, Unit]) -> None:
    server, unit = pair
    path = str(server.state_path / "openpdu-pdu")
    descriptors, moves = unit.descriptors(), unit.moves()
    with ExitStack() as crowd:

        def joined(say: bytes) -> None:
            peer = crowd.enter_context(socket.socket(socket.AF_UNIX))
            peer.connect(path)
            peer.settimeout(10)
            with suppress(BrokenPipeError, ConnectionResetError):  # it was shown the door
                peer.sendall(say)

        joined(os.urandom(100_000))
        joined(8 * 1024 * 1024 * b"A")
        joined(200 * b"INSTCMD load.explode\0\n")
        before_mb = unit.rss_mb()
        for _ in range(200):
            joined(b"")
        joined(8 * 1024 * 1024 * b'SET "')
        server.until(lambda: back(server), SOON_S)
        assert server.upscmd("pdu", "outlet.1.load.on") == "SUCCESS"
        assert unit.rss_mb() - before_mb < 8
    unit.until(lambda: unit.descriptors() <= descriptors + 1)
    assert unit.moves() == moves
    assert unit.log().count("requests on NUT driver sockets were not done") <= 2


def test_upsd_comes_back_to_the_unit_and_no_outlet_moves(pair: tuple[Upsd, Unit]) -> None:
    server, unit = pair
    moves = unit.moves()
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        server.stop(number)
        server.start()
        server.until(lambda: back(server), SOON_S)
    assert unit.moves() == moves


def test_the_socket_comes_back_with_its_folder(pair: tuple[Upsd, Unit]) -> None:
    server, _ = pair
    server.stop()
    shutil.rmtree(server.state_path)
    time.sleep(0.5)
    server.state_path.mkdir(mode=0o700)
    server.start()
    server.until(lambda: back(server), 15)


def test_the_unit_is_missed_while_it_is_away_and_found_again(pair: tuple[Upsd, Unit]) -> None:
    server, unit = pair
    moves = unit.moves()
    for number in (signal.SIGKILL, signal.SIGTERM):
        unit.stop(number)
        server.until(lambda: away(server), SOON_S)
        unit.start()
        server.until(lambda: back(server) and statuses(server) == ["on"] * 4, 10)
    assert unit.moves() == moves


def test_a_unit_that_hangs_is_stale_until_it_goes_on(pair: tuple[Upsd, Unit]) -> None:
    server, unit = pair
    assert unit.process is not None
    unit.process.send_signal(signal.SIGSTOP)
    try:
        server.until(lambda: server.upsc("pdu", "ups.status") == "Error: Data stale", 10)
    finally:
        unit.process.send_signal(signal.SIGCONT)
    server.until(lambda: back(server), 10)


def test_what_is_not_granted_is_neither_offered_nor_done(tmp_path: Path) -> None:
    require_terminals()
    nut = "rights: read, outlets: {2: switch, 3: none}"
    with (
        running_upsd(tmp_path / "nut", {"pdu": "openpdu"}) as server,
        running_unit(tmp_path / "unit", server.state_path, nut) as unit,
    ):
        unit.until(lambda: len(unit.moves()) == 4)
        server.until(lambda: server.upsc("pdu", "outlet.4.status") == "on")
        moves = unit.moves()
        assert {
            name.rsplit(".load", 1)[0] for name in server.commands("pdu") if "load" in name
        } == {"outlet.2"}
        assert not [name for name in server.variables("pdu") if name.startswith("outlet.3.")]
        assert server.run("upsrw", server.ups("pdu")) == ""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(5)
            peer.connect(str(server.state_path / "openpdu-pdu"))
            peer.sendall(
                b"INSTCMD outlet.1.load.off TRACKING 1\nINSTCMD load.off TRACKING 2\n"
                b"INSTCMD outlet.3.load.off TRACKING 3\nSET outlet.2.desc x TRACKING 4\nPING\n"
            )
            told = b""
            while not told.endswith(b"PONG\n"):
                told += peer.recv(4096)
        assert all(line.rsplit(b" ", 1)[1] != b"0" for line in told.splitlines()[:-1])
        assert told.count(b"TRACKING") == 4
        assert unit.moves() == moves

        unit.config.write_text(unit.body.replace("rights: read", "rights: write"), "utf-8")
        assert unit.process is not None
        unit.process.send_signal(signal.SIGHUP)
        server.until(lambda: "outlet.4.load.off" in server.commands("pdu"), SOON_S)
        assert server.upsrw("pdu", "outlet.4.desc", "backup") == "SUCCESS"
        server.until(lambda: server.upsc("pdu", "outlet.4.desc") == "backup", SOON_S)
