# SPDX-License-Identifier: Apache-2.0
"""snmptrapd receives every type of notification there is, with the values of its event."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.mib_impl.notifications import Notification, Notifications
from pdu_agent.mib_impl.openpdu.notification_types import NOTIFICATIONS
from pdu_agent.mib_impl.snmpv2 import (
    AUTHENTICATION_FAILURE,
    COLD_START,
    SNMP_TRAPS,
    WARM_START,
)
from pdu_agent.mib_impl.syntax import Tag, Value
from pdu_agent.model.commands import (
    Actor,
    ConfigureOutlet,
    NotificationClass,
    OutletSetting,
    Quantity,
    Target,
    TargetKind,
)
from pdu_agent.model.events import (
    AgentStarted,
    AlarmCleared,
    AlarmRaised,
    CommandAccepted,
    CommandFailed,
    Event,
    OutletChanged,
    SensorChanged,
)
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    Crossing,
    OutletState,
    SensorStatus,
    Severity,
    ThresholdState,
)
from tests.mib.control_events import CONTROL_EVENTS
from tests.mib.unit import CAPS, PLANS, RULES, SENSOR, modules, unit
from tests.mib.ups_events import MAINS_LOST
from tests.peers import require
from tests.snmp.notices import ARC, SNMP_TRAP_OID
from tests.snmp.notifying_agent import KINDS, Agent, dotted
from tests.snmp.trap_receiver import TrapReceiver, V1Trap

pytestmark = pytest.mark.peer

KIND_NAMES = (
    "v1 trap",
    "v2c trap",
    "v2c inform",
    "v3 auth-traps",
    "v3 priv-traps",
    "v3 priv-informs",
)
INLET, ACTOR = Target(TargetKind.INLET, 1), Actor("snmp", "ops", "192.0.2.1")
OVERLOAD = Alarm(
    *(4, "threshold", Severity.CRITICAL, "inlet 1", "over 16 A", 1.8e9, INLET),
    Crossing(Quantity.CURRENT, ThresholdState.HIGH_CRITICAL, 16.5, 16.0),
)
DEAD_BOARD = Alarm(5, "board", Severity.CRITICAL, "board main", "does not answer: 0x20", 1.8e9)
EVENTS: tuple[Event, ...] = (
    AgentStarted(1.8e9, 1, ("main",)),
    AgentStarted(1.8e9, 2, ()),
    OutletChanged(1.8e9, 2, OutletState.ON, OutletState.FAULT, ChangeReason.SNMP, ACTOR),
    CommandFailed(1.8e9, 2, "the relay did not move"),
    CommandAccepted(1.8e9, (ConfigureOutlet(2, OutletSetting.NAME, "nas"),), ACTOR),
    AlarmRaised(1.8e9, OVERLOAD),
    AlarmCleared(1.8e9, OVERLOAD),
    AlarmRaised(1.8e9, DEAD_BOARD),
    AlarmCleared(1.8e9, DEAD_BOARD),
    SensorChanged(1.8e9, 1, SensorStatus.OK, SensorStatus.FAULT),
    *CONTROL_EVENTS,
    MAINS_LOST,
)


def every_notification() -> list[Notification]:
    """What is told of `EVENTS` and of one wrong password."""
    snapshot = replace(
        unit(2, sensors=(SENSOR,)),
        notifying=frozenset(NotificationClass),
        plans=PLANS,
        rules=RULES,
        caps=CAPS,
    )
    notifications = Notifications(modules(), lambda: 12.34)
    told = [made for event in EVENTS for made in notifications.of(event, snapshot)]
    return [*told, *notifications.authentication_failure(snapshot)]


def shown(value: Value) -> str:
    """As snmptrapd prints it without a MIB."""
    if isinstance(value.content, bytes):
        if 0 in value.content:
            return f"Hex-STRING: {value.content.hex(' ').upper()} "
        return f'STRING: "{value.content.decode("ascii")}"'
    if isinstance(value.content, tuple):
        return f"OID: {dotted(value.content)}"
    assert value.tag in (Tag.INTEGER, Tag.UNSIGNED32)
    return f"{'INTEGER' if value.tag is Tag.INTEGER else 'Gauge32'}: {value.content}"


def test_the_events_cover_every_type() -> None:
    known = {(*ARC, 0, kind.number) for kind in NOTIFICATIONS}
    known |= {
        (*SNMP_TRAPS, kind.number) for kind in (COLD_START, WARM_START, AUTHENTICATION_FAILURE)
    }
    assert {made.oid for made in every_notification()} == known


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KIND_NAMES)
async def test_every_type_arrives(tmp_path: Path, kind: str) -> None:
    require("snmptrapd")
    sent = every_notification()
    receiver = TrapReceiver(tmp_path)
    await receiver.start()
    try:
        async with Agent(f"127.0.0.1:{receiver.port}", KINDS[kind][:3]).running() as agent:
            await agent.send(*sent)
            received = await receiver.received(len(sent))
    finally:
        receiver.stop()
    for made, got in zip(sent, received, strict=True):
        values = {dotted(oid): shown(value) for oid, value in made.varbinds}
        if isinstance(got, V1Trap):
            standard = made.oid[:-1] == SNMP_TRAPS
            assert got.generic == (made.oid[-1] - 1 if standard else 6)
            assert got.specific == (0 if standard else made.oid[-1])
            assert got.enterprise == dotted(SNMP_TRAPS if standard else ARC)
            assert got.values == values
        else:
            assert got.values.pop(dotted(SNMP_TRAP_OID)) == f"OID: {dotted(made.oid)}"
            assert values.items() <= got.values.items()
            assert len(got.values) == len(values) + 1  # and the uptime
