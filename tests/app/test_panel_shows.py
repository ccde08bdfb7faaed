# SPDX-License-Identifier: Apache-2.0
"""What lamps and displays show of a snapshot."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.app.panel.lamps import alarm_pattern, outlet_pattern, patterns
from pdu_agent.app.panel.status_lines import status_lines
from pdu_agent.hw.lamps import Pattern, is_lit
from pdu_agent.model.snapshot import Alarm, MeterStatus, OutletState, Severity
from tests.web.fake_agent import make_meter, make_outlet, make_snapshot


def alarm(severity: Severity, since_s: float = 0.0, seen: bool = False, text: str = "gone"):
    return Alarm(1, "relay", severity, "board main", text, since_s, acknowledged=seen)


@pytest.mark.parametrize(
    ("state", "pattern"),
    [
        (OutletState.ON, Pattern.ON),
        (OutletState.OFF, Pattern.OFF),
        (OutletState.ON_PENDING, Pattern.SLOW),
        (OutletState.OFF_PENDING, Pattern.SLOW),
        (OutletState.REBOOTING, Pattern.SLOW),
        (OutletState.FAULT, Pattern.FAST),
        (OutletState.UNKNOWN, Pattern.FAST),
    ],
)
def test_lamp_of_an_outlet_shows_its_state(state: OutletState, pattern: Pattern):
    assert outlet_pattern(make_outlet(1, state=state)) is pattern


def test_lamp_of_an_outlet_is_lit_without_any_load():
    assert outlet_pattern(make_outlet(1, state=OutletState.ON, meter=None)) is Pattern.ON


def test_lamp_for_alarms_shows_the_worst_that_nobody_has_seen():
    assert alarm_pattern([]) is Pattern.OFF
    assert alarm_pattern([alarm(Severity.WARNING)]) is Pattern.SLOW
    assert alarm_pattern([alarm(Severity.WARNING), alarm(Severity.CRITICAL)]) is Pattern.FAST
    both = [alarm(Severity.WARNING), alarm(Severity.CRITICAL, seen=True)]
    assert alarm_pattern(both) is Pattern.SLOW
    assert alarm_pattern([alarm(Severity.CRITICAL, seen=True)]) is Pattern.ON


def test_each_lamp_shows_what_it_was_configured_for():
    outlets = {1: make_outlet(1), 2: make_outlet(2, state=OutletState.OFF)}
    shown = patterns({8: 1, 9: 2, 10: None}, outlets, [alarm(Severity.CRITICAL)])
    assert shown == {8: Pattern.ON, 9: Pattern.OFF, 10: Pattern.FAST}


@pytest.mark.parametrize(("pattern", "hz"), [(Pattern.SLOW, 1.0), (Pattern.FAST, 4.0)])
def test_blinking_lamps_change_at_their_frequency(pattern: Pattern, hz: float):
    lit = [is_lit(pattern, 1000 + n / 1000) for n in range(10_000)]
    rises = sum(now and not before for before, now in itertools.pairwise(lit))
    assert rises == pytest.approx(10 * hz, abs=1)
    assert sum(lit) == pytest.approx(5000, abs=10)


def test_steady_lamps_do_not_change():
    assert all(is_lit(Pattern.ON, n / 7) for n in range(100))
    assert not any(is_lit(Pattern.OFF, n / 7) for n in range(100))


def unit(on: set[int] | None = None, count: int = 8, **changes):
    chosen = on if on is not None else {1, 2, 3, 5}
    outlets = tuple(
        make_outlet(n, state=OutletState.ON if n in chosen else OutletState.OFF)
        for n in range(1, count + 1)
    )
    return make_snapshot(**{"outlets": outlets, "alarms": (), **changes})


def test_four_rows_show_name_load_outlets_and_that_all_is_well():
    snapshot = unit(inlets=make_snapshot().inlets[:1])
    electrical = snapshot.inlets[0].meter.electrical
    load = f"{electrical.active_power_w:.0f} W  {electrical.current_a:.2f} A"
    assert status_lines(snapshot, 20, 4) == ("rack-7", load, "On 1-3 5", "No alarm")


def test_alarm_fills_the_rows_that_are_left_and_takes_the_name_of_a_small_display():
    snapshot = unit(alarms=(alarm(Severity.WARNING, text="does not answer"),))
    assert status_lines(snapshot, 20, 5)[3:] == ("! board main: does n", "ot answer")
    assert status_lines(snapshot, 16, 2)[0] == "! board main: do"
    assert len(status_lines(snapshot, 16, 2)) == 2


def test_worst_alarm_is_shown_and_of_those_the_newest():
    alarms = (
        alarm(Severity.CRITICAL, 10.0, text="old"),
        alarm(Severity.CRITICAL, 20.0, text="new"),
        alarm(Severity.WARNING, 30.0, text="mild"),
    )
    assert status_lines(unit(alarms=alarms), 40, 4)[3] == "! board main: new"


@pytest.mark.parametrize("status", [MeterStatus.STALE, MeterStatus.FAULT])
def test_load_that_nobody_knows_is_no_number(status: MeterStatus):
    inlet = make_snapshot().inlets[0]
    second = replace(inlet, index=2, meter=make_meter(status=status))
    assert status_lines(unit(inlets=(inlet, second)), 20, 4)[1] == "-- W  -- A"
    assert status_lines(unit(inlets=()), 20, 4)[1] == "-- W  -- A"


@pytest.mark.parametrize(
    ("on", "text"),
    [
        (set(), "All off"),
        ({1}, "On 1"),
        (set(range(1, 65)), "On 1-64"),
        ({1, 2, 4, 6, 7, 8, 10, 12, 14, 16}, "On 10 of 64"),
    ],
)
def test_outlets_that_are_on_are_named_as_long_as_they_fit(on: set[int], text: str):
    assert status_lines(unit(on, count=64), 20, 4)[2] == text


@given(columns=st.integers(16, 40), rows=st.integers(2, 5), on=st.sets(st.integers(1, 16)))
def test_lines_always_fit(columns: int, rows: int, on: set[int]):
    alarms = (alarm(Severity.CRITICAL, text="x" * 200),)
    lines = status_lines(unit(on, count=16, alarms=alarms), columns, rows)
    assert len(lines) <= rows
    assert all(len(line) <= columns for line in lines)
