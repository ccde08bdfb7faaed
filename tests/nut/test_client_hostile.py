# SPDX-License-Identifier: Apache-2.0
"""NUT servers that are slow, broken or hostile: the UPS is marked, and read again by itself."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.model.ups import Ups
from pdu_agent.nut.client import link, reader, server
from pdu_agent.nut.client.reader import Pauses, UpsReader
from pdu_agent.nut.settings import Tls, UpsSettings

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

ROWS = b'VAR rack ups.status "OL"\nVAR rack battery.charge "98"\n'
GOOD = b"BEGIN LIST VAR rack\n" + ROWS + b"END LIST VAR rack\n"


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "ANSWER_S", 0.15)
    monkeypatch.setattr(reader, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(reader, "LONGEST_PAUSE_S", 0.05)
    monkeypatch.setattr(reader, "LOOK_S", 0.02)
    monkeypatch.setattr(reader, "LEAST_STALE_S", 0.0)


class Rig:
    """A reader of one UPS, and all that it told; uptime is the loop's time."""

    def __init__(self) -> None:
        self.told: list[tuple[Ups, ...]] = []
        self.reader = UpsReader(self.told.append, asyncio.get_running_loop().time)

    @property
    def row(self) -> Ups:
        return self.told[-1][0]

    async def until(self, condition: Callable[[], bool], limit_s: float = 20.0) -> None:
        end_s = asyncio.get_running_loop().time() + limit_s
        while not condition():
            await asyncio.sleep(0.01)
            assert asyncio.get_running_loop().time() < end_s, self.told


