# SPDX-License-Identifier: Apache-2.0
"""The socket of a driver: who may connect, what peers can do to it, and where it comes back."""

from __future__ import annotations

import asyncio
import grp
import logging
import os
import shutil
import socket
import stat
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pdu_agent.model.errors import UnknownTarget
from pdu_agent.nut.device import Variable
from pdu_agent.nut.driver import place
from pdu_agent.nut.driver.driver import Driver
from pdu_agent.nut.driver.links import MAX_BAD_LINES, MAX_LINKS, TURN_S
from tests.nut.device import Device

pytestmark = pytest.mark.asyncio

Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_S", "RETRY_S", "LONGEST_RETRY_S"):
        monkeypatch.setattr(place, name, 0.02)


@asynccontextmanager
async def driver(path: Path, device: Device, group: str = "") -> AsyncIterator[Driver]:
    made = Driver(device, path, group)
    made.start()
    await made.tried()
    try:
        yield made
    finally:
        made.stop()
        await asyncio.sleep(0)


async def connected(path: Path, say: bytes = b"") -> Peer:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=1 << 20)
    writer.write(say)
    return reader, writer


async def dumped(path: Path) -> Peer:
    peer = await connected(path, b"DUMPALL\n")
    await asyncio.wait_for(peer[0].readuntil(b"DUMPDONE\n"), 5)
    return peer


async def line(peer: Peer) -> bytes:
    return await asyncio.wait_for(peer[0].readline(), 5)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  a file tells nobody
            await asyncio.sleep(0.01)


def close(*peers: Peer) -> None:
    for _, writer in peers:
        writer.transport.abort()


# what is told


async def test_every_connection_hears_a_change_once_it_had_its_dump(tmp_path: Path) -> None:
    path, device = tmp_path / "openpdu-pdu", Device()
    async with driver(path, device) as unit:
        first, second, silent = await dumped(path), await dumped(path), await connected(path)
        device.shown = {"ups.status": Variable("OFF")}
        unit.publish()
        assert [await line(first), await line(second)] == 2 * [b"SETINFO ups.status OFF\n"]
        unit.publish()
        silent[1].write(b"PING\n")
        assert await line(silent) == b"PONG\n"
        first[1].write(b"PING\n")
        assert await line(first) == b"PONG\n"
        close(first, second, silent)


async def test_nothing_is_made_while_nobody_listens(tmp_path: Path) -> None:
    path, device = tmp_path / "openpdu-pdu", Device()
    async with driver(path, device) as unit:
        device.fault = AssertionError("it was asked")
        unit.publish()
        assert not unit.is_heard


async def test_a_fault_of_the_device_is_stale_data_and_ends_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, device = tmp_path / "openpdu-pdu", Device()
    async with driver(path, device) as unit:
        peer = await dumped(path)
        device.fault = ZeroDivisionError("a fault")
        unit.publish()
        unit.publish()
        assert await line(peer) == b"DATASTALE\n"
        assert [record.message.count("a fault") for record in caplog.records] == [1]
        device.fault = None
        unit.publish()
        assert await line(peer) == b"DATAOK\n"
        close(peer)


async def test_another_device_of_the_same_name_takes_over(tmp_path: Path) -> None:
    path, device = tmp_path / "openpdu-pdu", Device()
    async with driver(path, device) as unit:
        peer = await dumped(path)
        unit.device = Device(offered=("load.off",))
        unit.publish()
        assert await line(peer) == b"ADDCMD load.off\n"
        peer[1].write(b"INSTCMD load.off TRACKING 5\n")
        assert await line(peer) == b"TRACKING 5 0\n"
        assert device.asked == []
        close(peer)


async def test_goodbye_is_answered_and_the_connection_ends(tmp_path: Path) -> None:
    path, device = tmp_path / "openpdu-pdu", Device()
    async with driver(path, device):
        peer = await connected(path, b"LOGOUT\nINSTCMD load.off\n")
        assert await asyncio.wait_for(peer[0].read(), 5) == b"OK Goodbye\n"
        assert device.asked == []
        close(peer)


async def test_many_requests_at_once_are_all_answered(tmp_path: Path) -> None:
    path, device = tmp_path / "openpdu-pdu", Device()
    async with driver(path, device):
        peer = await connected(
            path, b"".join(b"SET a %d TRACKING %d\n" % (n, n) for n in range(20))
        )
        assert [await line(peer) for _ in range(20)] == [b"TRACKING %d 0\n" % n for n in range(20)]
        assert device.asked == [("a", str(n)) for n in range(20)]
        close(peer)


# bad peers


async def test_many_who_ask_at_once_do_not_keep_the_loop(tmp_path: Path) -> None:
    path, turn, asked_in = tmp_path / "openpdu-pdu", 0, Counter[int]()

    class Slow(Device):
        def write(self, variable: str, value: str) -> None:
            asked_in[turn] += 1
            time.sleep(TURN_S / 2)

    async with driver(path, Slow()):
        peers = [await connected(path, 10 * b"SET a 1 TRACKING 1\n") for _ in range(8)]
        async with asyncio.timeout(20):
            while asked_in.total() < 80:
                await asyncio.sleep(0)
                turn += 1
        close(*peers)
    assert max(asked_in.values()) <= 2


