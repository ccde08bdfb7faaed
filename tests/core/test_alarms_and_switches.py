# SPDX-License-Identifier: Apache-2.0
"""Alarms to acknowledge, notification switches, and the advisory configuration lock."""

from __future__ import annotations

import logging

import pytest

from pdu_agent.core.birth import Birth
from pdu_agent.core.configuring import LAST_LOCK
from pdu_agent.core.core import Core
from pdu_agent.core.settings import ThresholdSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Action,
    AdvanceConfigLock,
    ConfigureOutlet,
    ConfigureThreshold,
    CreateGroup,
    EnableNotifications,
    NotificationClass,
    OutletSetting,
    Quantity,
    Reset,
    ResetMeter,
    SetMember,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.errors import NotNow, Unavailable, UnknownTarget
from pdu_agent.model.record import Record
from pdu_agent.model.watching import Severity
from tests.core.bench import INLET, OPS, Workbench

LIMIT = ThresholdSettings(INLET, Quantity.CURRENT, high_warning=10.0, high_critical=16.0)


@pytest.fixture
def bench() -> Workbench:
    return Workbench(outlets=2, thresholds=(LIMIT,))


# alarms


def test_an_acknowledged_alarm_stands_until_its_cause_is_gone(bench: Workbench) -> None:
    bench.read(current_a=11.0)
    (alarm,) = bench.alarms("threshold")
    assert not alarm.acknowledged
    bench.submit(AcknowledgeAlarm(alarm.id, True))
    (seen,) = bench.alarms("threshold")
    assert (seen.acknowledged, seen.id) == (True, alarm.id)
    bench.submit(AcknowledgeAlarm(alarm.id, False))
    assert not bench.alarms("threshold")[0].acknowledged
    bench.read(current_a=1.0)
    assert bench.alarms("threshold") == []


