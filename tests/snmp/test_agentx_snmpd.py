# SPDX-License-Identifier: Apache-2.0
"""net-snmp's snmpd as the master, configured with the files that are shipped."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from pdu_agent.access.grant import Rights
from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.identity import IDENTITIES, MIB_NAMES, identity_of
from pdu_agent.mib_impl.notifications import NotificationCounters
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.tree import dotted
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import Action, ConfigureOutlet, OutletSetting, SwitchOutlet
from pdu_agent.snmp.agentx.notices import MasterNotices
from pdu_agent.snmp.agentx.subagent import Subagent
from pdu_agent.snmp.credentials import Community
from pdu_agent.snmp.face import snmp_engine
from pdu_agent.snmp.passthrough import roots
from pdu_agent.snmp.passthrough_settings import AgentxSettings
from pdu_agent.snmp.server import SnmpServer
from pdu_agent.snmp.settings import SnmpSettings
from tests.mib.unit import with_outlet
from tests.peers import require
from tests.snmp.agentx_master import SHIPPED, Snmpd, shipped
from tests.snmp.agentx_rig import lent, quiet_unit
from tests.snmp.mutations import ENGINE_ID
from tests.snmp.notices import OUTLET_STATE_CHANGE, SNMP_TRAP_OID, notice
from tests.snmp.rig import COMMAND, LOCKED_OUTLET, NAME, OUTLET, STATE, Core, run
from tests.snmp.trap_receiver import TrapReceiver, V2Notification

pytestmark = [pytest.mark.peer, pytest.mark.asyncio]

USER = (
    "-v3",
    "-lauthPriv",
    "-uoperator",
    "-aSHA-256",
    "-Aoperator-auth",
    "-xAES",
    "-Xoperator-priv",
)
EVERYBODY = {"v1": ("-v1", "-cpublic"), "v2c": ("-v2c", "-cpublic"), "v3": USER}
NAME_1 = f".{dotted((*OUTLET, NAME, 1))}"


def cell(column: int, row: int) -> str:
    return f".{dotted((*OUTLET, column, row))}"


def master_of(folder: Path, *more: str) -> Snmpd:
    require("snmpd", "snmpget", "snmpset", "snmpwalk", "snmpbulkwalk")
    return Snmpd(
        folder,
        [
            shipped("agentx.conf", socket=str(folder / "master")),
            shipped("views.conf"),
            shipped("identity-apc-rpdu2.conf"),
            "rwcommunity public default -V openpdu",
            "createUser operator SHA-256 operator-auth AES operator-priv",
            "rwuser -s usm operator priv -V openpdu",
            *more,
        ],
    )


@asynccontextmanager
async def subagent(
    snmpd: Snmpd, core: Core, rights: Rights = Rights.WRITE
) -> AsyncIterator[Subagent]:
    made = Subagent(AgentxSettings(str(snmpd.socket), rights), core, lent(core), _soon)
    made.start()
    try:
        await snmpd.until("snmpget", NAME_1, shows="Outlet 1")
        yield made
    finally:
        await made.stop()


async def _soon(_: float) -> None:
    await asyncio.sleep(0.05)


@pytest_asyncio.fixture
async def snmpd(tmp_path: Path) -> AsyncIterator[Snmpd]:
    made = master_of(tmp_path)
    await made.start()
    try:
        yield made
    finally:
        made.stop()


def lines(text: str) -> list[str]:
    """Without those that say that there is nothing, or nothing more."""
    return [line for line in text.splitlines() if " = " in line and " = No " not in line]


def numbers(line: str) -> Oid:
    return tuple(map(int, line.partition(" = ")[0].strip(".").split(".")))


@asynccontextmanager
async def own_port(core: Core) -> AsyncIterator[str]:
    """The agent's own way of answering, with all of its modules."""
    own = OwnEngine(ENGINE_ID, 3, lambda: 90, 8192)
    readers = (Community("readers", "public"),)
    settings = SnmpSettings(
        mibs=MIB_NAMES, communities=readers, unlimited_networks=("127.0.0.0/8",)
    )
    server = SnmpServer(("127.0.0.1:0",), snmp_engine(settings, core, own).process)
    await server.start()
    try:
        yield server.addresses[0]
    finally:
        await server.stop()


async def test_a_walk_through_snmpd_equals_the_agents_own(snmpd: Snmpd) -> None:
    core = Core(quiet_unit())
    everything = []
    async with subagent(snmpd, core), own_port(core) as address:
        for root in map(dotted, roots(lent(core))):
            walk = ("snmpbulkwalk", *EVERYBODY["v2c"], "-On", "-Oe", address, root)
            own = lines((await run(*walk)).out)
            for tool, who in (
                ("snmpbulkwalk", "v2c"),
                ("snmpwalk", "v2c"),
                ("snmpbulkwalk", "v3"),
            ):
                through = await snmpd.ask(tool, root, who=EVERYBODY[who])
                assert lines(through.out) == own
            v1 = await snmpd.ask("snmpwalk", root, who=EVERYBODY["v1"])
            assert lines(v1.out) == [line for line in own if "Counter64" not in line]
            everything += own
    oids = [numbers(line) for line in everything]
    assert oids == sorted(set(oids))
    assert [oid for oid in oids if oid[: len(OUTLET)] == (*OUTLET, NAME)[: len(OUTLET)]]


