# SPDX-License-Identifier: Apache-2.0
"""An outlet that draws too much is cut, tried again at the set gap, and then latched."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bench.rack import MAINS_V, Rack, settings_of
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.settings import OutletSettings, RelayRef
from pdu_agent.model.audit import AuditResult
from pdu_agent.model.commands import (
    Action,
    Hold,
    HoldOutlet,
    Lock,
    Rank,
    ReleaseOutlet,
    ResetTrip,
    SetLock,
    SwitchOutlet,
)
from pdu_agent.model.control import TripState
from pdu_agent.model.errors import OutletHeld, UnknownTarget
from pdu_agent.model.events import OutletTripped
from pdu_agent.model.snapshot import Alarm, ChangeReason, Severity

SHORT_W = 40 * MAINS_V


def unit(retries: int = 2, **changes: object) -> Rack:
    outlet = OutletSettings(
        1,
        relay=RelayRef("main", 0),
        trip_above_a=6.0,
        trip_for_s=0.5,
        trip_retries=retries,
        trip_retry_after_s=20.0,
        trip_forget_after_s=60.0,
        rated_current_a=100.0,
    )
    outlet = replace(outlet, **changes)  # type: ignore[arg-type]
    other = OutletSettings(2, relay=RelayRef("main", 1))
    rack = Rack(settings_of([outlet, other]), {1: 500.0, 2: 500.0})
    rack.run(2.0)
    return rack


def alarms(rack: Rack) -> list[Alarm]:
    return [alarm for alarm in rack.core.snapshot.alarms if alarm.kind == "trip"]


def test_a_short_is_tried_again_at_the_set_gap_and_then_latched_until_it_is_reset() -> None:
    rack = unit()
    rack.loads[1] = SHORT_W
    rack.run(200.0)
    assert [move.closed for move in rack.moves] == [False, True, False, True, False]
    gaps = [b.at_s - a.at_s for a, b in zip(rack.moves[::2], rack.moves[1::2], strict=False)]
    assert gaps == [pytest.approx(20.0, abs=0.5)] * 2
    cuts = [b.at_s - a.at_s for a, b in zip(rack.moves[1::2], rack.moves[2::2], strict=False)]
    assert all(cut < 1.0 for cut in cuts)
    row = rack.outlet(1)
    assert (row.trip.state, row.trip.retries) == (TripState.LATCHED, 2)
    assert row.last_reason is ChangeReason.OVERCURRENT
    told = [event for event in rack.events(OutletTripped) if isinstance(event, OutletTripped)]
    assert [(event.latched, event.retries) for event in told] == [(False, 1), (False, 2), (True, 2)]
    (alarm,) = alarms(rack)
    assert alarm.severity is Severity.CRITICAL
    with pytest.raises(OutletHeld, match="kept off by trip: tripped at 40 A, more than 6 A"):
        rack.submit(SwitchOutlet(1, Action.ON))
    rack.submit(ResetTrip(1))
    rack.run(30.0)
    assert len(rack.moves) == 5  # a reset moves no relay
    assert alarms(rack) == []
    rack.loads[1] = 100.0
    rack.submit(SwitchOutlet(1, Action.ON))
    rack.run(2.0)
    assert rack.off() == []


def test_only_a_reading_of_too_much_makes_something_due() -> None:
    rack = unit()
    assert rack.read() == math.inf
    rack.loads[1] = SHORT_W
    assert rack.read() <= rack.clock.monotonic_s()


def test_a_latch_survives_a_restart() -> None:
    rack = unit(retries=0)
    rack.loads[1] = SHORT_W
    rack.run(5.0)
    again = rack.restart()
    again.run(60.0)
    assert again.moves == []
    assert again.outlet(1).trip.state is TripState.LATCHED
    assert alarms(again) != []
    with pytest.raises(OutletHeld):
        again.submit(SwitchOutlet(1, Action.ON))


def test_a_retry_survives_a_restart() -> None:
    rack = unit()
    rack.loads[1] = SHORT_W
    rack.run(5.0)
    rack.loads[1] = 100.0
    again = rack.restart()
    again.run(10.0)
    assert again.off() == [1]
    again.run(10.0)
    assert again.off() == []


def test_one_that_holds_begins_anew() -> None:
    rack = unit()
    rack.loads[1] = SHORT_W
    rack.run(2.0)
    rack.loads[1] = 100.0
    rack.run(70.0)
    assert rack.off() == []
    assert rack.outlet(1).trip.state is TripState.RETRYING
    rack.run(30.0)
    assert rack.outlet(1).trip.state is TripState.NONE
    assert alarms(rack) == []


def test_a_locked_outlet_is_cut_too() -> None:
    rack = unit(retries=0)
    rack.submit(SetLock(1, Lock.LOCKED_ON))
    rack.loads[1] = SHORT_W
    rack.run(2.0)
    assert rack.off() == [1]


def test_a_moment_of_inrush_trips_nothing() -> None:
    rack = unit()
    rack.loads[1] = SHORT_W
    rack.run(0.3)
    rack.loads[1] = 500.0
    rack.run(30.0)
    assert rack.moves == []


def test_somebodys_off_ends_the_tries() -> None:
    rack = unit()
    rack.loads[1] = SHORT_W
    rack.run(2.0)
    rack.submit(SwitchOutlet(1, Action.OFF))
    rack.run(60.0)
    assert rack.off() == [1]
    assert len(rack.moves) == 1


def test_a_power_loss_does_not_switch_a_latched_outlet_on() -> None:
    rack = unit(retries=0)
    rack.loads[1] = SHORT_W
    rack.run(5.0)
    again = rack.outage()
    again.run(30.0)
    assert again.off() == [1]


def test_only_what_there_is_is_reset() -> None:
    rack = unit()
    with pytest.raises(UnknownTarget, match="there is no outlet 9"):
        rack.submit(ResetTrip(9))
    rack.submit(ResetTrip(1))
    assert rack.moves == []


def test_a_try_that_something_else_is_against_waits_and_costs_no_time() -> None:
    rack = unit()
    rack.loads[1] = SHORT_W
    rack.run(3.0)
    hold = Hold("rule hot", Rank.RULE, False, "too hot", 0.0)
    rack.submit(HoldOutlet(1, hold))
    rack.loads[1] = 100.0
    rack.run(30.0)
    assert rack.off() == [1]
    assert rack.core.next_deadline_s() > rack.clock.monotonic_s() - 1e-6
    rack.submit(ReleaseOutlet(1, "rule hot"))
    rack.run(3.0)
    assert rack.off() == []


def test_a_try_that_is_refused_again_and_again_keeps_no_other_outlet_from_its_trip() -> None:
    rows = [
        OutletSettings(
            n,
            relay=RelayRef("main", n - 1),
            trip_above_a=6.0,
            trip_for_s=0.5,
            trip_retries=2,
            trip_retry_after_s=5.0,
            rated_current_a=100.0,
            expected_w=500.0,
        )
        for n in (1, 2)
    ]
    cap = CapSettings(1, limit_w=2500.0)
    rack = Rack(settings_of(rows, [cap]), {1: 500.0, 2: 900.0})
    rack.run(2.0)
    rack.loads[1] = 1410.0
    rack.run(2.0)
    assert rack.off() == [1]
    rack.other_w = 1300.0  # now a try of outlet 1 does not fit its cap
    rack.run(60.0)
    assert rack.off() == [1]
    refused = [entry for entry in rack.audited if entry.result is AuditResult.REFUSED]
    assert 0 < len(refused) <= 12
    rack.loads[2] = 1450.0
    rack.other_w = 1000.0
    rack.run(3.0)
    assert rack.off() == [1, 2]
