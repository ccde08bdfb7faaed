# SPDX-License-Identifier: Apache-2.0
"""The sentences about an outlet, one class of cause after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pdu_agent.model.commands import Action, Actor, Hold, Lock, PowerUp, Rank, SwitchOutlet
from pdu_agent.model.control import NextChange, RelayWear, Trip, TripState
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    OutletState,
    Severity,
    SwitchProof,
    Verdict,
)
from pdu_agent.web.why import LOCK_SENTENCES, POWER_UP_SENTENCES, why
from tests.core.bench import Workbench
from tests.web.fake_agent import NOON_S, make_outlet, make_snapshot


def sentences(**changes: Any) -> list[str]:
    return why(make_outlet(3, **changes), make_snapshot(alarms=()))


def test_an_ordinary_outlet_is_told_completely() -> None:
    assert sentences(
        name="web",
        last_actor=Actor("snmp", "switcher", "10.0.0.5"),
        last_reason=ChangeReason.SNMP,
        last_change_wall_s=NOON_S,
    ) == [
        "Outlet 3 (web) is on, since 2027-01-15 08:00:00 UTC.",
        "Last changed by snmp switcher from 10.0.0.5 (reason: snmp).",
        "Next: nothing is due; it stays on until it is switched.",
        "It is not locked.",
        "After a power loss it returns to the state it had before.",
    ]


def test_times_are_those_of_the_unit() -> None:
    snapshot = make_snapshot(alarms=())
    snapshot = replace(snapshot, device=replace(snapshot.device, time_zone="Asia/Kolkata"))
    text = why(make_outlet(3, last_change_wall_s=NOON_S), snapshot)
    assert text[0] == "Outlet 3 is on, since 2027-01-15 13:30:00 +0530."


def test_a_relay_with_a_rated_life_tells_what_it_has_used() -> None:
    assert "Its relay has used 12.5 % of its rated life." in sentences(wear=RelayWear(12.5))


SHED = Hold(
    "cap 1",
    Rank.SAFETY,
    False,
    "shed at 517 W of 500 W",
    NOON_S,
    "returns when the total is below 440 W",
)
BY_RULE = Hold("rule hot", Rank.RULE, False, "50 C", NOON_S, "until 45 C")


def test_what_keeps_it_so_is_the_first_sentence() -> None:
    text = sentences(
        state=OutletState.OFF, last_change_wall_s=NOON_S, holds=(SHED, BY_RULE), relay_closed=False
    )
    assert text[0] == (
        "Outlet 3 is off, since 2027-01-15 08:00:00 UTC: cap 1: shed at 517 W of 500 W; returns "
        "when the total is below 440 W."
    )
    assert text[2] == "Kept off since 2027-01-15 08:00:00 UTC by rule hot: 50 C; until 45 C."


def test_what_is_against_its_state_is_told_apart() -> None:
    text = sentences(holds=(SHED,))
    assert text[0] == "Outlet 3 is on."
    assert text[2].startswith("Kept off since 2027-01-15 08:00:00 UTC by cap 1: shed at")


def test_when_a_hold_ends_is_told() -> None:
    person = Hold("person", Rank.PERSON, True, "cli root switched it on", NOON_S, "", NOON_S + 60)
    assert "It ends at 2027-01-15 08:01:00 UTC." in sentences(holds=(person,))


def test_what_comes_next_is_told() -> None:
    change = NextChange("plan night", Action.OFF, NOON_S, "plan night switches it off")
    told = "Next at 2027-01-15 08:00:00 UTC: plan night switches it off."
    assert told in sentences(next_change=change)
    unknown = NextChange("cap 1", Action.ON, None, "cap 1 restores it below 440 W")
    assert "Next: cap 1 restores it below 440 W." in sentences(next_change=unknown)


def test_a_trip_is_told_with_its_current_and_what_ends_it() -> None:
    trip = Trip(TripState.LATCHED, 3, 12.345, NOON_S)
    told = "It tripped at 2027-01-15 08:00:00 UTC with 12.35 A; it stays off until the trip is"
    assert any(sentence.startswith(told) for sentence in sentences(trip=trip))
    again = sentences(trip=Trip(TripState.RETRYING, 1))
    assert "It tripped; it is switched on again after a while (retries: 1)." in again


def test_what_a_shutdown_waits_for_is_told() -> None:
    told = "Before that it waits: the draw is 40 W, idle is 5 W."
    assert told in sentences(stopping="the draw is 40 W, idle is 5 W")


CAUSES = [
    (Actor("snmp", "ops", "192.0.2.7"), "by snmp ops from 192.0.2.7 (reason: snmp)"),
    (Actor("http", "ann"), "by http ann (reason: web)"),
    (Actor("cli", "root"), "by cli root (reason: local)"),
    (Actor("button", "3"), "by button 3 (reason: local)"),
    (Actor("nut", "upsmon"), "by nut upsmon (reason: nut)"),
    (Actor("schedule", "night", "", "it is 22:00"), "schedule night: it is 22:00 (reason: sched"),
    (Actor("rule", "hot", "", "50 C"), "by rule hot: 50 C (reason: rule)"),
    (Actor("safety", "cap 1", "", "517 W"), "by safety cap 1: 517 W (reason: load shedding)"),
    (Actor("safety", "trip", "", "12 A"), "by safety trip: 12 A (reason: overcurrent)"),
]


@pytest.mark.parametrize(("actor", "told"), CAUSES)
def test_each_cause_is_told_through_the_core(actor: Actor, told: str) -> None:
    bench = Workbench(outlets=1)
    bench.core.submit_all([SwitchOutlet(1, Action.OFF)], actor)
    bench.settle()
    bench.run(1)
    assert told in why(bench.outlet(1), bench.core.snapshot)[1]


def test_power_up_and_a_restart_are_told_through_the_core() -> None:
    cold = Workbench(outlets=1, relays=[False], cold=True)
    cold.run(5)
    assert "by power up (reason: power up)" in why(cold.outlet(1), cold.core.snapshot)[1]
    cold.switch(1, Action.OFF)
    record = cold.core.final_record()
    again = Workbench(outlets=1, board=cold.board, clock=cold.clock, record=record)
    assert "by snmp ops" in why(again.outlet(1), again.core.snapshot)[1]


def test_minimum_times_faults_and_contradictions_are_told_through_the_core() -> None:
    bench = Workbench(outlets=1, min_on_s=60)
    bench.switch(1, Action.OFF)
    text = why(bench.outlet(1), bench.core.snapshot)
    assert any(sentence.startswith("Pending: delayed off, next step in 60") for sentence in text)
    bench.board.stuck.add(0)
    bench.run(61)
    text = why(bench.outlet(1), bench.core.snapshot)
    assert text[0].startswith("Outlet 1 is in fault: its relay does not do as told, since ")
    assert any("contradicted" in sentence for sentence in text)
    assert text[-1].startswith("Alarm (critical) since ")


def test_nothing_known_is_said_and_not_invented() -> None:
    text = sentences()
    assert text[:2] == ["Outlet 3 is on.", "Nothing is recorded about who or what changed it last."]


def test_power_up_has_a_reason_and_no_person() -> None:
    assert "Reason of the last change: power up." in sentences(last_reason=ChangeReason.POWER_UP)


def test_what_is_pending_is_told_with_its_time() -> None:
    text = sentences(state=OutletState.OFF_PENDING, pending=Action.REBOOT_DELAYED, pending_s=12.34)
    assert text[0] == "Outlet 3 is about to go off."
    assert "Pending: delayed reboot, next step in 12.3 s." in text


def test_a_lock_is_explained() -> None:
    assert "It is locked off: nobody can switch it on until it is unlocked." in sentences(
        lock=Lock.LOCKED_OFF
    )


@pytest.mark.parametrize(
    ("state", "closed", "sentence"),
    [
        (OutletState.FAULT, True, "The board reads its relay back as closed."),
        (OutletState.OFF, True, "The board reads its relay back as closed."),
        (OutletState.ON, None, "The board cannot tell how the relay stands."),
    ],
)
def test_the_relay_is_mentioned_when_it_is_not_as_the_state_says(
    state: OutletState, closed: bool | None, sentence: str
) -> None:
    assert sentence in sentences(state=state, relay_closed=closed)


def test_the_minimum_times_are_told() -> None:
    told = "It stays on for 60 s and off for 180 s at least; an order that comes earlier waits."
    assert told in sentences(min_on_s=60, min_off_s=180)
    assert "It stays off for 9 s at least; an order that comes earlier waits." in sentences(
        min_off_s=9
    )


def test_the_proof_of_the_last_movement_is_told() -> None:
    proof = SwitchProof(False, Verdict.CONTRADICTED, False, NOON_S, 1.234, 1.2, 284.0, 276.0)
    told = "Its relay was last switched off at 2027-01-15 08:00:00 UTC: contradicted"
    assert f"{told} (1.23 A before, 1.20 A after)." in sentences(last_proof=proof)
    blind = SwitchProof(True, Verdict.COMMANDED_ONLY, None, NOON_S)
    told = "Its relay was last switched on at 2027-01-15 08:00:00 UTC: commanded only."
    assert told in sentences(last_proof=blind)


def test_a_metered_only_outlet_says_just_that() -> None:
    assert sentences(switched=False) == ["Outlet 3 is metered only: this unit cannot switch it."]


def test_only_its_own_alarms_are_told() -> None:
    alarms = (
        Alarm(1, "k", Severity.CRITICAL, "outlet 3", "relay does not follow", NOON_S),
        Alarm(2, "k", Severity.CRITICAL, "outlet 33", "another", NOON_S),
    )
    text = why(make_outlet(3), make_snapshot(alarms=alarms))
    assert text[-1] == ("Alarm (critical) since 2027-01-15 08:00:00 UTC: relay does not follow.")
    assert not any("another" in sentence for sentence in text)


def test_every_choice_has_a_sentence() -> None:
    assert set(POWER_UP_SENTENCES) == set(PowerUp)
    assert set(LOCK_SENTENCES) == set(Lock)
    assert all(sentences(state=state) for state in OutletState)
