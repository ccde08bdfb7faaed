# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB over the real core: what a manager reads right after a SET, and in the end."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pdu_agent.core.settings import SensorSettings
from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import Notifications
from pdu_agent.mib_impl.sentry3 import sentry3_module
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, MibView, VarBind
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.snapshot import SensorKind
from tests.core.bench import Workbench
from tests.mib.sentry3_unit import oid
from tests.mib.unit import ACTOR, integer, octets

STATUS, CONTROL, ACTION = "2.3.1.5.1.1", "2.3.1.10.1.1", "2.3.1.11.1.1"
ON, OFF, REBOOT = integer(1), integer(2), integer(3)


class Strip:
    """A view over a core with two metered outlets, both on, and a temperature sensor."""

    def __init__(self) -> None:
        self.bench = Workbench(
            outlets=2,
            sensors=(SensorSettings(1, "intake", SensorKind.TEMPERATURE),),
        )
        core = self.bench.core
        self.view = MibView(agent_modules(core.uptime_s, SnmpCounters(), mibs=("sentry3",)))
        self.writer = MibWriter(self.view, core)
        self.notifications = Notifications([sentry3_module()], core.uptime_s)
        self.bench.heard.drain()

    def set(self, *changes: tuple[str, Value]) -> None:
        varbinds = [(oid(suffix), value) for suffix, value in changes]
        self.writer.submit(self.writer.plan(varbinds, self.bench.core.snapshot), ACTOR)

    def get(self, suffix: str) -> object:
        value = self.view.get(oid(suffix), self.bench.core.snapshot)
        assert isinstance(value, Value), f"{suffix}: {value}"
        return value.content

    def outlet(self, number: int) -> tuple[object, object]:
        return self.get(f"{STATUS}.{number}"), self.get(f"{CONTROL}.{number}")

    def settle(self) -> None:
        self.bench.settle()
        self.bench.run(8)

    def told(self) -> list[tuple[int, object]]:
        """Number and outletStatus of what was to be sent of outlets since the start."""
        snapshot = self.bench.core.snapshot
        return [
            (sent.oid[-1], sent.varbinds[3][1].content)
            for event in self.bench.heard.drain()
            for sent in self.notifications.of(event, snapshot)
            if sent.oid[-1] in (4, 6)
        ]

    def walk(self) -> list[VarBind]:
        found: list[VarBind] = []
        at: tuple[int, ...] = ()
        while True:
            step = self.view.next(at, self.bench.core.snapshot)
            if step is END_OF_MIB_VIEW:
                return found
            at = step[0]
            found.append(step)


def test_a_command_is_pending_at_once_and_rests_as_commanded_in_the_end() -> None:
    strip = Strip()
    strip.set((f"{ACTION}.1", OFF))
    assert strip.outlet(1) == (2, 11)
    strip.settle()
    assert strip.outlet(1) == (0, 4)
    strip.set((f"{ACTION}.1", ON))
    assert strip.outlet(1) == (3, 10)
    strip.settle()
    assert strip.outlet(1) == (1, 5)
    assert strip.get(f"{ACTION}.1") == 0
    assert strip.told() == [(6, 2), (6, 3)]


def test_a_reboot_reads_as_one_until_the_outlet_is_on_again() -> None:
    strip = Strip()
    strip.set((f"{ACTION}.2", REBOOT))
    seen = {strip.outlet(2)}
    for _ in range(4):
        strip.bench.run(1)
        seen.add(strip.outlet(2))
    assert seen == {(2, 8)}
    strip.settle()
    assert strip.outlet(2) == (1, 5)


def test_settings_read_back_as_written() -> None:
    strip = Strip()
    written = [
        ("1.3.0", octets(b"Hall 3")),
        ("1.13.0", integer(2)),
        ("1.14.0", integer(30)),
        ("2.1.1.3.1", octets(b"rack-9")),
        ("2.2.1.3.1.1", octets(b"Feed")),
        ("2.2.1.8.1.1", integer(12)),
        ("2.3.1.3.1.1.2", octets(b"nas")),
        ("2.3.1.8.1.1.1", integer(1)),
        ("2.3.1.9.1.1.1", integer(9)),
        ("2.3.1.19.1.1.2", integer(2)),
        ("2.5.1.3.1.1", octets(b"aisle")),
        ("2.5.1.13.1.1", integer(1)),
    ]
    strip.set(*written)
    assert [strip.get(suffix) for suffix, _ in written] == [value.content for _, value in written]
    limits = [("2.5.1.7.1.1", integer(50)), ("2.5.1.8.1.1", integer(95))]
    strip.set(*limits, ("2.5.1.14.1.1", integer(4)))
    assert [strip.get(f"2.5.1.{column}.1.1") for column in (7, 8, 14)] == [50, 95, 4]
    strip.set(("2.2.1.8.1.1", integer(600)))
    assert strip.get("2.2.1.8.1.1") == 600
    assert {outlet.reboot_s for outlet in strip.bench.core.snapshot.outlets} == {30}


def test_limits_out_of_order_are_refused_as_a_whole() -> None:
    strip = Strip()
    with pytest.raises(SetError) as refused:
        strip.set(
            (f"{ACTION}.1", OFF), ("2.3.1.8.1.1.1", integer(9)), ("2.3.1.9.1.1.1", integer(8))
        )
    assert refused.value.status in (ErrorStatus.INCONSISTENT_VALUE, ErrorStatus.WRONG_VALUE)
    assert strip.outlet(1)[0] == 1


def test_a_walk_is_strictly_increasing() -> None:
    names = [name for name, _ in Strip().walk()]
    assert all(before < after for before, after in pairwise(names))
