# SPDX-License-Identifier: Apache-2.0
"""SETs against the real core on its workbench: what a manager sees before and after."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import GroupSettings, SensorSettings
from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.notifications import Notifications
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE, MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import SensorKind
from tests.core.bench import Workbench
from tests.mib.unit import ACTOR, integer, modules, octets, unsigned


class Strip:
    """A view over a core with two outlets, both on, group 9 of the file, and a sensor."""

    def __init__(self) -> None:
        self.bench = Workbench(
            outlets=2,
            groups=(GroupSettings(9, "file", (1,)),),
            sensors=(SensorSettings(1, "intake", SensorKind.TEMPERATURE),),
        )
        core = self.bench.core
        self.view = MibView(agent_modules(core.uptime_s, SnmpCounters()))
        self.writer = MibWriter(self.view, core)

    def set(self, *changes: tuple[tuple[int, ...], Value]) -> None:
        varbinds = [((*DEFAULT_ARC, 1, *suffix), value) for suffix, value in changes]
        self.writer.submit(self.writer.plan(varbinds, self.bench.core.snapshot), ACTOR)
        self.bench.settle()

    def get(self, *suffix: int) -> object:
        return self.view.get((*DEFAULT_ARC, 1, *suffix), self.bench.core.snapshot)

    def content(self, *suffix: int) -> object:
        value = self.get(*suffix)
        assert isinstance(value, Value)
        return value.content

    def refusal(self, *changes: tuple[tuple[int, ...], Value]) -> tuple[ErrorStatus, int]:
        with pytest.raises(SetError) as refused:
            self.set(*changes)
        return refused.value.status, refused.value.index

    def told(self) -> list[tuple[int, ...]]:
        """The OIDs of what is to be sent since the last call."""
        core = self.bench.core
        notifications = Notifications(modules(), core.uptime_s)
        heard = self.bench.heard.drain()
        return [each.oid for event in heard for each in notifications.of(event, core.snapshot)]


ALL = (1, 9, 0)


def command(outlet: int) -> tuple[int, ...]:
    return (3, 1, 1, 8, outlet)


def state(outlet: int) -> tuple[int, ...]:
    return (3, 1, 1, 7, outlet)


def lock(outlet: int) -> tuple[int, ...]:
    return (3, 1, 1, 11, outlet)


def test_off_is_pending_until_the_relay_was_read_back() -> None:
    strip = Strip()
    strip.bench.board.answers = False
    strip.set((command(2), integer(2)))
    assert strip.content(*state(2)) == 4
    strip.bench.board.answers = True
    strip.bench.settle()
    strip.bench.run(2)
    assert (strip.content(*state(1)), strip.content(*state(2))) == (1, 2)
    assert strip.content(3, 1, 1, 17, 2) == 3


@pytest.mark.parametrize(
    ("changes", "index"),
    [
        ([(command(1), integer(2)), (ALL, integer(2))], 2),
        ([(ALL, integer(2)), (command(2), integer(1))], 2),
        ([(command(2), integer(2)), (lock(2), integer(2))], 1),
        ([(lock(2), integer(2)), (command(2), integer(2))], 2),
        ([(lock(1), integer(3))], 1),
    ],
)
def test_contradictions_are_inconsistent_and_move_nothing(
    changes: list[tuple[tuple[int, ...], Value]], index: int
) -> None:
    strip = Strip()
    with pytest.raises(SetError) as refused:
        strip.set(*changes)
    assert (refused.value.status, refused.value.index) == (ErrorStatus.INCONSISTENT_VALUE, index)
    strip.bench.run(2)
    assert strip.bench.board.moves == []


def test_a_locked_outlet_refuses_and_takes_the_rest_of_the_message_with_it() -> None:
    strip = Strip()
    strip.set((lock(2), integer(2)))
    with pytest.raises(SetError) as refused:
        strip.set((command(1), integer(2)), (command(2), integer(2)))
    assert (refused.value.status, refused.value.index) == (ErrorStatus.INCONSISTENT_VALUE, 2)
    strip.bench.run(2)
    assert strip.bench.board.moves == []


def test_settings_read_back_as_they_were_set() -> None:
    strip = Strip()
    changes = [
        ((1, 10, 0), unsigned(1234)),
        ((1, 11, 0), unsigned(9)),
        ((2, 1, 1, 2, 1), octets(b"Feed")),
        ((2, 1, 1, 16, 1), unsigned(12_345)),
        ((3, 1, 1, 2, 1), octets("Ställ".encode())),
        ((3, 1, 1, 3, 1), octets(b"note")),
        ((3, 1, 1, 12, 1), unsigned(1)),
        ((3, 1, 1, 13, 1), unsigned(2)),
        ((3, 1, 1, 14, 1), unsigned(3)),
        ((3, 1, 1, 15, 1), integer(2)),
    ]
    strip.set(*changes)
    assert [strip.content(*suffix) for suffix, _ in changes] == [v.content for _, v in changes]


def test_a_board_that_is_down_is_a_failed_commit() -> None:
    strip = Strip()
    strip.bench.core.on_bank_lost(BankLost("main", "no answer at 0x20"))
    with pytest.raises(SetError) as refused:
        strip.set((command(1), integer(2)))
    assert refused.value.status is ErrorStatus.COMMIT_FAILED
    assert strip.content(*state(1)) == 7
    assert strip.content(1, 8, 0) == 3


CREATE, DESTROY = integer(4), integer(6)
OUTLET_2 = Target(TargetKind.OUTLET, 2)


def member(group: int, outlet: int) -> tuple[int, ...]:
    return (6, 2, 1, 1, group, outlet)


def of_group(number: int, column: int) -> tuple[int, ...]:
    return (6, 1, 1, column, number)


def of_limits(column: int) -> tuple[int, ...]:
    """The threshold for the current of outlet 2."""
    return (4, 1, 1, column, 3, 2, 2)


def notified(number: int) -> tuple[int, ...]:
    return (*DEFAULT_ARC, 0, number)


def test_a_group_is_made_filled_and_switched_by_one_set_and_goes_without_a_trace() -> None:
    strip = Strip()
    strip.set(
        (of_group(3, 4), integer(2)),
        (member(3, 2), CREATE),
        (of_group(3, 2), octets(b"lab")),
        (of_group(3, 8), CREATE),
    )
    strip.bench.run(2)
    assert (strip.content(*state(1)), strip.content(*state(2))) == (1, 2)
    shown = {column: strip.content(*of_group(3, column)) for column in (2, 3, 7, 8)}
    assert shown == {2: b"lab", 3: 2, 7: 3, 8: 1}
    assert strip.content(*member(3, 2)) == 1
    strip.set((of_group(3, 8), DESTROY))
    assert strip.get(*of_group(3, 8)) is strip.get(*member(3, 2)) is NO_SUCH_INSTANCE
    strip.bench.run(2)
    assert strip.content(*state(2)) == 2


def test_a_group_that_is_refused_in_part_is_not_made_at_all() -> None:
    strip = Strip()
    strip.set((lock(2), integer(2)))
    changes = [
        (of_group(3, 4), integer(2)),
        (of_group(3, 8), CREATE),
        (member(3, 2), CREATE),
    ]
    assert strip.refusal(*changes) == (ErrorStatus.INCONSISTENT_VALUE, 1)
    assert strip.get(*of_group(3, 8)) is NO_SUCH_INSTANCE


def test_a_member_needs_its_group() -> None:
    assert Strip().refusal((member(3, 2), CREATE)) == (ErrorStatus.INCONSISTENT_NAME, 1)


@pytest.mark.parametrize(
    "change",
    [
        (of_group(9, 2), octets(b"mine")),
        (of_group(9, 8), DESTROY),
        (member(9, 2), CREATE),
        (member(9, 1), DESTROY),
    ],
)
def test_a_group_of_the_file_can_be_switched_but_not_changed(
    change: tuple[tuple[int, ...], Value],
) -> None:
    strip = Strip()
    assert strip.refusal(change) == (ErrorStatus.INCONSISTENT_VALUE, 1)
    strip.set((of_group(9, 4), integer(2)))
    strip.bench.run(2)
    assert strip.content(*state(1)) == 2
    assert strip.content(*of_group(9, 7)) == 5


def test_the_lock_lets_the_first_of_two_managers_in() -> None:
    strip = Strip()
    read = strip.content(1, 12, 0)
    assert isinstance(read, int)
    first = [((3, 1, 1, 2, 1), octets(b"first")), ((1, 12, 0), integer(read))]
    second = [((3, 1, 1, 2, 1), octets(b"second")), ((1, 12, 0), integer(read))]
    strip.set(*first)
    assert strip.refusal(*second) == (ErrorStatus.INCONSISTENT_VALUE, 2)
    assert strip.content(3, 1, 1, 2, 1) == b"first"
    assert strip.content(1, 12, 0) == read + 1


def test_limits_may_pass_each_other_in_one_set_but_not_end_in_disorder() -> None:
    strip = Strip()
    both = octets(b"\x30")
    strip.set((of_limits(10), both), (of_limits(6), integer(4000)), (of_limits(7), integer(5000)))
    assert strip.refusal((of_limits(6), integer(5000))) == (ErrorStatus.INCONSISTENT_VALUE, 1)
    strip.set((of_limits(6), integer(8000)), (of_limits(7), integer(9000)))
    assert [strip.content(*of_limits(column)) for column in (6, 7, 10)] == [8000, 9000, b"\x30"]


def test_a_passed_limit_is_an_alarm_an_event_and_a_notification_until_it_is_back() -> None:
    strip = Strip()
    strip.told()
    strip.set(
        (of_limits(7), integer(8000)),
        (of_limits(8), unsigned(500)),
        (of_limits(10), octets(b"\x10")),
    )
    assert strip.told() == [notified(12)]
    strip.bench.read(OUTLET_2, current_a=8.0)
    assert strip.content(*of_limits(11)) == 5
    assert strip.told() == [notified(3)]
    assert strip.content(8, 1, 0) == 1
    (alarm,) = strip.bench.core.snapshot.alarms
    assert strip.content(8, 2, 1, 2, alarm.id) == notified(3)
    assert strip.content(8, 2, 1, 4, alarm.id) == (*DEFAULT_ARC, 1, 3, 1, 1, 2, 2)
    strip.set(((8, 2, 1, 7, alarm.id), integer(1)))
    assert strip.content(8, 2, 1, 7, alarm.id) == 1
    strip.bench.read(OUTLET_2, current_a=7.4)
    assert strip.content(*of_limits(11)) == 1
    assert strip.told() == [notified(4)]
    assert strip.get(8, 2, 1, 7, alarm.id) is NO_SUCH_INSTANCE
    last = strip.content(8, 3, 0)
    assert isinstance(last, int)
    assert strip.content(8, 4, 1, 3, last) == notified(4)


def test_a_class_of_notifications_is_switched_off_and_on() -> None:
    strip = Strip()
    strip.bench.heard.drain()
    strip.set(((11, 1, 0), integer(2)), ((11, 6, 0), integer(2)))
    strip.set((command(1), integer(2)))
    strip.bench.run(1)
    assert strip.told() == []
    strip.set(((11, 1, 0), integer(1)))
    strip.set((command(1), integer(1)))
    strip.bench.run(1)
    assert set(strip.told()) == {notified(1)}


def test_a_sensor_is_named_and_forgets_its_extremes() -> None:
    strip = Strip()
    strip.bench.sense(1, 20.0)
    strip.bench.sense(1, 25.0)
    strip.set(((5, 1, 1, 2, 1), octets(b"rear")), ((5, 1, 1, 10, 1), integer(2)))
    assert strip.content(5, 1, 1, 2, 1) == b"rear"
    strip.bench.sense(1, 24.0)
    assert (strip.content(5, 1, 1, 8, 1), strip.content(5, 1, 1, 9, 1)) == (240, 250)