async def test_garbage_is_left_out_and_then_shown_the_door(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, device = tmp_path / "openpdu-pdu", Device()
    async with driver(path, device):
        peer = await connected(path, b'\xff\xfe\x00\nHELLO\nSET "never\n\n# x\nPING\n')
        assert await line(peer) == b"PONG\n"
        peer[1].write(MAX_BAD_LINES * b"GET / HTTP/1.1\n" + b"PING\n")
        assert await line(peer) == b"PONG\n"
        peer[1].write((MAX_BAD_LINES + 1) * b"GET / HTTP/1.1\n" + b"PING\n")
        assert await asyncio.wait_for(peer[0].read(), 5) == b""
        close(peer)
    assert device.asked == []
    assert len(caplog.records) == 1


async def test_lines_of_8_mib_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "openpdu-pdu"
    async with driver(path, Device()):
        peer = await connected(path)
        tracemalloc.start()
        try:
            for _ in range(128):
                peer[1].write(65_536 * b"A")
                await asyncio.wait_for(peer[1].drain(), 5)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        peer[1].write(b"\nPING\n")
        assert await line(peer) == b"PONG\n"
        assert peak < 1_000_000
        close(peer)


async def test_200_connections_that_say_nothing_do_not_shut_upsd_out(tmp_path: Path) -> None:
    path, device = tmp_path / "openpdu-pdu", Device()
    async with driver(path, device) as unit:
        upsd = await dumped(path)
        before = len(os.listdir("/proc/self/fd"))
        silent = [await connected(path) for _ in range(200)]
        await until(lambda: len(unit._links.open) == MAX_LINKS)
        device.shown = {"ups.status": Variable("OFF")}
        unit.publish()
        assert await line(upsd) == b"SETINFO ups.status OFF\n"
        second = await dumped(path)
        close(upsd, second, *silent)
        await until(lambda: not unit._links.open)
        await until(lambda: len(os.listdir("/proc/self/fd")) < before)


async def test_of_those_that_spoke_the_one_that_was_silent_longest_goes(tmp_path: Path) -> None:
    path = tmp_path / "openpdu-pdu"
    async with driver(path, Device()):
        peers = [await dumped(path) for _ in range(MAX_LINKS)]
        peers[0][1].write(b"PING\n")
        assert await line(peers[0]) == b"PONG\n"
        peers.append(await dumped(path))
        assert await asyncio.wait_for(peers[1][0].read(), 5) == b""
        peers[0][1].write(b"PING\n")
        assert await line(peers[0]) == b"PONG\n"
        close(*peers)


async def test_a_peer_that_does_not_read_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "openpdu-pdu"
    device = Device(shown={f"a.{n}": Variable(100 * "x") for n in range(1000)})
    async with driver(path, device) as unit:
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.connect(str(path))
            deaf.sendall(100 * b"DUMPALL\n")
            await until(lambda: len(unit._links.open) == 1)
            await until(lambda: not unit._links.open)
        close(await dumped(path))


async def test_a_refusal_ends_nothing_and_is_logged_now_and_then(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, device = tmp_path / "openpdu-pdu", Device(error=UnknownTarget("outlet 9 is not there"))
    async with driver(path, device):
        peer = await connected(path, 50 * b"INSTCMD outlet.9.load.off\n" + b"PING\n")
        assert await line(peer) == b"PONG\n"
        close(peer)
    (record,) = caplog.records
    assert "INSTCMD outlet.9.load.off: outlet 9 is not there" in record.message


# the file


async def test_the_socket_admits_its_user_alone_and_goes_with_the_driver(tmp_path: Path) -> None:
    path = tmp_path / "openpdu-pdu"
    async with driver(path, Device()):
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        assert os.listdir(tmp_path) == [path.name]
    assert not path.exists()


async def test_a_driver_that_is_stopped_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "openpdu-pdu"
    for turns in range(4):
        made = Driver(Device(), path, "")
        made.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        made.stop()
        await asyncio.sleep(0)
        assert not path.exists()


async def test_the_socket_admits_the_group_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "openpdu-pdu"
    group = grp.getgrgid(os.getgid())
    umask = os.umask(0o077)
    try:
        async with driver(path, Device(), group.gr_name):
            found = path.lstat()
            assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, group.gr_gid)
    finally:
        os.umask(umask)


async def test_without_the_group_it_is_for_its_user_alone_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "openpdu-pdu"
    async with driver(path, Device(), "no-such-group"):
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert "no group is called 'no-such-group' (nut.group)" in caplog.text


async def test_a_group_that_may_not_be_given_is_told_with_the_cure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "openpdu-pdu"

    def refuse(_path: object, _user: int, group: int) -> None:
        if group != -1:
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    async with driver(path, Device(), grp.getgrgid(os.getgid()).gr_name):
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert "usermod -a -G" in caplog.text


async def test_a_socket_of_a_dead_driver_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "openpdu-pdu"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with driver(path, Device()):
        close(await dumped(path))


async def test_a_socket_of_a_living_driver_is_left_alone_until_it_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "openpdu-pdu"
    living = socket.socket(socket.AF_UNIX)
    living.bind(str(path))
    living.listen(8)
    caplog.set_level(logging.INFO)
    async with driver(path, Device()):
        await asyncio.sleep(0.1)
        living.close()
        await until(lambda: "is there" in caplog.messages[-1])
        close(await dumped(path))
    assert [each.levelname for each in caplog.records if "place" in each.name] == ["ERROR", "INFO"]
    assert "another process listens at" in caplog.messages[0]


async def test_a_folder_that_comes_and_goes_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "nut"
    path = folder / "openpdu-pdu"
    async with driver(path, Device()):
        for _ in range(2):
            assert not path.exists()
            folder.mkdir()
            await until(path.exists)
            close(await dumped(path))
            shutil.rmtree(folder)
            await asyncio.sleep(0.1)
    complaints = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(complaints) == 3
    assert f"there is no folder {folder} (nut.state_path)" in complaints[0].message


async def test_a_socket_that_somebody_puts_in_its_place_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "openpdu-pdu"
    async with driver(path, Device()):
        path.unlink()
        path.write_text("mine", encoding="utf-8")
        await asyncio.sleep(0.1)
    assert path.read_text(encoding="utf-8") == "mine"
