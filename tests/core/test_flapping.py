# SPDX-License-Identifier: Apache-2.0
"""An input that flaps gives bounded messages, and none of its alarms is lost or stays for good."""

from __future__ import annotations

from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.rules.settings import (
    ActionSettings,
    MissingSettings,
    RuleSettings,
    TriggerSettings,
)
from pdu_agent.core.settings import SensorSettings, ThresholdSettings
from pdu_agent.core.watching.flapping import MOST_TELLINGS, QUIET_S, WINDOW_S
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Lock,
    Quantity,
    SetLock,
    Target,
    TargetKind,
)
from pdu_agent.model.events import AlarmCleared, AlarmRaised, SensorChanged
from pdu_agent.model.snapshot import SensorStatus, Severity
from tests.core.bench import INLET, Workbench

CURRENT = Quantity.CURRENT


def bench_of() -> Workbench:
    limits = ThresholdSettings(INLET, CURRENT, high_warning=10, high_critical=16)
    return Workbench(outlets=1, thresholds=(limits,), stale_after_s=1e6)


def read(bench: Workbench, current_a: float, pause_s: float = 1) -> None:
    bench.read(current_a=current_a)
    bench.run(pause_s)


def told(bench: Workbench) -> tuple[int, int]:
    """How often an alarm was raised (or became another), and ended, since the last call."""
    events = bench.heard.drain()
    raised = sum(isinstance(event, AlarmRaised) for event in events)
    return raised, sum(isinstance(event, AlarmCleared) for event in events)


def flap(bench: Workbench, times: int, *currents_a: float) -> None:
    for _ in range(times):
        for current_a in currents_a:
            read(bench, current_a)


def test_an_input_that_flaps_for_an_hour_is_told_a_few_times() -> None:
    bench = bench_of()
    flap(bench, 1800, 11, 9)
    assert told(bench) == (MOST_TELLINGS, MOST_TELLINGS - 1)
    assert len(bench.alarms("threshold")) == 1
    bench.run(QUIET_S)
    assert (told(bench), bench.alarms("threshold")) == ((0, 1), [])


def test_it_ends_with_the_value_that_came_back() -> None:
    bench = bench_of()
    flap(bench, MOST_TELLINGS, 11, 9)
    bench.run(QUIET_S)
    last = bench.events(AlarmCleared)[-1]
    assert isinstance(last, AlarmCleared)
    assert last.alarm.crossing is not None
    assert last.alarm.crossing.value == 9


def test_going_to_and_fro_between_two_limits_is_bounded_and_stays_critical() -> None:
    bench = bench_of()
    flap(bench, 100, 11, 17)
    assert told(bench) == (MOST_TELLINGS, 0)
    (alarm,) = bench.alarms("threshold")
    assert alarm.severity is Severity.CRITICAL


def test_what_becomes_critical_while_it_flaps_is_told() -> None:
    bench = bench_of()
    flap(bench, MOST_TELLINGS, 11, 9)
    told(bench)
    read(bench, 17)
    assert told(bench) == (1, 0)


def test_slow_changes_are_all_told() -> None:
    bench = bench_of()
    for _ in range(10):
        read(bench, 11, WINDOW_S / 4)
        read(bench, 9, WINDOW_S / 4)
    assert told(bench) == (10, 10)


def test_after_a_quiet_time_it_is_told_again() -> None:
    bench = bench_of()
    flap(bench, 100, 11, 9)
    bench.run(WINDOW_S)
    told(bench)
    flap(bench, 1, 11, 9)
    assert told(bench) == (1, 1)


def test_an_acknowledged_alarm_that_flaps_stays_acknowledged() -> None:
    bench = bench_of()
    flap(bench, MOST_TELLINGS, 11, 9)
    bench.submit(AcknowledgeAlarm(bench.alarms("threshold")[0].id, True))
    flap(bench, 20, 11, 9)
    assert bench.alarms("threshold")[0].acknowledged


def sensor_told(bench: Workbench) -> list[SensorStatus]:
    return [event.new for event in bench.heard.drain() if isinstance(event, SensorChanged)]


def test_a_sensor_that_comes_and_goes_is_told_a_few_times_and_then_how_it_ends() -> None:
    bench = Workbench(outlets=1, sensors=(SensorSettings(1, stale_after_s=3600),))
    bench.sense(1, 20.0)
    for _ in range(200):
        bench.sense(1, None, "CRC")
        bench.run(2)
        bench.sense(1, 20.0)
        bench.run(2)
    assert len(sensor_told(bench)) == MOST_TELLINGS
    bench.sense(1, None, "CRC")
    bench.run(QUIET_S + 1)
    assert sensor_told(bench) == [SensorStatus.FAULT]
    assert len(bench.alarms("sensor")) == 1
    bench.run(WINDOW_S)
    bench.sense(1, 20.0)
    assert sensor_told(bench) == [SensorStatus.OK]


def test_a_sensor_that_ends_as_it_was_told_last_is_not_told_again() -> None:
    bench = Workbench(outlets=1, sensors=(SensorSettings(1, stale_after_s=3600),))
    bench.sense(1, 20.0)
    for _ in range(MOST_TELLINGS):
        bench.sense(1, None, "CRC")
        bench.sense(1, 20.0)
    assert sensor_told(bench)[-1] is SensorStatus.OK
    bench.run(QUIET_S + 1)
    assert sensor_told(bench) == []
    assert bench.alarms("sensor") == []


def test_a_cap_at_whose_edge_nothing_may_go_off_is_told_a_few_times() -> None:
    cap = CapSettings(1, target=INLET, limit_a=10)
    bench = Workbench(outlets=1, caps=(cap,), stale_after_s=1e6)
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    bench.heard.drain()
    flap(bench, 600, 10.1, 9.9)
    raised, ended = told(bench)
    assert raised <= MOST_TELLINGS * (1 + 1200 / WINDOW_S)
    assert ended <= raised
    for _ in range(int(QUIET_S) + 2):
        read(bench, 5)
    assert bench.core.snapshot.alarms == ()


def test_a_rule_whose_input_comes_and_goes_is_told_to_be_blind_a_few_times() -> None:
    hot = RuleSettings(
        "hot",
        when=TriggerSettings(target=Target(TargetKind.SENSOR, 1), above=30.0),
        then=(ActionSettings(outlets=(1,), switch="off"),),
        on_missing=MissingSettings(after_s=0),
    )
    sensor = SensorSettings(number=1, stale_after_s=1e6)
    bench = Workbench(outlets=1, sensors=(sensor,), rules=(hot,))
    for _ in range(300):
        for value in (20.0, None):
            bench.sense(1, value)
            bench.run(1)
    raised = [each for each in bench.heard.drain() if isinstance(each, AlarmRaised)]
    assert sum(each.alarm.kind == "rule input" for each in raised) <= MOST_TELLINGS * 2