async def test_a_walk_of_everything_ends(snmpd: Snmpd) -> None:
    core = Core(quiet_unit())
    async with subagent(snmpd, core):
        done = await snmpd.ask("snmpbulkwalk", ".1")
        oids = [numbers(line) for line in lines(done.out)]
        assert oids == sorted(set(oids))
        assert "No more variables left" in done.out


@pytest.mark.parametrize("who", EVERYBODY)
async def test_a_set_of_three_is_submitted_once(snmpd: Snmpd, who: str) -> None:
    core = Core(quiet_unit())
    async with subagent(snmpd, core):
        done = await snmpd.ask(
            "snmpset",
            *(cell(COMMAND, 1), "i", "2"),
            *(cell(NAME, 2), "s", "pump"),
            *(cell(COMMAND, 4), "i", "2"),
            who=EVERYBODY[who],
        )
    assert done.status == 0, done.err
    assert core.submitted == [
        [
            SwitchOutlet(1, Action.OFF),
            ConfigureOutlet(2, OutletSetting.NAME, "pump"),
            SwitchOutlet(4, Action.OFF),
        ]
    ]
    assert (core.actors[-1].who, core.actors[-1].address) == ("agentx", str(snmpd.socket))


REFUSED = [
    ((COMMAND, 99, "i", "2"), "noCreation", "noSuchName"),
    ((COMMAND, LOCKED_OUTLET, "i", "2"), "inconsistentValue", "badValue"),
    ((COMMAND, 1, "s", "2"), "wrongType", "badValue"),
    ((COMMAND, 1, "i", "99"), "wrongValue", "badValue"),
    ((NAME, 1, "s", "x" * 33), "wrongLength", "badValue"),
    ((STATE, 1, "i", "2"), "notWritable", "noSuchName"),
]


async def test_one_bad_varbind_among_three_refuses_all_and_is_named(snmpd: Snmpd) -> None:
    core = Core(quiet_unit())
    async with subagent(snmpd, core):
        for (column, row, kind, value), reason, v1_reason in REFUSED:
            for who, said in (("v1", v1_reason), ("v2c", reason), ("v3", reason)):
                done = await snmpd.ask(
                    "snmpset",
                    *(cell(COMMAND, 2), "i", "2"),
                    *(cell(column, row), kind, value),
                    *(cell(COMMAND, 4), "i", "2"),
                    who=EVERYBODY[who],
                )
                assert said in done.err, (who, column, done)
                assert f"Failed object: {cell(column, row)}\n" in done.err
    assert core.submitted == []


async def test_a_set_over_two_subtrees_is_one(snmpd: Snmpd) -> None:
    """PowerNet's outlet 1 and ours: snmpd sends a TestSet for each subtree."""
    core = Core(quiet_unit())
    other = _writable_elsewhere(core)
    if other is None:
        pytest.skip("no other module has a writable name yet")
    async with subagent(snmpd, core):
        both = (cell(NAME, 1), "s", "pump", f".{dotted(other)}", "s", "fan")
        bad = (*both, cell(COMMAND, LOCKED_OUTLET), "i", "2")
        refused = await snmpd.ask("snmpset", *bad)
        assert f"Failed object: {cell(COMMAND, LOCKED_OUTLET)}" in refused.err
        assert core.submitted == []
        done = await snmpd.ask("snmpset", *both)
    assert done.status == 0, done.err
    (batch,) = core.submitted
    assert {command.value for command in batch} == {"pump", "fan"}  # type: ignore[union-attr]


def _writable_elsewhere(core: Core) -> Oid | None:
    """The name of an outlet in another module than ours."""
    view = MibView(lent(core))
    writer = MibWriter(view, core)
    oid: Oid = (1, 3, 6, 1, 4, 1, 318)
    while (step := view.next(oid, core.snapshot)) is not END_OF_MIB_VIEW:
        oid, value = step
        if value.tag is Tag.OCTET_STRING and value.content == b"Outlet 2":
            place = view.object_of(oid)
            if place is not None and place.declared.to_command is not None:
                plan = writer.plan([(oid, Value(Tag.OCTET_STRING, b"fan"))], core.snapshot)
                if plan and isinstance(plan[0][1], ConfigureOutlet):
                    return oid
    return None


async def test_a_get_after_a_set_shows_it(snmpd: Snmpd) -> None:
    class Obedient(Core):
        def submit_all(self, commands, actor):  # type: ignore[no-untyped-def]
            ticket = super().submit_all(commands, actor)
            for command in commands:
                self.snapshot = with_outlet(self.snapshot, command.outlet, name=command.value)
            return ticket

    core = Obedient(quiet_unit())
    async with subagent(snmpd, core):
        for number in range(20):
            await snmpd.ask("snmpset", NAME_1, "s", f"name {number}")
            assert f'"name {number}"' in (await snmpd.ask("snmpget", NAME_1)).out


