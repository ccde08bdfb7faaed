# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB over the real core: what was written is read back, and what it leads to is told."""

from __future__ import annotations

import pytest

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import Notifications
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid, Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import Target, TargetKind
from tests.core.bench import INLET, Workbench
from tests.mib.powernet_unit import GREATEST, text
from tests.mib.unit import ACTOR, integer

POWERNET: Oid = (1, 3, 6, 1, 4, 1, 318)


class Strip:
    """Three outlets, all on; objects are addressed below 318.1.1."""

    def __init__(self) -> None:
        self.bench = Workbench(outlets=3, reboot_s=5, off_delay_s=15)
        self.core = self.bench.core
        modules = agent_modules(self.core.uptime_s, SnmpCounters(), mibs=("powernet",))
        self.view = MibView(modules)
        self.writer = MibWriter(self.view, self.core)
        self.notifications = Notifications(modules, self.core.uptime_s)
        self.bench.heard.drain()

    def set(self, *changes: tuple[str, Value]) -> None:
        varbinds = [(self._oid(suffix), value) for suffix, value in changes]
        self.writer.submit(self.writer.plan(varbinds, self.core.snapshot), ACTOR)

    def content(self, suffix: str) -> object:
        value = self.view.get(self._oid(suffix), self.core.snapshot)
        assert isinstance(value, Value), f"{suffix}: {value}"
        return value.content

    def traps(self) -> list[int]:
        """The numbers of those since the last call."""
        return [
            made.oid[-1]
            for event in self.bench.heard.drain()
            for made in self.notifications.of(event, self.core.snapshot)
            if made.module == "PowerNet-MIB"
        ]

    def load(self, current_a: float) -> list[int]:
        self.bench.read(current_a=current_a)
        return self.traps()

    def _oid(self, suffix: str) -> Oid:
        return (*POWERNET, 1, 1, *map(int, suffix.split(".")))


@pytest.mark.parametrize(
    ("suffix", "value", "content"),
    [
        ("4.3.1.0", integer(46), 45),
        ("4.3.2.0", integer(20), 20),
        ("4.3.3.0", text("rack-9"), b"rack-9"),
        ("4.5.2.1.2.2", integer(60), 60),
        ("4.5.2.1.2.2", integer(-1), -1),
        ("4.5.2.1.3.2", text("nas"), b"nas"),
        ("4.5.2.1.4.2", integer(120), 120),
        ("4.5.2.1.5.2", integer(30), 30),
        ("12.1.1.0", text("rack-9"), b"rack-9"),
        ("12.1.15.0", integer(120), 120),
        ("12.2.2.1.1.2.1", integer(1), 1),
        ("12.2.2.1.1.3.1", integer(12), 12),
        ("12.2.2.1.1.4.1", integer(16), 16),
        ("12.2.2.1.1.2.1", integer(0), 0),
        ("12.2.2.1.1.4.1", integer(0), GREATEST),
        ("12.2.2.1.1.4.1", integer(GREATEST), GREATEST),
        ("12.3.1.2.0", integer(300), 300),
        ("12.3.1.2.0", integer(-1), -1),
        ("12.3.2.1.1.2.1", integer(3), 3),
        ("12.3.4.1.1.2.3", text("router"), b"router"),
        ("12.3.4.1.1.4.3", integer(7200), 7200),
        ("12.3.4.1.1.5.3", integer(33), 33),
        ("12.3.4.1.1.6.3", integer(60), 60),
        ("12.3.4.3.1.5.1", integer(9), 9),
    ],
)
def test_what_is_written_is_read_back(suffix: str, value: Value, content: object) -> None:
    strip = Strip()
    strip.set((suffix, value))
    assert strip.content(suffix) == content


def test_a_time_ends_that_an_outlet_stays_off() -> None:
    strip = Strip()
    strip.set(("12.3.4.1.1.4.1", integer(-1)))
    strip.set(("12.3.4.1.1.4.1", integer(0)))
    assert strip.content("4.5.2.1.2.1") == 0


def test_limits_out_of_order_are_refused_and_judged_at_the_end() -> None:
    strip = Strip()
    strip.set(("12.2.2.1.1.3.1", integer(12)), ("12.2.2.1.1.4.1", integer(16)))
    with pytest.raises(SetError) as refused:
        strip.set(("12.2.2.1.1.3.1", integer(16)))
    assert refused.value.status is ErrorStatus.INCONSISTENT_VALUE
    strip.set(("12.2.2.1.1.3.1", integer(20)), ("12.2.2.1.1.4.1", integer(25)))
    assert strip.content("12.2.2.1.1.3.1") == 20