@asynccontextmanager
async def reading(serve: Serve, host: str = "127.0.0.1", **more: object) -> AsyncIterator[Rig]:
    async def closing(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        try:
            await serve(incoming, outgoing)
        except ConnectionError:
            pass
        finally:
            outgoing.close()

    listener = await asyncio.start_server(closing, host, 0)
    port = listener.sockets[0].getsockname()[1]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    rig = Rig()
    settings = UpsSettings("rack", address, poll_s=0.1, stale_after_s=0.25, **more)  # type: ignore[arg-type]
    rig.reader.read((settings,))
    try:
        yield rig
    finally:
        await rig.reader.stop()
        listener.close()
        await asyncio.sleep(0.02)


async def good(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
    while await incoming.readline():
        outgoing.write(GOOD)
        await outgoing.drain()


def saying(answer: bytes, then_close: bool = False) -> Serve:
    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        while await incoming.readline():
            outgoing.write(answer)
            await outgoing.drain()
            if then_close:
                return

    return serve


async def never(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
    await incoming.read(-1)


async def drips(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
    """An octet now and then keeps no request alive."""
    while True:
        outgoing.write(b"V")
        await outgoing.drain()
        await asyncio.sleep(0.02)


async def endless(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
    await incoming.readline()
    outgoing.write(b"BEGIN LIST VAR rack\n")
    while True:
        outgoing.write(b'VAR rack x.y "z"\n' * 100)
        await outgoing.drain()


async def one_line(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
    await incoming.readline()
    while True:
        outgoing.write(b"x" * 65536)
        await outgoing.drain()


@pytest.mark.parametrize(
    ("serve", "text"),
    [
        (never, "no answer within"),
        (drips, "no answer within"),
        (endless, "an answer is longer"),
        (one_line, "a line is longer"),
        (saying(b"ERR UNKNOWN-UPS\n"), "no UPS of that name"),
        (saying(b"ERR DATA-STALE\n"), "no news of the UPS"),
        (saying(b"ERR DRIVER-NOT-CONNECTED\n"), "is it started"),
        (saying(GOOD.replace(b"rack", b"other")), "no list of the variables"),
        (saying(GOOD[:30], then_close=True), "closed the connection"),
        (saying(b"", then_close=True), "closed the connection"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "no list of the variables"),
        (saying(GOOD + GOOD), "more came than the answer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_server_that_is_none(serve: Serve, text: str) -> None:
    async def run() -> None:
        async with reading(serve) as rig:
            await rig.until(lambda: text in rig.row.trouble)
            assert not rig.row.is_reachable
            assert rig.row.variables == {}

    asyncio.run(run())


def test_a_connection_that_ends_after_any_octet_leaves_the_values_whole() -> None:
    async def run() -> None:
        count = 0

        async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
            nonlocal count
            count += 1
            await incoming.readline()
            outgoing.write(GOOD[: count * 7] if count % 4 else GOOD)
            await outgoing.drain()

        async with reading(serve) as rig:
            await rig.until(lambda: count * 7 > len(GOOD), 20.0)
            answered = {rows[0].charge_pct for rows in rig.told}
            assert answered == {None, 98.0}

    asyncio.run(run())


def test_it_comes_back_by_itself_and_keeps_what_it_knew() -> None:
    async def run() -> None:
        is_well = True

        async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
            while await incoming.readline() and is_well:
                outgoing.write(GOOD)
                await outgoing.drain()

        async with reading(serve) as rig:
            await rig.until(lambda: rig.row.is_reachable)
            is_well = False
            await rig.until(lambda: not rig.row.is_reachable)
            assert (rig.row.charge_pct, rig.row.trouble) == (
                98.0,
                "the server closed the connection",
            )
            is_well = True
            await rig.until(lambda: rig.row.is_reachable)

    asyncio.run(run())


def test_the_loop_goes_on_while_a_server_hangs() -> None:
    async def run() -> None:
        async with reading(endless), reading(never):
            longest_s, last_s = 0.0, time.thread_time()
            for _ in range(50):
                await asyncio.sleep(0.01)
                now_s = time.thread_time()
                longest_s, last_s = max(longest_s, now_s - last_s), now_s
            assert longest_s < 0.25

    asyncio.run(run())


def test_a_long_answer_is_read_in_pieces_between_which_the_loop_goes_on() -> None:
    rows = b"".join(b'VAR rack x.%d "%d"\n' % (number, number) for number in range(2000))

    async def run() -> None:
        async with reading(saying(GOOD.replace(ROWS, ROWS + rows))) as rig:
            (settings,) = rig.reader._settings
            await rig.until(lambda: rig.row.is_reachable)
            opened = await server.opened(server.server_of(settings), "rack", rig.reader._executor)
            turns, variables = 0, asyncio.create_task(opened.variables("rack"))
            while not variables.done():
                await asyncio.sleep(0)
                turns += 1
            assert len(await variables) == 2002
            assert turns > 2000 / link.VARIABLES_AT_ONCE
            opened.close()

    asyncio.run(run())


def test_a_loss_and_a_return_are_one_line_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def run() -> None:
        is_well = False

        async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
            if is_well:
                await good(incoming, outgoing)

        async with reading(serve) as rig:
            await rig.until(lambda: bool(told()))
            is_well = True
            await rig.until(lambda: rig.row.is_reachable)

    def told() -> list[str]:
        return [record.message for record in caplog.records if "NUT server" in record.message]

    asyncio.run(run())
    lines = told()
    assert len(lines) == 2, lines
    assert lines[1].endswith("it answers again")


def test_two_upses_of_a_server_share_a_connection() -> None:
    async def run() -> None:
        connections = 0

        async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            while line := await incoming.readline():
                name = line.split()[-1]
                outgoing.write(GOOD.replace(b"rack", name))
                await outgoing.drain()

        async with reading(serve) as rig:
            (first,) = rig.reader._settings
            second = UpsSettings("lab", first.server, poll_s=0.1, stale_after_s=0.25)
            await rig.until(lambda: rig.row.is_reachable)
            rig.reader.read((first, second))
            await rig.until(lambda: all(ups.is_reachable for ups in rig.told[-1]))
            assert [ups.name for ups in rig.told[-1]] == ["rack", "lab"]
            assert connections == 2  # one before the reload, one after it
            rig.reader.read((second,))
            await rig.until(lambda: len(rig.told[-1]) == 1)
            assert rig.row.is_reachable

    asyncio.run(run())


def test_the_login_reads_its_file_anew_and_tells_nothing_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secret = tmp_path / "ups.secret"
    secret.write_text("wrong-hunter2\n", encoding="utf-8")
    said: list[bytes] = []

    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        is_in = b""
        while line := await incoming.readline():
            said.append(line)
            if line.startswith(b"PASSWORD"):
                is_in = line
            if line.startswith(b"LOGIN") and b"right" not in is_in:
                outgoing.write(b"ERR ACCESS-DENIED\n")
            else:
                outgoing.write(GOOD if line.startswith(b"LIST") else b"OK\n")
            await outgoing.drain()

    async def run() -> None:
        async with reading(serve, user="me", secret_file=str(secret)) as rig:
            await rig.until(lambda: "refuses the login of me" in rig.row.trouble)
            assert "hunter2" not in rig.row.trouble + repr(rig.reader.__dict__)
            secret.write_text("right-hunter2\nmore\n", encoding="utf-8")
            await rig.until(lambda: rig.row.is_reachable)
            assert said[-4:-1] == [b"USERNAME me\n", b"PASSWORD right-hunter2\n", b"LOGIN rack\n"]

    asyncio.run(run())
    assert "hunter2" not in caplog.text


def test_words_slipped_in_before_tls_begins_end_the_attempt_at_once(tmp_path: Path) -> None:
    secret = tmp_path / "ups.secret"
    secret.write_text("hunter2\n", encoding="utf-8")
    said: list[bytes] = []

    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        while line := await incoming.readline():
            said.append(line)
            outgoing.write(b"OK STARTTLS\n")
            await asyncio.sleep(0)
            outgoing.write(b"OK\nOK\n")

    async def run() -> None:
        more = {"user": "me", "secret_file": str(secret), "tls": Tls.VERIFIED}
        async with reading(serve, **more) as rig:
            await rig.until(lambda: "yet" not in rig.row.trouble)
            await rig.until(lambda: said.count(b"STARTTLS\n") > 3)

    asyncio.run(run())
    assert not any(b"hunter2" in line for line in said)


@pytest.mark.parametrize(
    ("content", "text"),
    [(None, "cannot be read: No such file"), (b"", "is empty"), (b"\xc3\xa4\n", "printable ASCII")],
)
def test_a_secret_file_that_is_none(tmp_path: Path, content: bytes | None, text: str) -> None:
    secret = tmp_path / "ups.secret"
    if content is not None:
        secret.write_bytes(content)

    async def run() -> None:
        async with reading(good, user="me", secret_file=str(secret)) as rig:
            await rig.until(lambda: text in rig.row.trouble)

    asyncio.run(run())


def test_names_that_nobody_knows_and_ports_where_nobody_listens() -> None:
    async def run() -> None:
        rig = Rig()
        rig.reader.read(
            (
                UpsSettings("a", "no.such.host.invalid:3493", stale_after_s=0.25),
                UpsSettings("b", "127.0.0.1:1", stale_after_s=0.25),
                UpsSettings("c", "[::1]:1", stale_after_s=0.25),
            )
        )
        await rig.until(lambda: all("yet" not in ups.trouble for ups in rig.told[-1]), 10.0)
        a, b, c = (ups.trouble for ups in rig.told[-1])
        assert "no.such.host.invalid cannot be resolved" in a
        assert "nothing listens at 127.0.0.1:1" in b
        assert "[::1]:1" in c
        await rig.reader.stop()

    asyncio.run(run())


def test_an_address_of_ipv6() -> None:
    async def run() -> None:
        async with reading(good, "::1") as rig:
            await rig.until(lambda: rig.row.is_reachable)
            assert rig.row.source.startswith("rack@[::1]:")

    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    asyncio.run(run())


def test_reading_goes_on_whatever_others_make_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with reading(good) as rig:
            await rig.until(lambda: rig.row.is_reachable)
            heard = 0

            def fails(rows: tuple[Ups, ...]) -> None:
                nonlocal heard
                heard += 1
                raise RuntimeError("a fault of somebody else")

            rig.reader._deliver = fails
            (settings,) = rig.reader._settings
            rig.reader.read((replace(settings, inlets=(1,)),))
            rig.reader.read((replace(settings, inlets=(2,)),))
            await rig.until(lambda: heard >= 2)
            rig.reader._deliver = rig.told.append
            rig.reader.read((replace(settings, inlets=(3,)),))
            await rig.until(lambda: rig.row.inlets == (3,) and rig.row.is_reachable)

    asyncio.run(run())
    assert "a fault of somebody else" in caplog.text


def test_pauses_grow_up_to_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pauses = Pauses()
    waited = [pauses.next_s() for _ in range(12)]
    assert waited[0] <= 0.5
    assert all(15.0 <= each <= 30.0 for each in waited[-3:])
    pauses.start_anew()
    assert pauses.next_s() <= 0.5
