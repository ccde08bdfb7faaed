# SPDX-License-Identifier: Apache-2.0
"""net-snmp's snmptrapd receives what the agent sends, in every version and kind of protection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from pdu_agent.mib_impl.notifications import NotificationCounters
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User
from pdu_agent.snmp.resolver import Endpoint, look_up
from pdu_agent.snmp.settings import SnmpSettings, TargetSettings, TargetVersion
from pdu_agent.snmp.targets import Targets
from tests.peers import knows_localhost, require
from tests.snmp.notices import (
    ARC,
    COLD_START,
    NAME,
    OUTLET_STATE_CHANGE,
    SNMP_TRAP_OID,
    STATE,
    SYS_UP_TIME,
    notice,
)
from tests.snmp.notifying_agent import ENGINE, KINDS, Agent, dotted
from tests.snmp.trap_receiver import TrapReceiver, V1Trap, V2Notification

pytestmark = [pytest.mark.peer, pytest.mark.asyncio]

OUTLET_VALUES = {
    dotted((*NAME, 3)): 'STRING: "Outlet 3"',
    dotted((*STATE, 3)): "INTEGER: 2",
}
HEAD = {
    dotted(SYS_UP_TIME): "Timeticks: (1234) 0:00:12.34",
    dotted(SNMP_TRAP_OID): f"OID: {dotted(OUTLET_STATE_CHANGE)}",
}


@pytest_asyncio.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[TrapReceiver]:
    require("snmptrapd")
    made = TrapReceiver(tmp_path)
    await made.start()
    try:
        yield made
    finally:
        made.stop()


async def test_v1_traps_carry_enterprise_and_numbers(receiver: TrapReceiver) -> None:
    async with Agent(f"127.0.0.1:{receiver.port}", KINDS["v1 trap"][:3]).running() as agent:
        await agent.send(notice(), notice(oid=COLD_START, varbinds=()))
        ours, cold = await receiver.received(2)
    assert ours == V1Trap(dotted(ARC), 6, 1, "127.0.0.1", "1234", OUTLET_VALUES)
    assert isinstance(cold, V1Trap)
    assert (cold.enterprise, cold.generic) == (dotted(COLD_START[:-1]), 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "v1 trap"])
async def test_each_kind_arrives_with_its_values(
    receiver: TrapReceiver, kind: str, host: str
) -> None:
    version, credential, inform, how = KINDS[kind]
    sender = Agent(f"{host}:{receiver.port}", (version, credential, inform))
    async with sender.running() as agent:
        await agent.send(notice(), notice(oid=COLD_START, varbinds=()))
        ours, cold = await receiver.received(2)
    assert ours == V2Notification(how, HEAD | OUTLET_VALUES)
    assert cold.values[dotted(SNMP_TRAP_OID)] == f"OID: {dotted(COLD_START)}"
    assert agent.counters == NotificationCounters(sent=2, acknowledged=2 * inform)


@pytest.mark.skipif(not knows_localhost(), reason="no name is known here (no /etc/hosts)")
async def test_a_name_is_resolved(receiver: TrapReceiver) -> None:
    async with Agent(f"localhost:{receiver.port}", KINDS["v2c inform"][:3]).running() as agent:
        await agent.send(notice())
        await receiver.received(1)


@pytest.mark.parametrize("kind", ["v2c inform", "v3 auth-informs", "v3 priv-informs"])
async def test_informs_go_on_after_the_receiver_has_restarted(
    receiver: TrapReceiver, kind: str
) -> None:
    sender = Agent(f"127.0.0.1:{receiver.port}", KINDS[kind][:3])
    async with sender.running() as agent:
        await agent.send(notice(1))
        await receiver.received(1)
        receiver.stop()
        await receiver.start()
        await agent.send(notice(2))
        await receiver.received(1)
        assert (agent.counters.sent, agent.counters.lost) == (2, 0)


async def test_informs_go_on_after_the_receiver_was_installed_anew(receiver: TrapReceiver) -> None:
    sender = Agent(f"127.0.0.1:{receiver.port}", KINDS["v3 priv-informs"][:3])
    async with sender.running() as agent:
        await agent.send(notice(1))
        receiver.stop()
        receiver.forget()
        await receiver.start()
        await agent.send(notice(2))
        await receiver.received(1)


async def test_an_inform_waits_for_a_receiver_that_is_away(receiver: TrapReceiver) -> None:
    receiver.stop()
    sender = Agent(f"127.0.0.1:{receiver.port}", KINDS["v3 priv-informs"][:3], 0.1, 20)
    async with sender.running() as agent:
        for number in (1, 2, 3):
            agent.delivery.put(notice(number))
        await asyncio.sleep(0.2)
        await receiver.start()
        await agent.send()
        names = [
            next(value for oid, value in got.values.items() if oid.startswith(dotted(NAME)))
            for got in await receiver.received(3)
        ]
    assert names == [f'STRING: "Outlet {number}"' for number in (1, 2, 3)]
    assert agent.counters.lost == 0


async def test_a_dead_receiver_costs_counted_informs_and_is_found_again(
    receiver: TrapReceiver,
) -> None:
    receiver.stop()
    sender = Agent(f"127.0.0.1:{receiver.port}", KINDS["v2c inform"][:3], 0.1, 1)
    async with sender.running() as agent:
        await agent.send(notice(1))
        assert (agent.counters.sent, agent.counters.lost) == (0, 1)
        await receiver.start()
        await agent.send(notice(2))
        await receiver.received(1)


async def test_a_wrong_passphrase_is_said_in_the_log(
    receiver: TrapReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    target = TargetSettings(
        "nms", f"127.0.0.1:{receiver.port}", "auth-informs", TargetVersion.V3, True, 2.0
    )
    wrong = User("auth-informs", AuthProtocol.SHA256, "not-the-passphrase", PrivProtocol.NONE)
    sender = Agent(f"127.0.0.1:{receiver.port}", KINDS["v2c inform"][:3])
    sender.targets = Targets(
        SnmpSettings(users=(wrong,), targets=(target,)),
        ENGINE,
        sender.counters,
    )
    async with sender.running() as agent:
        await agent.send(notice())
    assert agent.counters.lost == 1
    assert "its user has another auth_pass" in caplog.text


async def test_a_name_that_becomes_known_gets_what_has_been_waiting(
    receiver: TrapReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pdu_agent.snmp.delivery.FIRST_PAUSE_S", 0.05)
    known = False

    async def resolve(host: str, port: int) -> tuple[Endpoint, ...]:
        if not known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await look_up("127.0.0.1", port)

    sender = Agent(f"nms.example:{receiver.port}", KINDS["v2c trap"][:3], resolve=resolve)
    async with sender.running() as agent:
        agent.delivery.put(notice())
        await asyncio.sleep(0.1)
        assert agent.counters.sent == 0
        known = True
        await agent.send()
        await receiver.received(1)


async def test_a_burst_arrives_whole_and_in_order(receiver: TrapReceiver) -> None:
    async with Agent(f"127.0.0.1:{receiver.port}", KINDS["v2c trap"][:3]).running() as agent:
        await agent.send(*(notice(number) for number in range(1, 101)))
        got = await receiver.received(100)
    assert [dotted((*STATE, number)) in item.values for number, item in enumerate(got, 1)] == [
        True
    ] * 100
