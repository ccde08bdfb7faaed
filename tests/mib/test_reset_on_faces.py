# SPDX-License-Identifier: Apache-2.0
"""An energy reset moves the start that every face shows, whichever face it came through."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from pdu_agent.app.commands.details import _row
from pdu_agent.mib_impl.identity import MIB_NAMES, agent_modules
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid, Value
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import Command, Reset, ResetMeter, ResetMeters, TargetKind
from pdu_agent.web.resources import energy
from tests.core.bench import INLET, OPS, Workbench
from tests.mib.unit import ACTOR, integer

DAY_S = 86_400


class Faces:
    def __init__(self) -> None:
        self.bench = Workbench(outlets=2)
        modules = agent_modules(self.bench.core.uptime_s, SnmpCounters(), mibs=MIB_NAMES)
        self.view = MibView(modules)
        self.writer = MibWriter(self.view, self.bench.core)
        self.bench.read(energy_mj=7_200_000, active_power_w=100.0)
        self.bench.clock.advance(2 * DAY_S)
        self.bench.core.tick()

    def first(self, name: str) -> tuple[Oid, object]:
        """The first instance of the object of that name."""
        oid: Oid = (1,)
        while (step := self.view.next(oid, self.bench.core.snapshot)) is not END_OF_MIB_VIEW:
            oid, value = step
            place = self.view.object_of(oid)
            if place is not None and place.declared.name == name:
                assert isinstance(value, Value)
                return oid, value.content
        raise LookupError(name)

    def starts(self) -> tuple[object, ...]:
        """What each face says of the inlet's start."""
        row = energy(self.bench.core.snapshot)["inlets"][0]
        return (
            self.first("opduInletEnergyUserSince")[1],
            self.first("rPDU2DeviceStatusEnergyStartTime")[1],
            row["user_energy_since"],
            _row("inlet", row)[4],
        )


def told(wall_s: float) -> tuple[object, ...]:
    instant = datetime.fromtimestamp(wall_s, UTC)
    date_and_time = bytes(
        (*divmod(instant.year, 256), instant.month, instant.day, instant.hour, instant.minute)
    )
    local = time.localtime(wall_s)
    return (
        date_and_time,
        time.strftime("%m/%d/%Y %H:%M:%S", local).encode(),
        instant.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        time.strftime("%Y-%m-%d", local),
    )


def shown(faces: Faces) -> tuple[object, ...]:
    """As `told` has it: the date of a DateAndTime to the minute."""
    date_and_time, *rest = faces.starts()
    assert isinstance(date_and_time, bytes)
    return (date_and_time[:6], *rest)


@pytest.mark.parametrize(
    "command", [ResetMeter(INLET, Reset.ENERGY), ResetMeters(TargetKind.INLET, Reset.ALL)]
)
def test_a_reset_moves_the_start_on_every_face_and_into_the_audit_log(command: Command) -> None:
    faces = Faces()
    old_s = faces.bench.clock.wall_s() - 2 * DAY_S
    assert shown(faces) == told(old_s)
    faces.bench.core.submit_all([command], OPS)
    assert shown(faces) == told(faces.bench.clock.wall_s())
    mark = faces.bench.audited[-1].meters["inlet 1"]
    assert (mark.user_energy_mj, mark.user_since_wall_s) == (7_200_000, old_s)


def test_a_reset_by_a_vendors_object_is_the_same() -> None:
    faces = Faces()
    oid, _ = faces.first("rPDU2DeviceConfigDeviceEnergyReset")
    faces.writer.submit(faces.writer.plan([(oid, integer(2))], faces.bench.core.snapshot), ACTOR)
    assert shown(faces) == told(faces.bench.clock.wall_s())
    assert faces.bench.audited[-1].meters["inlet 1"].user_energy_mj == 7_200_000
