# SPDX-License-Identifier: Apache-2.0
"""The subagent and a master that is away, comes back, hangs, floods or says nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.notifications import Notification, NotificationCounters
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.agentx import subagent as module
from pdu_agent.snmp.agentx.codec import Error
from pdu_agent.snmp.agentx.notices import MasterNotices
from pdu_agent.snmp.agentx.subagent import Subagent
from pdu_agent.snmp.notification_queue import QUEUE_LIMIT
from pdu_agent.snmp.passthrough_settings import AgentxSettings, parse_master
from tests.snmp import agentx_master as master
from tests.snmp.agentx_master import Packet
from tests.snmp.agentx_rig import lent, quiet_unit
from tests.snmp.notices import ARC, COLD_START, notice
from tests.snmp.rig import NAME, OUTLET, Core

pytestmark = pytest.mark.asyncio
NAME_1 = master.names((*OUTLET, NAME, 1))
LIMIT_S = 5.0


async def true(condition: Callable[[], object]) -> None:
    """Returns once it is so."""
    end_s = asyncio.get_running_loop().time() + LIMIT_S
    while not condition():
        assert asyncio.get_running_loop().time() < end_s
        await asyncio.sleep(0.001)


class FakeMaster:
    """Takes connections; answers the subagent's packets as long as `answers` says so."""

    def __init__(self) -> None:
        self.answers: Callable[[Packet], bool] = lambda _: True
        self.error_of: dict[int, int] = {}
        self.received: list[Packet] = []
        self.links: list[asyncio.StreamWriter] = []
        self._news = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def listen(self, path: Path) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(path))

    async def listen_tcp(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def vanish(self) -> None:
        """As a master that is killed."""
        if self._server is not None:
            self._server.close()
        for link in self.links:
            link.transport.abort()
        self.links.clear()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(20)
                payload = await reader.readexactly(int.from_bytes(head[16:20], "big"))
                (packet,) = master.packets(head + payload)
                self.received.append(packet)
                self._news.set()
                if packet.kind not in (master.RESPONSE, master.CLOSE) and self.answers(packet):
                    error = self.error_of.get(packet.kind, 0)
                    writer.write(master.response_to(packet, error))

    def of(self, kind: int) -> list[Packet]:
        return [packet for packet in self.received if packet.kind == kind]

    async def until(self, kind: int, count: int) -> list[Packet]:
        """The packets of that kind, once there are `count`."""
        async with asyncio.timeout(LIMIT_S):
            while len(self.of(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(kind)

    async def ask(self, kind: int, payload: bytes) -> Packet:
        already = len(self.of(master.RESPONSE))
        self.links[-1].write(master.request(kind, payload))
        return (await self.until(master.RESPONSE, already + 1))[-1]


class Pauses:
    """In place of asyncio.sleep: keeps what was asked for, waits for `release`."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []
        self._gate = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.asked_s.append(seconds)
        await self._gate.acquire()

    async def release(self, count: int = 1) -> None:
        """End this many pauses, and wait for the one after."""
        for _ in range(count):
            wanted = len(self.asked_s) + 1
            self._gate.release()
            await true(lambda wanted=wanted: len(self.asked_s) >= wanted)

    def let_go(self) -> None:
        self._gate.release()


@asynccontextmanager
async def running(place: str, pauses: Pauses) -> AsyncIterator[Subagent]:
    core = Core(quiet_unit())
    made = Subagent(AgentxSettings(place, Rights.WRITE), core, lent(core), pauses.sleep)
    made.start()
    try:
        yield made
    finally:
        await made.stop()


async def opened(fake: FakeMaster, count: int = 1) -> None:
    """Until session number `count` is registered."""
    roots = len(fake.of(master.REGISTER))
    await fake.until(master.OPEN, count)
    await fake.until(master.REGISTER, max(roots, 1))
    await true(lambda: fake.links)


async def test_it_serves_over_a_unix_socket_and_says_goodbye(tmp_path: Path) -> None:
    fake = FakeMaster()
    await fake.listen(tmp_path / "master")
    async with running(str(tmp_path / "master"), Pauses()):
        await opened(fake)
        assert (await fake.ask(master.GET, NAME_1)).varbinds[0][2] == b"Outlet 1"
    (goodbye,) = await fake.until(master.CLOSE, 1)
    assert goodbye.payload[0] == 5  # reasonShutdown
    await fake.vanish()


async def test_it_serves_over_tcp() -> None:
    fake = FakeMaster()
    port = await fake.listen_tcp()
    async with running(f"127.0.0.1:{port}", Pauses()):
        await opened(fake)
        assert (await fake.ask(master.GET, NAME_1)).varbinds[0][2] == b"Outlet 1"
    await fake.vanish()


async def test_it_tries_less_and_less_often_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    fake, pauses = FakeMaster(), Pauses()
    async with running(str(tmp_path / "master"), pauses):
        await true(lambda: pauses.asked_s)
        await pauses.release(8)
        assert pauses.asked_s == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        await fake.listen(tmp_path / "master")
        pauses.let_go()
        await opened(fake)
        assert (await fake.ask(master.GET, NAME_1)).varbinds[0][2] == b"Outlet 1"
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
        await fake.vanish()
        await true(lambda: len(pauses.asked_s) >= 10)
        assert [record.levelname for record in caplog.records][2:] == ["WARNING"]


async def test_a_session_that_lasted_is_followed_by_a_short_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEEP_ALIVE_S", 0.02)
    fake, pauses = FakeMaster(), Pauses()
    async with running(str(tmp_path / "master"), pauses):
        await true(lambda: pauses.asked_s)
        await pauses.release(3)
        await fake.listen(tmp_path / "master")
        pauses.let_go()
        await fake.until(master.PING, 2)
        await fake.vanish()
        await true(lambda: len(pauses.asked_s) >= 5)
        assert pauses.asked_s == [1, 2, 4, 8, 1]


async def test_a_master_that_drops_every_session_is_tried_less_and_less_often(
    tmp_path: Path,
) -> None:
    fake, pauses = FakeMaster(), Pauses()
    await fake.listen(tmp_path / "master")

    def drop(packet: Packet) -> bool:
        if packet.kind == master.ADD_CAPS:
            fake.links[-1].transport.abort()
        return True

    fake.answers = drop
    async with running(str(tmp_path / "master"), pauses):
        await true(lambda: pauses.asked_s)
        await pauses.release(3)
        assert pauses.asked_s == [1, 2, 4, 8]
    await fake.vanish()


async def test_what_somebody_else_has_is_said_once_whatever_the_number_of_sessions(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fake, pauses = FakeMaster(), Pauses()
    fake.error_of[master.REGISTER] = Error.DUPLICATE_REGISTRATION
    await fake.listen(tmp_path / "master")
    async with running(str(tmp_path / "master"), pauses):
        await true(lambda: pauses.asked_s)
        said = [record.message for record in caplog.records]
        await pauses.release(3)
    assert len(said) > 1
    assert [record.message for record in caplog.records] == said
    await fake.vanish()


async def test_it_registers_anew_with_a_master_that_was_restarted(tmp_path: Path) -> None:
    pauses = Pauses()
    async with running(str(tmp_path / "master"), pauses):
        for _ in range(5):
            await true(lambda: pauses.asked_s)
            pauses.asked_s.clear()
            fake = FakeMaster()
            (tmp_path / "master").unlink(missing_ok=True)
            await fake.listen(tmp_path / "master")
            pauses.let_go()
            await opened(fake)
            assert (await fake.ask(master.GET, NAME_1)).varbinds[0][2] == b"Outlet 1"
            await fake.vanish()


async def test_a_master_that_does_not_answer_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "READY_LIMIT_S", 0.05)
    fake, pauses = FakeMaster(), Pauses()
    fake.answers = lambda _: False
    await fake.listen(tmp_path / "master")
    async with running(str(tmp_path / "master"), pauses):
        await true(lambda: pauses.asked_s)
    assert "no answer" in caplog.text
    await fake.vanish()


async def test_a_master_that_hangs_later_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEEP_ALIVE_S", 0.02)
    fake, pauses = FakeMaster(), Pauses()
    fake.answers = lambda packet: packet.kind != master.PING
    await fake.listen(tmp_path / "master")
    async with running(str(tmp_path / "master"), pauses):
        await fake.until(master.PING, 1)
        (goodbye,) = await fake.until(master.CLOSE, 1)
        assert goodbye.payload[0] == 4  # reasonTimeouts
        await true(lambda: pauses.asked_s)
    await fake.vanish()


async def test_a_flood_does_not_hold_up_the_loop_and_is_answered_in_order(tmp_path: Path) -> None:
    fake = FakeMaster()
    await fake.listen(tmp_path / "master")
    async with running(str(tmp_path / "master"), Pauses()):
        await opened(fake)
        loop, slowest_s = asyncio.get_running_loop(), 0.0
        wanted = 3000
        flood = b"".join(
            master.request(master.GET_NEXT, NAME_1, number=number) for number in range(wanted)
        )
        fake.links[-1].write(flood)
        async with asyncio.timeout(3 * LIMIT_S):
            while len(fake.of(master.RESPONSE)) < wanted:
                begin_s = loop.time()
                await asyncio.sleep(0)
                slowest_s = max(slowest_s, loop.time() - begin_s)
        assert [packet.number for packet in fake.of(master.RESPONSE)] == list(range(wanted))
        assert slowest_s < 0.5
    await fake.vanish()


async def test_a_master_that_does_not_read_does_not_fill_the_memory(tmp_path: Path) -> None:
    accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    silent = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(200):
            head = await reader.readexactly(20)
            payload = await reader.readexactly(int.from_bytes(head[16:20], "big"))
            (packet,) = master.packets(head + payload)
            writer.write(master.response_to(packet))
            if packet.kind == master.ADD_CAPS and not accepted.qsize():
                accepted.put_nowait(writer)
            if silent.is_set():
                return

    server = await asyncio.start_unix_server(serve, str(tmp_path / "master"))
    async with running(str(tmp_path / "master"), Pauses()) as made:
        async with asyncio.timeout(LIMIT_S):
            writer = await accepted.get()
        await true(lambda: made._connection is not None)
        silent.set()
        bulk = b"\0\0\2\0" + master.names((1, 3))
        for _ in range(400):
            writer.write(master.request(master.GET_BULK, bulk))
        for _ in range(200):
            await asyncio.sleep(0.001)
        transport = made._connection._transport
        assert transport.get_write_buffer_size() < 2_000_000
        assert len(made._connection._session._buffer) < 1_000_000
        writer.transport.abort()
    server.close()


async def test_masters_are_paths_or_hosts() -> None:
    assert parse_master("/var/agentx/master") == "/var/agentx/master"
    assert parse_master("127.0.0.1") == ("127.0.0.1", 705)
    assert parse_master("[::1]:1705") == ("::1", 1705)
    for wrong in ("agentx/master", "tcp:127.0.0.1:705", "host:0", "host:99999", "::1", "a..b"):
        with pytest.raises(ConfigError, match="agentx"):
            parse_master(wrong)
    with pytest.raises(ConfigError, match="outlets"):
        AgentxSettings(outlets={"0": Rights.READ})


# -- notifications ------------------------------------------------------------------------


@asynccontextmanager
async def notices(made: Subagent, counters: NotificationCounters) -> AsyncIterator[MasterNotices]:
    outbox = MasterNotices(made.send, {"OPENPDU-MIB"}, counters)
    task = asyncio.get_running_loop().create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_notifications_wait_for_the_master_and_survive_its_death(tmp_path: Path) -> None:
    counters, pauses = NotificationCounters(), Pauses()
    async with running(str(tmp_path / "master"), pauses) as made, notices(made, counters) as box:
        box.put(notice(1))
        await true(lambda: pauses.asked_s)
        fake = FakeMaster()
        fake.answers = lambda packet: packet.kind != master.NOTIFY  # dies before it answers
        await fake.listen(tmp_path / "master")
        pauses.let_go()
        await fake.until(master.NOTIFY, 1)
        await fake.vanish()
        assert box.waiting == 1
        pauses.let_go()
        second = FakeMaster()
        (tmp_path / "master").unlink(missing_ok=True)
        await second.listen(tmp_path / "master")
        box.put(notice(2))
        box.put(notice(oid=COLD_START))  # of the same module here
        pauses.let_go()
        sent = await second.until(master.NOTIFY, 3)
        trap_oids = [master.read_varbinds(packet.payload)[0][2] for packet in sent]
        assert trap_oids == [(*ARC, 0, 1), (*ARC, 0, 1), COLD_START]
        async with asyncio.timeout(LIMIT_S):
            await box.drained()
        assert (counters.sent, counters.lost, box.waiting) == (3, 0, 0)
        await second.vanish()


async def test_notifications_are_bounded_and_those_of_other_modules_left_out(
    tmp_path: Path,
) -> None:
    counters = NotificationCounters()
    async with running(str(tmp_path / "master"), Pauses()) as made:
        box = MasterNotices(made.send, {"Sentry3-MIB"}, counters)
        box.put(notice())
        assert box.waiting == 0
        box = MasterNotices(made.send, {"OPENPDU-MIB"}, counters)
        for _ in range(QUEUE_LIMIT + 3):
            box.put(notice())
        assert (box.waiting, counters.dropped) == (QUEUE_LIMIT, 3)


async def test_a_notification_that_the_master_refuses_is_lost(tmp_path: Path) -> None:
    counters = NotificationCounters()
    fake = FakeMaster()
    fake.error_of[master.NOTIFY] = 268
    await fake.listen(tmp_path / "master")
    async with (
        running(str(tmp_path / "master"), Pauses()) as made,
        notices(made, counters) as box,
    ):
        box.put(notice())
        async with asyncio.timeout(LIMIT_S):
            await box.drained()
    assert (counters.sent, counters.lost) == (0, 1)
    await fake.vanish()


async def test_a_defect_of_ours_costs_one_notification(caplog: pytest.LogCaptureFixture) -> None:
    counters, sent = NotificationCounters(), []

    async def send(notification: Notification) -> int:
        sent.append(notification)
        if len(sent) == 1:
            raise RuntimeError
        return 0

    outbox = MasterNotices(send, {"OPENPDU-MIB"}, counters)
    task = asyncio.get_running_loop().create_task(outbox.run())
    for number in (1, 2):
        outbox.put(notice(number))
    async with asyncio.timeout(LIMIT_S):
        await outbox.drained()
    task.cancel()
    assert (counters.lost, counters.sent, outbox.waiting) == (1, 1, 0)
    assert "RuntimeError" in caplog.text
