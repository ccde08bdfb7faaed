# SPDX-License-Identifier: Apache-2.0
"""What Sentry4-MIB shows of silent meters, in other scales, and in every state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import Action, Lock, Target, TemperatureScale
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    Inlet,
    Meter,
    OutletState,
    SensorKind,
    SensorStatus,
    Severity,
    Snapshot,
    ThresholdState,
)
from tests.mib.sentry4 import NEVER_HEARD, OUTLET_1, SENSORS, SILENT, SentryBench, sensor, strip
from tests.mib.unit import ELECTRICAL, METER, WALL_S, unit, with_outlet


def test_the_tree_is_in_order_and_read_one_by_one_says_the_same() -> None:
    bench = SentryBench()
    oids = [oid for oid, _ in bench.walk()]
    assert oids == sorted(oids)
    assert all(bench.content(suffix) == content for suffix, content in bench.tree().items())


def inlet_with(meter: Meter) -> Snapshot:
    return replace(strip(), inlets=(Inlet(1, "Feed A", 1, meter),))


@pytest.mark.parametrize(
    ("meter", "state", "status"),
    [
        (METER, 1, 0),
        (replace(SILENT, sample_wall_s=None), 0, 5),  # just started: reading
        (NEVER_HEARD, 0, 7),
        (SILENT, 0, 8),
    ],
)
def test_a_meter_that_gives_no_values_shows_none_and_says_why(
    meter: Meter, state: int, status: int
) -> None:
    tree = SentryBench(inlet_with(meter)).tree()
    working = status == 0
    assert tree["3.3.1.1.1.1"] == tree["4.3.1.1.1.1.1"] == tree["5.3.1.1.1.1.1"] == state
    assert tree["3.3.1.2.1.1"] == tree["4.3.1.2.1.1.1"] == tree["5.3.1.2.1.1.1"] == status
    assert tree["3.3.1.3.1.1"] == (263 if working else -1)
    assert tree["4.3.1.3.1.1.1"] == (125 if working else -1)
    assert tree["5.3.1.3.1.1.1"] == (2301 if working else -1)
    assert tree["3.3.1.4.1.1"] == status
    assert ("5.3.1.5.1.1.1" in tree) is working  # a deviation has no number for "none"
    assert tree["3.3.1.10.1.1"] == 14  # what was counted stays counted


@pytest.mark.parametrize(("voltage_v", "state"), [(11.5, 1), (11.4, 2), (0.0, 2), (None, 0)])
def test_a_cord_is_off_below_a_twentieth_of_its_voltage(voltage_v: float, state: int) -> None:
    meter = replace(METER, electrical=replace(ELECTRICAL, voltage_v=voltage_v))
    assert SentryBench(inlet_with(meter)).content("3.3.1.1.1.1") == state


def test_what_a_working_meter_never_measures_is_disabled() -> None:
    meter = replace(METER, electrical=Electrical(current_a=2.0, quality=ELECTRICAL.quality))
    tree = SentryBench(inlet_with(meter)).tree()
    assert (tree["4.3.1.3.1.1.1"], tree["4.3.1.4.1.1.1"]) == (200, 16)
    assert (tree["5.3.1.3.1.1.1"], tree["5.3.1.4.1.1.1"]) == (-1, 1)
    assert tree["5.3.1.12.1.1.1"] == 0


@pytest.mark.parametrize(
    ("reactive_var", "apparent_va", "shown"),
    [(30.0, 100.0, 2), (-30.0, 100.0, 1), (10.0, 100.0, 3), (-9.0, 100.0, 3), (0.0, 0.0, 0)],
)
def test_the_reactance_tells_the_sign_of_what_matters(
    reactive_var: float, apparent_va: float, shown: int
) -> None:
    electrical = replace(ELECTRICAL, reactive_power_var=reactive_var, apparent_power_va=apparent_va)
    meter = replace(METER, electrical=electrical)
    assert SentryBench(inlet_with(meter)).content("5.3.1.12.1.1.1") == shown


def test_power_that_flows_back_is_no_missing_value() -> None:
    electrical = replace(ELECTRICAL, active_power_w=-40.0, power_factor=-0.5)
    tree = SentryBench(inlet_with(replace(METER, electrical=electrical))).tree()
    assert (tree["3.3.1.3.1.1"], tree["3.3.1.8.1.1"]) == (0, 0)


def test_values_beyond_the_range_stop_at_its_end() -> None:
    electrical = replace(ELECTRICAL, current_a=900.0, apparent_power_va=90_000.0)
    tree = SentryBench(inlet_with(replace(METER, electrical=electrical))).tree()
    assert (tree["4.3.1.3.1.1.1"], tree["5.3.1.6.1.1.1"]) == (60_000, 30_000)
    assert (tree["3.3.1.5.1.1"], tree["5.3.1.9.1.1.1"]) == (50_000, 25_000)
    assert (tree["3.3.1.7.1.1"], tree["4.3.1.5.1.1.1"]) == (1200, 1200)


def test_temperatures_are_in_the_scale_of_the_unit() -> None:
    snapshot = strip()
    device = replace(snapshot.device, temperature_scale=TemperatureScale.FAHRENHEIT)
    tree = SentryBench(replace(snapshot, device=device)).tree()
    assert tree["9.1.10.0"] == 1
    assert tree["9.3.1.1.1.1"] == 244  # -4.25 Celsius are 24.35 Fahrenheit
    assert tree["9.3.1.1.1.2"] == -410
    assert [tree[f"9.4.1.{column}.1.1"] for column in (2, 3, 4, 5)] == [23, -40, 95, 104]
    assert tree["9.1.1.0"] == 4  # a difference of 2 K


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (ThresholdState.NORMAL, 0),
        (ThresholdState.LOW_CRITICAL, 14),
        (ThresholdState.LOW_WARNING, 15),
        (ThresholdState.HIGH_WARNING, 16),
        (ThresholdState.HIGH_CRITICAL, 17),
        (ThresholdState.UNKNOWN, 0),
    ],
)
def test_a_limit_that_is_passed_shows_where_the_value_does(
    state: ThresholdState, shown: int
) -> None:
    snapshot = strip()
    thresholds = tuple(replace(each, state=state) for each in snapshot.thresholds)
    tree = SentryBench(replace(snapshot, thresholds=thresholds)).tree()
    places = ("3.3.1.4.1.1", "3.3.1.6.1.1", "3.3.1.9.1.1", "4.3.1.4.1.1.1", "5.3.1.4.1.1.1")
    places += ("5.3.1.11.1.1.1", "7.3.1.4.1.1.1", "8.3.1.4.1.1.1", "8.3.1.8.1.1.1")
    assert {tree[place] for place in (*places, "9.3.1.2.1.1", "10.3.1.2.1.1")} == {shown}


@pytest.mark.parametrize(
    ("status", "sampled", "shown"),
    [
        (SensorStatus.OK, True, 0),
        (SensorStatus.STALE, False, 5),
        (SensorStatus.ABSENT, False, 7),
        (SensorStatus.STALE, True, 8),
        (SensorStatus.FAULT, True, 9),
    ],
)
def test_a_sensor_without_values_says_why(status: SensorStatus, sampled: bool, shown: int) -> None:
    changes = {"status": status, "sample_wall_s": WALL_S if sampled else None}
    kinds = (SensorKind.HUMIDITY, SensorKind.TEMPERATURE, SensorKind.WATER, SensorKind.CONTACT)
    sensors = [sensor(number, kind, 0.0, **changes) for number, kind in enumerate(kinds, 1)]
    tree = SentryBench(unit(sensors=sensors)).tree()
    present = status is SensorStatus.OK
    assert (tree["9.3.1.1.1.1"], tree["9.3.1.2.1.1"]) == (0 if present else -410, shown)
    assert (tree["10.3.1.1.1.1"], tree["10.3.1.2.1.1"]) == (0 if present else -1, shown)
    assert (tree["11.3.1.1.1.1"], tree["12.3.1.1.1.1"]) == (shown, shown)


def test_sensors_are_counted_by_kind_and_in_order() -> None:
    tree = SentryBench(unit(sensors=tuple(reversed(SENSORS)))).tree()
    assert [tree[f"9.2.1.3.1.{number}"] for number in (1, 2)] == [b"hall", b"probe 5"]
    assert "9.2.1.3.1.3" not in tree


def test_a_unit_without_branches_limits_or_sensors_has_no_rows_for_them() -> None:
    tree = SentryBench(unit()).tree()
    gone = ("3.4.", "4.1.", "4.4.", "5.4.", "6.", "7.", "8.4.", "9.2.", "10.", "11.", "12.")
    assert [suffix for suffix in tree if suffix.startswith(gone)] == []
    assert "8.2.1.31.1.1.1" not in tree
    assert (tree["3.2.1.22.1.1"], tree["3.2.1.24.1.1"]) == (0, 2)


def test_an_outlet_whose_inlet_has_no_meter_is_there_without_its_capacity() -> None:
    bench = SentryBench(replace(strip(), inlets=()))
    assert bench.content("8.2.1.2.1.1.1") == b"AA1"
    assert bench.content("8.2.1.7.1.1.1") == 10
    assert bench.get("8.2.1.8.1.1.1") is NO_SUCH_INSTANCE


def test_three_lines_make_a_unit_of_three_phases() -> None:
    snapshot = strip()
    inlets = tuple(replace(inlet, line_count=3) for inlet in snapshot.inlets)
    assert SentryBench(replace(snapshot, inlets=inlets)).content("2.2.1.8.1") == b"\x40"


@pytest.mark.parametrize(
    ("target", "status"), [(None, 18), (OUTLET_1, 0)], ids=["of the unit", "of an outlet"]
)
def test_an_alarm_of_the_unit_is_its_status(target: Target | None, status: int) -> None:
    alarm = Alarm(1, "board", Severity.CRITICAL, "board main", "no answer", WALL_S, target)
    assert SentryBench(replace(strip(), alarms=(alarm,))).content("2.3.1.1.1") == status


def test_long_texts_are_cut_and_foreign_letters_shown_as_such() -> None:
    snapshot = strip()
    device = replace(snapshot.device, name="n" * 40, location="Gebäude " + "7" * 90)
    tree = SentryBench(replace(snapshot, device=device)).tree()
    assert tree["2.2.1.3.1"] == b"n" * 32
    assert tree["1.1.2.0"] == b"Geb?ude " + b"7" * 72


def test_the_uptime_is_told_in_words() -> None:
    tree = SentryBench(replace(strip(), uptime_s=2 * 86_400 + 3 * 3600 + 4 * 60 + 5.9)).tree()
    assert tree["1.1.8.0"] == b"2 days 3 hours 4 minutes 5 seconds"


S, A, R = OutletState, Action, ChangeReason


@pytest.mark.parametrize(
    ("state", "pending", "reason", "closed", "shown"),
    [
        (S.ON, None, R.UNKNOWN, True, (1, 0, 3)),
        (S.OFF, None, R.UNKNOWN, False, (2, 0, 2)),
        (S.ON, None, R.POWER_UP, True, (1, 0, 5)),
        (S.OFF, None, R.POWER_UP, False, (2, 0, 4)),
        (S.ON, None, R.SNMP, True, (1, 0, 11)),
        (S.OFF, None, R.WEB, False, (2, 0, 10)),
        (S.OFF, None, R.LOCAL, False, (2, 0, 10)),
        (S.ON, None, R.NUT, True, (1, 0, 11)),
        (S.ON, None, R.SCHEDULE, True, (1, 0, 11)),
        (S.OFF, None, R.LOAD_SHEDDING, False, (2, 0, 16)),
        (S.OFF, None, R.THRESHOLD, False, (2, 0, 16)),
        (S.ON_PENDING, A.ON, R.SNMP, False, (1, 0, 8)),
        (S.ON_PENDING, A.ON_DELAYED, R.SNMP, False, (2, 0, 8)),
        (S.OFF_PENDING, A.OFF, R.SNMP, True, (2, 0, 9)),
        (S.OFF_PENDING, A.OFF_DELAYED, R.SNMP, True, (1, 0, 9)),
        (S.OFF_PENDING, A.REBOOT_DELAYED, R.SNMP, True, (1, 0, 9)),
        (S.REBOOTING, A.REBOOT, R.SNMP, False, (2, 0, 12)),
        (S.REBOOTING, A.REBOOT, R.SCHEDULE, False, (2, 0, 12)),
        (S.FAULT, None, R.SNMP, True, (1, 11, 11)),
        (S.FAULT, None, R.SNMP, False, (2, 11, 10)),
        (S.FAULT, None, R.SNMP, None, (0, 11, 0)),
        (S.UNKNOWN, None, R.SNMP, None, (0, 10, 0)),
    ],
)
def test_an_outlet_tells_its_state_its_status_and_how_it_came_about(
    state: OutletState,
    pending: Action | None,
    reason: ChangeReason,
    closed: bool | None,
    shown: tuple[int, int, int],
) -> None:
    snapshot = with_outlet(
        strip(), 2, state=state, pending=pending, last_reason=reason, relay_closed=closed
    )
    bench = SentryBench(snapshot)
    columns = ("8.3.1.1", "8.3.1.2", "8.5.1.1")
    assert tuple(bench.content(f"{column}.1.1.2") for column in columns) == shown
    assert bench.content("8.5.1.2.1.1.2") == 0


@pytest.mark.parametrize(
    ("state", "lock", "shown"),
    [
        (S.ON, Lock.LOCKED_ON, 15),
        (S.OFF, Lock.LOCKED_OFF, 14),
        (S.ON_PENDING, Lock.LOCKED_ON, 8),  # mains came back
    ],
)
def test_a_lock_shows_once_nothing_is_under_way(state: OutletState, lock: Lock, shown: int) -> None:
    snapshot = with_outlet(strip(), 2, state=state, lock=lock)
    assert SentryBench(snapshot).content("8.5.1.1.1.1.2") == shown
