# SPDX-License-Identifier: Apache-2.0
"""The shipped relay between snmpd's pipe and the agent's socket, as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.tree import dotted
from pdu_agent.model.commands import Action, SwitchOutlet
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.passthrough import roots
from pdu_agent.snmp.passthrough_server import MAX_CONNECTIONS, PassPersistServer
from pdu_agent.snmp.passthrough_settings import PassPersistSettings
from tests.peers import require
from tests.snmp.agentx_master import SHIPPED, Snmpd, shipped
from tests.snmp.agentx_rig import lent, quiet_unit
from tests.snmp.rig import COMMAND, LOCKED_OUTLET, NAME, OUTLET, STATE, Core
from tests.snmp.test_agentx_snmpd import EVERYBODY, lines, numbers, own_port, run

pytestmark = pytest.mark.asyncio
LIMIT_S = 10.0
NAME_1 = f".{dotted((*OUTLET, NAME, 1))}"
FOUND = f"{NAME_1}\nstring\nOutlet 1\n"


def cell(column: int, row: int) -> str:
    return f".{dotted((*OUTLET, column, row))}"


@asynccontextmanager
async def agent(path: Path, core: Core, rights: Rights = Rights.WRITE) -> AsyncIterator[None]:
    server = PassPersistServer(PassPersistSettings(str(path), rights=rights), core, lent(core))
    await server.start()
    try:
        yield
    finally:
        await server.stop()
        await asyncio.sleep(0)


class Relay:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ask(self, *question: str, answers: int = 1) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("".join(f"{line}\n" for line in question).encode("latin-1"))
        async with asyncio.timeout(LIMIT_S):
            return b"".join([await self.process.stdout.readline() for _ in range(answers)]).decode(
                "latin-1"
            )

    async def until(self, *question: str, answers: int, shows: str) -> None:
        end_s = asyncio.get_running_loop().time() + LIMIT_S
        answer = ""
        while answer != shows:
            assert asyncio.get_running_loop().time() < end_s
            first = await self.ask(*question)
            more = 0 if first == "NONE\n" else answers - 1
            answer = first + (await self.ask(answers=more) if more else "")
            await asyncio.sleep(0.05)


@asynccontextmanager
async def relay(path: Path) -> AsyncIterator[Relay]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", str(SHIPPED / "openpdu-pass"), str(path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Relay(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        _, errors = await process.communicate()
        assert errors == b""


async def test_questions_go_through_and_answers_come_back(tmp_path: Path) -> None:
    core = Core(quiet_unit())
    async with agent(tmp_path / "pass.sock", core), relay(tmp_path / "pass.sock") as peer:
        assert await peer.ask("PING") == "PONG\n"
        assert await peer.ask("get", NAME_1, answers=3) == FOUND
        assert await peer.ask("getnext", f".{dotted((*OUTLET, NAME))}", answers=3) == FOUND
        assert await peer.ask("get", cell(NAME, 99)) == "NONE\n"
        assert await peer.ask("set", cell(COMMAND, 1), "integer 2") == "DONE\n"
        assert await peer.ask("set", cell(STATE, 1), "integer 2") == "not-writable\n"
    assert core.submitted == [[SwitchOutlet(1, Action.OFF)]]


async def test_without_an_agent_nothing_hangs_and_it_is_found_when_it_is_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pass.sock"
    async with relay(path) as peer:
        assert await peer.ask("PING") == "PONG\n"
        assert await peer.ask("get", NAME_1) == "NONE\n"
        assert await peer.ask("set", NAME_1, 'string "a"') == "resource-unavailable\n"
        for _ in range(5):
            core = Core(quiet_unit())
            async with agent(path, core):
                await peer.until("get", NAME_1, answers=3, shows=FOUND)
            assert await peer.ask("getnext", NAME_1) == "NONE\n"
            assert core.submitted == []


async def test_an_agent_that_was_restarted_is_asked_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pass.sock"
    async with relay(path) as peer:
        async with agent(path, Core(quiet_unit())):
            assert await peer.ask("get", NAME_1, answers=3) == FOUND
        async with agent(path, Core(quiet_unit())):
            assert await peer.ask("get", NAME_1, answers=3) == FOUND


async def test_an_agent_that_hangs_costs_two_seconds_and_its_late_answer_nobody_sees(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pass.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        async with relay(path) as peer:
            loop = asyncio.get_running_loop()
            begin_s = loop.time()
            assert await peer.ask("get", NAME_1) == "NONE\n"
            assert loop.time() - begin_s < 3
            link, _ = listening.accept()
            link.close()
            assert await peer.ask("set", NAME_1, 'string "a"') == "resource-unavailable\n"
            assert loop.time() - begin_s < 3.5


async def test_garbage_and_goodbye(tmp_path: Path) -> None:
    path = tmp_path / "pass.sock"
    async with agent(path, Core(quiet_unit())), relay(path) as peer:
        assert await peer.ask("hello") == "NONE\n"
        assert await peer.ask("get", "\0\xff") == "NONE\n"
        assert await peer.ask("get", NAME_1, answers=3) == FOUND
        assert peer.process.stdin is not None
        peer.process.stdin.write(b"\n\n")  # snmpd sends one after each set
        assert await peer.ask("PING") == "PONG\n"
        peer.process.stdin.close()
        async with asyncio.timeout(LIMIT_S):
            assert await peer.process.wait() == 0


async def test_a_set_that_is_not_whole_holds_up_nobody_and_is_not_said_to_be_done(
    tmp_path: Path,
) -> None:
    path, core = tmp_path / "pass.sock", Core(quiet_unit())
    async with agent(path, core), relay(path) as peer:
        assert peer.process.stdin is not None
        # snmpd cuts a long value where its buffer ends, with the end of the line.
        peer.process.stdin.write(f'set\n{NAME_1}\noctet "00 00'.encode())
        assert await peer.ask(answers=1) == "gen-error\n"
        assert await peer.ask("PING") == "PONG\n"
        assert await peer.ask("set", NAME_1, f'string "{"x" * 9000}"') == "gen-error\n"
        assert core.submitted == []
        await peer.until("get", NAME_1, answers=3, shows=FOUND)


# -- the socket ---------------------------------------------------------------------------


async def test_the_socket_is_ours_alone_and_goes_with_the_agent(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pass.sock"
    async with agent(path, Core(quiet_unit())):
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        assert [entry.name for entry in path.parent.iterdir()] == ["pass.sock"]
        with pytest.raises(ConfigError, match="another process listens"):
            async with agent(path, Core(quiet_unit())):
                pass
    assert not path.exists()


async def test_a_group_gets_the_socket_and_through_the_folder_that_is_made(tmp_path: Path) -> None:
    path, core = tmp_path / "new" / "pass.sock", Core(quiet_unit())
    settings = PassPersistSettings(str(path), group=grp.getgrgid(os.getgid()).gr_name)
    umask = os.umask(0o077)  # as the systemd unit has it
    try:
        server = PassPersistServer(settings, core, lent(core))
        await server.start()
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.lstat().st_mode) == 0o660
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
    await server.stop()


async def test_a_socket_that_was_left_over_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "pass.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with agent(path, Core(quiet_unit())):
        pass
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no socket"):
        async with agent(path, Core(quiet_unit())):
            pass
    assert path.read_text(encoding="utf-8") == "mine"


async def test_bad_settings_are_named(tmp_path: Path) -> None:
    core = Core(quiet_unit())
    with pytest.raises(ConfigError, match="no path"):
        PassPersistSettings("pass.sock")
    settings = PassPersistSettings(str(tmp_path / "pass.sock"), group="no-such-group")
    with pytest.raises(ConfigError, match="no-such-group"):
        await PassPersistServer(settings, core, lent(core)).start()
    long = PassPersistSettings("/" + "x" * 200)
    with pytest.raises(ConfigError, match="107 octets"):
        await PassPersistServer(long, core, lent(core)).start()


async def test_connections_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "pass.sock"
    async with agent(path, Core(quiet_unit())):
        links = []
        for _ in range(MAX_CONNECTIONS + 1):
            links.append(await asyncio.open_unix_connection(str(path)))
            await asyncio.sleep(0.01)
        reader, _ = links[-1]
        async with asyncio.timeout(LIMIT_S):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        for _, writer in links:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


# -- snmpd --------------------------------------------------------------------------------


def snmpd_of(folder: Path) -> Snmpd:
    require("snmpd", "snmpget", "snmpset", "snmpwalk", "snmpbulkwalk")
    (folder / "snmpd").mkdir()
    conf = shipped("pass_persist.conf", socket=str(folder / "pass.sock"))
    return Snmpd(
        folder / "snmpd",
        [
            conf.replace("\n#pass_persist", "\npass_persist"),
            shipped("views.conf"),
            "rwcommunity public default -V openpdu",
            "createUser operator SHA-256 operator-auth AES operator-priv",
            "rwuser -s usm operator priv -V openpdu",
        ],
    )


@pytest.mark.peer
async def test_a_walk_through_snmpd_equals_the_agents_own(tmp_path: Path) -> None:
    core = Core(quiet_unit())
    snmpd = snmpd_of(tmp_path)
    await snmpd.start()
    everything = []
    try:
        async with agent(tmp_path / "pass.sock", core), own_port(core) as address:
            for root in map(dotted, roots(lent(core))):
                walk = ("snmpbulkwalk", *EVERYBODY["v2c"], "-On", "-Oe", address, root)
                own = lines((await run(*walk)).out)
                assert lines((await snmpd.ask("snmpbulkwalk", root)).out) == own
                everything += own
            v3 = await snmpd.ask("snmpget", NAME_1, who=EVERYBODY["v3"])
            assert v3.out == f'{NAME_1} = STRING: "Outlet 1"\n'
    finally:
        snmpd.stop()
    oids = [numbers(line) for line in everything]
    assert oids == sorted(set(oids))


@pytest.mark.peer
async def test_sets_through_snmpd_and_their_missing_test_phase(tmp_path: Path) -> None:
    core = Core(quiet_unit())
    snmpd = snmpd_of(tmp_path)
    await snmpd.start()
    try:
        async with agent(tmp_path / "pass.sock", core):
            for (column, row, kind, value), reason in {
                (COMMAND, 1, "i", "99"): "wrongValue",
                (COMMAND, 1, "s", "2"): "wrongType",
                (COMMAND, LOCKED_OUTLET, "i", "2"): "inconsistentValue",
                (STATE, 1, "i", "2"): "notWritable",
                (NAME, 1, "s", "x" * 33): "wrongLength",
            }.items():
                done = await snmpd.ask("snmpset", cell(column, row), kind, value)
                assert reason in done.err, snmpd.log()
            assert core.submitted == []
            done = await snmpd.ask("snmpset", cell(NAME, 1), "s", 'a "pump"')
            assert done.status == 0, done.err
            two = (cell(COMMAND, 2), "i", "2", cell(COMMAND, LOCKED_OUTLET), "i", "2")
            assert (await snmpd.ask("snmpset", *two)).status != 0
        # What README.md says of it: the first one was carried out.
        assert [command for batch in core.submitted for command in batch][1:] == [
            SwitchOutlet(2, Action.OFF)
        ]
    finally:
        snmpd.stop()


@pytest.mark.peer
async def test_snmpd_answers_for_itself_while_the_agent_is_away(tmp_path: Path) -> None:
    snmpd = snmpd_of(tmp_path)
    await snmpd.start()
    try:
        absent = await snmpd.ask("snmpget", NAME_1, ".1.3.6.1.2.1.1.3.0")
        assert "No Such" in absent.out
        assert "Timeticks" in absent.out
        async with agent(tmp_path / "pass.sock", Core(quiet_unit())):
            await snmpd.until("snmpget", NAME_1, shows="Outlet 1")
    finally:
        snmpd.stop()


async def test_every_root_stands_in_the_shipped_lines() -> None:
    text = (SHIPPED / "pass_persist.conf").read_text(encoding="utf-8")
    there = [
        line.split()[1]
        for line in text.splitlines()
        if line.startswith(("pass_persist ", "#pass_persist "))
    ]
    for root in roots(lent(Core(quiet_unit()))):
        assert any(f".{dotted(root)}.".startswith(f"{line}.") for line in there), root