def test_alarms_are_in_the_log_once_and_so_is_their_end(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever only follows the log has to see them."""
    caplog.set_level(logging.INFO, logger="pdu_agent.core.watching.alarms")
    book = AlarmBook(CoreState(), bench.clock, lambda _: None)
    for text in ("it may be welded", "it may be welded: 0.3 A"):
        book.set("relay", "outlet 3", Severity.CRITICAL, text)
    book.clear("relay", "outlet 3")
    book.clear("relay", "outlet 3")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "critical alarm: outlet 3: it may be welded"),
        ("INFO", "alarm over: outlet 3: it may be welded: 0.3 A"),
    ]


def test_one_that_is_told_again_has_not_been_seen(bench: Workbench) -> None:
    bench.read(current_a=11.0)
    (warning,) = bench.alarms("threshold")
    bench.submit(AcknowledgeAlarm(warning.id, True))
    bench.read(current_a=12.0)
    assert bench.alarms("threshold")[0].acknowledged
    bench.read(current_a=17.0)
    (critical,) = bench.alarms("threshold")
    assert not critical.acknowledged
    assert critical.since_wall_s == warning.since_wall_s
    bench.submit(AcknowledgeAlarm(critical.id, True))
    bench.read(current_a=1.0)
    bench.read(current_a=11.0)
    (again,) = bench.alarms("threshold")
    assert not again.acknowledged
    assert again.id != critical.id


def test_an_alarm_that_is_not_there_refuses_the_whole_batch(bench: Workbench) -> None:
    bench.read(current_a=11.0)
    (alarm,) = bench.alarms("threshold")
    with pytest.raises(UnknownTarget, match="no active alarm 99") as refused:
        bench.submit(AcknowledgeAlarm(alarm.id, True), AcknowledgeAlarm(99, True))
    assert refused.value.position == 1
    assert not bench.alarms("threshold")[0].acknowledged


def test_the_alarm_of_a_relay_names_its_outlet(bench: Workbench) -> None:
    bench.board.stuck.add(1)
    bench.switch(2, Action.OFF)
    (alarm,) = bench.alarms("relay")
    assert alarm.target == Target(TargetKind.OUTLET, 2)


# notification switches


def test_all_classes_notify_until_switched_off_for_good(bench: Workbench) -> None:
    assert bench.core.snapshot.notifying == frozenset(NotificationClass)
    bench.submit(
        EnableNotifications(NotificationClass.OUTLET, False),
        EnableNotifications(NotificationClass.SENSOR, False),
    )
    bench.submit(EnableNotifications(NotificationClass.SENSOR, True))
    without = frozenset(NotificationClass) - {NotificationClass.OUTLET}
    assert bench.core.snapshot.notifying == without
    again = Workbench(outlets=2, record=bench.saved[-1].record)
    assert again.core.snapshot.notifying == without


# the configuration lock


def test_the_lock_lets_one_of_two_managers_win(bench: Workbench) -> None:
    start = bench.core.snapshot.config_lock
    bench.submit(AdvanceConfigLock(start), ConfigureOutlet(1, OutletSetting.NAME, "mine"))
    with pytest.raises(NotNow, match=f"is at {start + 1}, not {start}") as refused:
        bench.submit(ConfigureOutlet(1, OutletSetting.NAME, "yours"), AdvanceConfigLock(start))
    assert refused.value.position == 1
    assert bench.outlet(1).name == "mine"
    assert bench.core.snapshot.config_lock == start + 1


def test_the_lock_wraps_and_starts_where_it_is_told(bench: Workbench) -> None:
    birth = Birth(Record(), True, "boot", "1.0", config_lock=LAST_LOCK)
    core = Core(bench.settings, bench.clock, lambda _: None, birth)
    core.submit_all([AdvanceConfigLock(LAST_LOCK)], OPS)
    assert core.snapshot.config_lock == 0


@pytest.mark.parametrize("switch_first", [False, True])
def test_an_outlet_is_switched_with_the_times_that_the_same_batch_sets(
    bench: Workbench, switch_first: bool
) -> None:
    commands = [
        ConfigureOutlet(1, OutletSetting.OFF_DELAY_S, 40),
        SwitchOutlet(1, Action.OFF_DELAYED),
    ]
    bench.submit(*(reversed(commands) if switch_first else commands))
    assert bench.outlet(1).pending_s == 40


def test_a_batch_with_every_kind_of_command_is_refused_as_one(bench: Workbench) -> None:
    bench.read(current_a=11.0)
    before = bench.core.snapshot
    (alarm,) = before.alarms
    with pytest.raises(UnknownTarget):
        bench.submit(
            AdvanceConfigLock(before.config_lock),
            EnableNotifications(NotificationClass.START, False),
            AcknowledgeAlarm(alarm.id, True),
            SwitchOutlet(1, Action.OFF),
            ConfigureOutlet(9, OutletSetting.NAME, "none"),
        )
    after = bench.core.snapshot
    assert (after.config_lock, after.notifying) == (before.config_lock, before.notifying)
    assert (after.alarms, after.outlets) == (before.alarms, before.outlets)


def test_a_batch_that_could_not_be_recorded_leaves_no_trace(bench: Workbench) -> None:
    bench.read(current_a=11.0)
    before = bench.core.snapshot
    (alarm,) = before.alarms
    bench.heard.drain()
    bench.save_fails = True
    with pytest.raises(Unavailable, match="no space left"):
        bench.submit(
            AdvanceConfigLock(before.config_lock),
            EnableNotifications(NotificationClass.START, False),
            AcknowledgeAlarm(alarm.id, True),
            CreateGroup(3),
            SetMember(3, 1, True),
            SwitchGroup(3, Action.OFF),
            ConfigureOutlet(2, OutletSetting.NAME, "none"),
            ResetMeter(INLET, Reset.ALL),
            ConfigureThreshold(INLET, Quantity.CURRENT, ThresholdSetting.ENABLED, frozenset()),
        )
    bench.clock.advance(0.3)  # so that the snapshot is a new one
    after = bench.core.snapshot
    assert after.seq > before.seq
    for name in (
        *("config_lock", "notifying", "alarms", "groups", "outlets", "inlets", "thresholds"),
        *("topology", "config_changed_s", "events"),
    ):
        assert getattr(after, name) == getattr(before, name), name
    assert bench.heard.drain() == []
    assert bench.queue == []
