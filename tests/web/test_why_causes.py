# SPDX-License-Identifier: Apache-2.0
"""Why an outlet is as it is, and what changes it next: each cause through the real core."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import DeviceSettings
from pdu_agent.model.commands import Action, Actor, Lock, SetCountdown, SetLock, SwitchOutlet
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import Outlet, Snapshot
from pdu_agent.web.why import why
from tests.core import (
    test_caps,
    test_plans,
    test_rules,
    test_stopping,
    test_trips,
)
from tests.core.bench import Workbench

SHED = "cap 1: shed at 560 W, cap 500 W; returns when unit 1 is below 420 W"
HOT = "sensor 1 temperature 31 C, at or above 30 C for 10 s"
NOTHING_DUE = "Next: nothing is due; it stays off until it is switched."


def told(row: Outlet, snapshot: Snapshot) -> str:
    return "\n".join(why(row, snapshot))


def of(bench: Workbench, outlet: int = 1) -> str:
    return told(bench.outlet(outlet), bench.core.snapshot)


@pytest.mark.parametrize(
    ("actor", "who"),
    [
        (Actor("snmp", "ops", "192.0.2.7"), "snmp ops from 192.0.2.7 (reason: snmp)"),
        (Actor("http", "ann", "192.0.2.8"), "http ann from 192.0.2.8 (reason: web)"),
        (Actor("cli", "root", "pid 7"), "cli root from pid 7 (reason: local)"),
        (Actor("button", "3"), "button 3 (reason: local)"),
    ],
)
def test_a_person_whichever_the_door(actor: Actor, who: str) -> None:
    bench = Workbench(1)
    bench.core.submit_all([SwitchOutlet(1, Action.OFF)], actor)
    bench.settle()
    bench.run(1)
    assert f"Last changed by {who}." in of(bench)
    assert NOTHING_DUE in of(bench)


def test_a_plan_names_its_next_run() -> None:
    unit = test_plans.bench("2026-11-01 21:00", test_plans.daily("22:00"))
    assert "Next at 2026-11-01 21:00:00 UTC: off by plan night." in of(unit)
    unit.run(7200)
    assert "Last changed by schedule night: due 2026-11-01 22:00 CET (reason: sch" in of(unit)
    assert "Next at 2026-11-02 21:00:00 UTC: off by plan night." in of(unit)


def test_a_rule_names_the_value_that_made_it_act() -> None:
    unit = test_rules.bench(test_rules.HOT)
    test_rules.feel(unit, 5, 25.0)
    test_rules.feel(unit, 30, 31.0)
    assert f"Last changed by rule hot: {HOT} (reason: rule)." in of(unit, 2)
    assert NOTHING_DUE in of(unit, 2)


def test_a_cap_names_the_level_at_which_it_returns() -> None:
    unit = test_caps.rack()
    unit.run(5)
    unit.loads[1] = 270.0
    unit.run(3)
    text = told(unit.outlet(4), unit.core.snapshot)
    assert f": {SHED}.\n" in text
    assert "Next: on by cap 1, which returns when unit 1 is below 420 W." in text


def test_a_trip_names_its_retry_and_then_the_reset() -> None:
    unit = test_trips.unit()
    unit.loads[1] = test_trips.SHORT_W
    unit.run(5)
    text = told(unit.outlet(1), unit.core.snapshot)
    assert ": trip retry: tripped at 40 A, more than 6 A for 0.5 s; tried again (1 of 2)" in text
    assert "on again after its trip, to see whether it holds." in text
    unit.run(200)
    text = told(unit.outlet(1), unit.core.snapshot)
    assert "it stays off until the trip is reset (retries: 2)." in text
    assert NOTHING_DUE not in text


def test_power_up_names_when_it_goes_on() -> None:
    device = DeviceSettings(cold_start_delay_s=30)
    bench = Workbench(1, cold=True, relays=[False], device=device)
    bench.run(5)
    assert "Last changed by power up (reason: power up)." in of(bench)
    assert "Pending: delayed on, next step in 25.0 s." in of(bench)


def test_a_restart_does_not_forget_the_cause() -> None:
    bench = Workbench(1)
    bench.switch(1, Action.OFF)
    bench.run(3)
    before = of(bench)
    record = bench.core.final_record()
    again = Workbench(1, board=bench.board, clock=bench.clock, record=record)
    assert "Last changed by snmp ops from 192.0.2.7:4242 (reason: snmp)." in of(again)
    assert NOTHING_DUE in before
    assert NOTHING_DUE in of(again)


def test_a_lock_names_its_end() -> None:
    bench = Workbench(1)
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    assert "It is locked on: nobody can switch it off until it is unlocked." in of(bench)
    assert "nothing is due" not in of(bench)


def test_a_minimum_time_names_when_it_is_over() -> None:
    bench = Workbench(1, min_off_s=60)
    bench.switch(1, Action.OFF)
    bench.run(5)
    bench.switch(1, Action.ON)
    assert "Pending: delayed on, next step in 55.0 s." in of(bench)
    assert "It stays off for 60 s at least; an order that comes earlier waits." in of(bench)


def test_a_fault_and_a_contradiction_name_what_ends_them() -> None:
    bench = Workbench(1)
    bench.board.stuck.add(0)
    bench.switch(1, Action.OFF)
    bench.run(3)
    text = of(bench)
    assert text.startswith("Outlet 1 is in fault: its relay does not do as told, since ")
    assert ": contradicted" in text
    assert "Next: another order tries its relay again" in text
    bench.board.stuck.clear()
    bench.switch(1, Action.OFF)
    bench.run(3)
    assert of(bench).startswith("Outlet 1 is off")


def test_a_board_that_is_away_is_what_is_waited_for() -> None:
    bench = Workbench(1)
    bench.core.on_bank_lost(BankLost("main", "no answer"))
    assert "Next: it is known again once its board answers." in of(bench)
    assert "board main: no answer." in of(bench)


def test_a_shutdown_names_what_it_waits_for_and_what_came_of_it() -> None:
    made = test_stopping.bench(before_off="bye", graceful=test_stopping.GRACEFUL)
    made.switch(1, Action.OFF)
    made.run(0.01)
    assert "Before that it waits: shutting down: hook bye runs." in of(made)
    test_stopping.ends(made)
    test_stopping.draws(made, 41.0, 20)
    assert "41 W, waits for under 5 W for 5 s, 100 s left." in of(made)
    test_stopping.draws(made, 41.0, 120)
    assert of(made).startswith("Outlet 1 is on")
    assert "Alarm (critical) since" in of(made)
    assert "still 41 W after 120 s; not switched off" in of(made)


def test_a_countdown_names_its_end() -> None:
    rig = test_plans.bench("2026-11-01 12:00")
    rig.submit(SetCountdown(3, Action.OFF, 1800))
    assert "Next at 2026-11-01 11:30:00 UTC: off by a countdown." in of(rig, 3)
    rig.run(3600)
    assert "from 192.0.2.7:4242: a countdown has ended (reason: snmp)." in of(rig, 3)
    assert NOTHING_DUE in of(rig, 3)


def test_the_hold_of_a_person_names_its_end() -> None:
    bench = Workbench(1, device=DeviceSettings(person_hold_s=600))
    bench.switch(1, Action.OFF)
    bench.run(2)
    assert "switched it off; for 600 s, or until a person switches it again." in of(bench)
    assert "It ends at 2027-01-15 08:10:00 UTC." in of(bench)
