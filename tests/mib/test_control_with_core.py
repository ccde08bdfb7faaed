# SPDX-License-Identifier: Apache-2.0
"""Plans, hooks and trips over the real core, by way of OPENPDU-MIB."""

from __future__ import annotations

import pytest

from pdu_agent.core.shutdown.settings import HookTerms
from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import Notifications
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.events import OutletShed
from tests.core.test_caps import rack
from tests.core.test_plans import PlanBench, bench, daily
from tests.mib.unit import ACTOR, integer, modules, octets, unsigned

OFF, FORCED_OFF, RUN, FALSE = 2, 9, 1, 2


class Strip:
    """A view over a core with a plan that switches outlet 1 off at 22:00, and a hook."""

    def __init__(self) -> None:
        self.bench: PlanBench = bench(
            "2026-03-02T21:00", daily("22:00"), hooks=(HookTerms("tidy", 10.0),)
        )
        core = self.bench.core
        self.view = MibView(agent_modules(core.uptime_s, SnmpCounters()))
        self.writer = MibWriter(self.view, core)

    def set(self, suffix: str, value: Value) -> None:
        oid = (*DEFAULT_ARC, 1, *map(int, suffix.split(".")))
        self.writer.submit(self.writer.plan([(oid, value)], self.bench.core.snapshot), ACTOR)
        self.bench.settle()

    def content(self, suffix: str) -> object:
        oid = (*DEFAULT_ARC, 1, *map(int, suffix.split(".")))
        value = self.view.get(oid, self.bench.core.snapshot)
        assert isinstance(value, Value), value
        return value.content

    def told(self) -> list[int]:
        core = self.bench.core
        notifications = Notifications(modules(), core.uptime_s)
        heard = self.bench.heard.drain()
        told = [each for event in heard for each in notifications.of(event, core.snapshot)]
        return [each.oid[-1] for each in told]


def test_a_plan_is_seen_coming_and_told_of_when_it_ran() -> None:
    strip = Strip()
    assert strip.content("7.1.1.8.1") == 3600
    assert (strip.content("3.3.1.10.1"), strip.content("3.3.1.10.2")) == (OFF, 8)
    assert b"night" in bytes(str(strip.content("3.3.1.12.1")), "utf-8")
    strip.told()
    strip.bench.run(3601.0)
    assert (strip.content("3.1.1.7.1"), strip.content("3.1.1.17.1")) == (2, 5)
    assert strip.content("7.1.1.11.1") == 1
    assert 9 in strip.told()


def test_a_plan_is_run_now_and_disabled() -> None:
    strip = Strip()
    strip.set("7.1.1.3.1", integer(FALSE))
    assert (strip.content("7.1.1.3.1"), strip.content("3.3.1.10.1")) == (2, 8)
    strip.set("7.1.1.13.1", integer(RUN))
    strip.bench.run(2.0)
    assert strip.content("3.1.1.7.1") == 2


@pytest.mark.parametrize("column", [1, 2, 3, 4])
def test_only_a_hook_that_is_configured_can_be_named(column: int) -> None:
    strip = Strip()
    strip.set(f"3.3.1.{column}.2", octets(b"tidy"))
    assert strip.content(f"3.3.1.{column}.2") == b"tidy"
    with pytest.raises(SetError) as refused:
        strip.set(f"3.3.1.{column}.2", octets(b"/bin/rm"))
    assert refused.value.status is ErrorStatus.WRONG_VALUE
    strip.set(f"3.3.1.{column}.2", octets(b""))
    assert strip.content(f"3.3.1.{column}.2") == b""


def test_a_forced_off_does_not_wait_for_the_hook_before_it() -> None:
    strip = Strip()
    strip.set("3.3.1.3.2", octets(b"tidy"))
    strip.set("3.1.1.8.2", integer(OFF))
    strip.bench.run(1.0)
    assert strip.content("3.1.1.7.2") == 4
    assert strip.content("3.3.1.13.2") != b""
    strip.set("3.1.1.8.2", integer(FORCED_OFF))
    strip.bench.run(1.0)
    assert (strip.content("3.1.1.7.2"), strip.content("3.3.1.13.2")) == (2, b"")


def test_what_is_set_is_read_back() -> None:
    strip = Strip()
    for suffix, value in (("3.1.1.16.3", unsigned(9)), ("3.1.1.38.3", unsigned(750))):
        strip.set(suffix, value)
        assert strip.content(suffix) == value.content


def test_a_cap_that_is_lowered_sheds_and_tells_of_it() -> None:
    unit = rack()
    view = MibView(agent_modules(unit.core.uptime_s, SnmpCounters()))
    writer = MibWriter(view, unit.core)
    arc = (*DEFAULT_ARC, 1)

    def shown(*suffix: int) -> object:
        value = view.get((*arc, *suffix), unit.core.snapshot)
        assert isinstance(value, Value), value
        return value.content

    unit.run(2.0)
    assert (shown(10, 1, 1, 8, 1), shown(10, 1, 1, 9, 1)) == (490_000, 1)
    varbinds = [((*arc, 10, 1, 1, 6, 1), unsigned(450_000))]
    writer.submit(writer.plan(varbinds, unit.core.snapshot), ACTOR)
    unit.run(3.0)
    assert shown(10, 1, 1, 6, 1) == 450_000
    assert shown(10, 1, 1, 10, 1) == b"4"
    assert shown(3, 3, 1, 6, 4) == b"cap 1"
    (event,) = unit.events(OutletShed)
    (told,) = Notifications(modules(), unit.core.uptime_s).of(event, unit.core.snapshot)
    assert told.oid == (*DEFAULT_ARC, 0, 10)
    assert told.varbinds[0][0] == (*arc, 10, 1, 1, 2, 1)
