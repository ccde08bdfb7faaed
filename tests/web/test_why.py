# SPDX-License-Identifier: Apache-2.0
"""The sentences about an outlet, one class of cause after the other."""

from __future__ import annotations

from typing import Any

import pytest

from pdu_agent.model.commands import Action, Actor, Lock, PowerUp
from pdu_agent.model.snapshot import (
    Alarm,
    ChangeReason,
    OutletState,
    Severity,
    SwitchProof,
    Verdict,
)
from pdu_agent.web.why import LOCK_SENTENCES, POWER_UP_SENTENCES, why
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
        "It is not locked.",
        "After a power loss it returns to the state it had before.",
    ]


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