def test_a_load_that_rises_and_falls_is_told_in_pairs() -> None:
    strip = Strip()
    strip.set(("12.2.2.1.1.3.1", integer(12)), ("12.2.2.1.1.4.1", integer(16)))
    assert strip.traps() == [282]
    told = [strip.load(current_a) for current_a in (5.0, 13.0, 17.0, 13.0, 5.0)]
    assert told == [[], [274], [276, 275], [274, 277], [275]]


def test_a_limit_that_is_switched_off_ends_what_it_told() -> None:
    strip = Strip()
    strip.set(("12.2.2.1.1.4.1", integer(16)))
    strip.traps()
    assert strip.load(17.0) == [276]
    strip.set(("12.2.2.1.1.4.1", integer(0)))
    assert strip.traps() == [282, 277]


def test_an_outlet_shows_its_target_at_once_and_is_told_of_when_it_has_switched() -> None:
    strip = Strip()
    strip.set(("4.4.2.1.3.2", integer(2)))
    assert (strip.content("4.4.2.1.3.2"), strip.content("12.3.5.1.1.4.2")) == (2, 2)
    assert strip.content("4.2.2.0") == b"On  Off On  "
    assert strip.traps() == []
    strip.bench.settle()
    assert strip.traps() == [42, 269]


def test_a_delayed_command_that_is_cancelled_switches_nothing() -> None:
    strip = Strip()
    strip.set(("12.3.3.1.1.4.1", integer(5)))
    assert (strip.content("12.3.3.1.1.4.1"), strip.content("12.3.5.1.1.5.1")) == (1, 1)
    strip.set(("12.3.3.1.1.4.1", integer(7)))
    strip.bench.settle()
    assert (strip.content("12.3.3.1.1.4.1"), strip.content("12.3.5.1.1.5.1")) == (1, 2)
    assert strip.traps() == [283]


def test_a_reboot_reads_off_until_the_outlet_is_on_again() -> None:
    strip = Strip()
    strip.set(("12.3.3.1.1.4.1", integer(3)))
    strip.bench.settle()
    assert strip.content("12.3.3.1.1.4.1") == 2
    assert strip.traps() == []
    strip.bench.run(6.0)
    assert strip.content("12.3.3.1.1.4.1") == 1
    assert strip.traps() == [43, 268]


@pytest.mark.parametrize(
    ("load", "near", "over"),
    [
        ("12.2.3.1.1.2.1", "12.2.2.1.1.3.1", "12.2.2.1.1.4.1"),
        ("26.6.3.1.5.1", "26.6.1.1.6.1", "26.6.1.1.7.1"),
        ("26.6.3.1.5.1", "26.15.1.1.6.1", "26.15.1.1.7.1"),
        ("26.4.3.1.5.1", "26.4.1.1.8.1", "26.4.1.1.9.1"),
        ("26.9.4.3.1.7.1", "26.9.4.1.1.6.1", "26.9.4.1.1.7.1"),
    ],
)
def test_a_unit_without_limits_gives_monitoring_none_that_is_passed(
    load: str, near: str, over: str
) -> None:
    strip = Strip()
    for target in (INLET, Target(TargetKind.OUTLET, 1)):
        strip.bench.read(target, current_a=9.0, active_power_w=2000.0)
    assert strip.content(load) not in (0, -1)
    assert (strip.content(near), strip.content(over)) == (GREATEST, GREATEST)


@pytest.mark.parametrize("never", ["12.3.1.2.0", "26.4.1.1.6.1", "12.3.4.1.1.4.1"])
def test_a_time_and_never_in_one_set_contradict_each_other(never: str) -> None:
    strip = Strip()
    for changes in (
        (("4.5.2.1.2.1", integer(15)), (never, integer(-1))),
        ((never, integer(-1)), ("4.5.2.1.2.1", integer(15))),
    ):
        with pytest.raises(SetError) as refused:
            strip.set(*changes)
        assert refused.value.status is ErrorStatus.INCONSISTENT_VALUE
    assert (strip.content("4.5.2.1.2.1"), strip.content("12.3.1.2.0")) == (0, 0)