async def test_nothing_is_written_unless_the_agent_grants_it(snmpd: Snmpd) -> None:
    core = Core(quiet_unit())
    async with subagent(snmpd, core, Rights.READ):
        done = await snmpd.ask("snmpset", NAME_1, "s", "pump")
    assert "noAccess" in done.err
    assert (core.checked, core.submitted) == ([], [])


async def test_absent_things(snmpd: Snmpd) -> None:
    async with subagent(snmpd, Core(quiet_unit())):
        got = await snmpd.ask("snmpget", cell(STATE, 99), f".{dotted((*OUTLET, 222, 1))}")
        assert [line.partition(" = ")[2] for line in got.out.splitlines()] == [
            "No Such Instance currently exists at this OID",
            "No Such Object available on this agent at this OID",
        ]
        v1 = await snmpd.ask("snmpget", cell(STATE, 99), who=EVERYBODY["v1"])
        assert "noSuchName" in v1.err


async def test_snmpd_says_what_the_modules_are_and_who_the_unit_is(snmpd: Snmpd) -> None:
    async with subagent(snmpd, Core(quiet_unit())):
        resources = (await snmpd.ask("snmpwalk", ".1.3.6.1.2.1.1.9.1.2")).out
        assert "OID: .1.3.6.1.4.1.8072.9999.9999.6738\n" in resources
        identity = await snmpd.ask("snmpget", ".1.3.6.1.2.1.1.2.0", ".1.3.6.1.2.1.1.1.0")
        assert "= OID: .1.3.6.1.4.1.318.1.3.4.6\n" in identity.out
        assert "APC Web/SNMP Management Card" in identity.out


@pytest.mark.parametrize("name", IDENTITIES)
async def test_the_shipped_identities_are_the_agents(name: str) -> None:
    text = (SHIPPED / f"identity-{name}.conf").read_text(encoding="utf-8")
    identity = identity_of(name)
    assert f"\nsysObjectID .{dotted(identity.object_id)}\n" in text
    described = identity.describe(quiet_unit())
    assert any(word in text for word in (described, described.partition(" (")[0], "OpenPDU agent"))


async def test_the_agents_user_can_reach_the_shipped_socket(tmp_path: Path) -> None:
    """snmpd gives the socket to the agent's group, but the folder that it makes to nobody."""
    require("snmpd", "snmpget")
    path = tmp_path / "new" / "master"
    snmpd = Snmpd(tmp_path, [shipped("agentx.conf", socket=str(path)), "rocommunity public"])
    await snmpd.start()
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
    finally:
        snmpd.stop()


async def test_the_shipped_views_show_all_that_is_registered() -> None:
    text = (SHIPPED / "views.conf").read_text(encoding="utf-8")
    included = [line.split()[-1] for line in text.splitlines() if line.startswith("view ")]
    for root in roots(lent(Core(quiet_unit()))):
        assert any(f".{dotted(root)}.".startswith(f"{view}.") for view in included), root


async def test_both_sides_come_back_after_being_killed(tmp_path: Path) -> None:
    snmpd = master_of(tmp_path)
    await snmpd.start()
    core = Core(quiet_unit())
    try:
        async with subagent(snmpd, core):
            for _ in range(5):
                snmpd.kill()
                await snmpd.start()
                await snmpd.until("snmpget", NAME_1, shows="Outlet 1")
        for _ in range(5):
            async with subagent(snmpd, core):
                pass
    finally:
        snmpd.stop()
    assert core.submitted == []


async def test_notifications_go_out_through_snmpd(tmp_path: Path) -> None:
    require("snmptrapd")
    (tmp_path / "traps").mkdir()
    receiver = TrapReceiver(tmp_path / "traps", "authCommunity log public\n")
    await receiver.start()
    snmpd = master_of(tmp_path, f"trap2sink 127.0.0.1:{receiver.port} public")
    counters = NotificationCounters()
    await snmpd.start()
    try:
        async with subagent(snmpd, Core(quiet_unit())) as made:
            box = MasterNotices(made.send, {"OPENPDU-MIB"}, counters)
            task = asyncio.get_running_loop().create_task(box.run())
            box.put(notice(3))
            await box.drained()

            def is_ours(found: object) -> bool:
                wanted = f"OID: .{dotted(OUTLET_STATE_CHANGE)}"
                return (
                    isinstance(found, V2Notification)
                    and found.values.get(f".{dotted(SNMP_TRAP_OID)}") == wanted
                )

            (found,) = await receiver.matching(is_ours, 1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    finally:
        snmpd.stop()
        receiver.stop()
    assert found.values[cell(NAME, 3)] == 'STRING: "Outlet 3"'
    assert found.values[cell(STATE, 3)] == "INTEGER: 2"
    assert counters.sent == 1
