# SPDX-License-Identifier: Apache-2.0
"""What cannot be recorded does not keep safety from cutting a relay; everybody else waits."""

from __future__ import annotations

import pytest

from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.model.audit import AuditResult
from pdu_agent.model.commands import Action, Target, TargetKind
from pdu_agent.model.errors import Unavailable
from pdu_agent.model.snapshot import OutletState, Severity
from tests.core.bench import Workbench

CAP = CapSettings(1, limit_w=500.0, margin=20.0, restore_after_s=10.0)
OUTLET = Target(TargetKind.OUTLET, 1)


def tripping() -> Workbench:
    return Workbench(
        outlets=2, trip_above_a=6.0, trip_for_s=0.5, trip_retries=0, also_metered=("inlet 1",)
    )


def draw(bench: Workbench, seconds: float, current_a: float) -> None:
    """So much at outlet 1 while its relay is closed, window by window."""
    for _ in range(round(seconds / 0.2)):
        bench.run(0.2)
        bench.read(OUTLET, current_a=current_a if bench.board.relays[0] else 0.0)


def carry(bench: Workbench, seconds: float, power_w: float) -> None:
    """So many watts at the inlet, and 200 W of that at each outlet that is on."""
    for _ in range(round(seconds / 0.2)):
        bench.run(0.2)
        bench.read(active_power_w=power_w - 200.0 * bench.board.relays.count(False))
        for number, closed in enumerate(bench.board.relays, start=1):
            bench.read(Target(TargetKind.OUTLET, number), active_power_w=200.0 * closed)


@pytest.mark.parametrize("what", ["save_fails", "audit_fails"])
def test_a_trip_cuts_and_is_told_and_saved_once_that_works_again(what: str) -> None:
    bench = tripping()
    setattr(bench, what, True)
    if what == "save_fails":
        bench.run(2.0)
        with pytest.raises(Unavailable):
            bench.switch(2, Action.OFF)
    draw(bench, 2.0, 40.0)
    assert [move[1:] for move in bench.board.moves] == [(0, False)]
    assert bench.outlet(1).holds[0].source == "trip"
    alarms = bench.alarms("store")
    assert alarms
    assert {alarm.severity for alarm in alarms} == {Severity.CRITICAL}
    with pytest.raises(Unavailable):
        bench.switch(2, Action.OFF)
    assert bench.state(2) is OutletState.ON
    setattr(bench, what, False)
    bench.run(10.0)
    assert bench.saved[-1].record.trips[1].state == "latched"
    assert bench.saved[-1].record.outlets[1].holds[0].source == "trip"
    assert bench.alarms("store") == []
    bench.switch(2, Action.OFF)
    assert bench.state(2) is OutletState.OFF


def test_the_log_tells_how_many_lines_it_misses() -> None:
    bench = tripping()
    bench.audit_fails = True
    draw(bench, 2.0, 40.0)
    assert bench.state(1) is OutletState.OFF
    bench.audit_fails = False
    bench.switch(2, Action.OFF)
    accepted = [entry for entry in bench.audited if entry.result is AuditResult.CHANGED]
    assert accepted[-1].missed == 1


def test_without_any_command_the_log_catches_up_and_the_alarm_ends() -> None:
    bench = tripping()
    bench.audit_fails = True
    draw(bench, 2.0, 40.0)
    assert len(bench.alarms("store")) == 1
    bench.run(5.0)
    assert len(bench.alarms("store")) == 1
    bench.audit_fails = False
    bench.run(5.0)
    assert [(entry.missed, entry.actor.face) for entry in bench.audited] == [(1, "safety")]
    assert bench.alarms("store") == []


@pytest.mark.parametrize("what", ["save_fails", "audit_fails"])
def test_a_cap_sheds_and_lets_return_only_what_can_be_recorded(what: str) -> None:
    bench = Workbench(outlets=3, caps=(CAP,))
    carry(bench, 2.0, 480.0)
    setattr(bench, what, True)
    carry(bench, 2.0, 560.0)
    assert bench.board.relays.count(False) == 1
    carry(bench, 60.0, 400.0)
    assert bench.board.relays.count(False) == 1
    setattr(bench, what, False)
    carry(bench, 60.0, 400.0)
    assert bench.board.relays.count(False) == 0
