# SPDX-License-Identifier: Apache-2.0
"""What an answer to a command says of the relay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.model.commands import Action
from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.snapshot import Fault, OutletState, SwitchProof, Verdict
from pdu_agent.web.verifying import Verification, of_all, settled, verification, wait_of
from tests.web.fake_agent import RunningAgent, make_outlet, make_snapshot, running_agent


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path) as running:
        yield running


def proof(verdict: Verdict, closed: bool = True, read_back: bool | None = True) -> SwitchProof:
    return SwitchProof(closed, verdict, read_back, 1_800_000_000.0)


CASES: list[tuple[dict[str, Any], str, bool | None, str]] = [
    ({}, "on", True, "the relay reads back closed"),
    ({"state": OutletState.OFF, "relay_closed": False}, "off", True, "the relay reads back open"),
    ({"state": OutletState.OFF, "relay_closed": False}, "on", False, "the outlet is off"),
    ({"relay_closed": False}, "on", False, "the relay reads back open"),
    ({"relay_closed": None}, "on", None, "the board cannot tell how the relay stands"),
    (
        {"relay_closed": None, "last_proof": proof(Verdict.VERIFIED, read_back=None)},
        *("on", True, "the meter shows it"),
    ),
    (
        {"last_proof": proof(Verdict.CONTRADICTED)},
        *("on", False, "what is measured contradicts it"),
    ),
    (
        {"last_proof": proof(Verdict.CONTRADICTED, closed=False)},
        *("toggle", True, "the relay reads back closed"),
    ),
    (
        {"faults": frozenset({Fault.WELDED}), "state": OutletState.OFF, "relay_closed": False},
        *("off", False, "welded contradicts it"),
    ),
    ({"state": OutletState.FAULT}, "on", False, "the outlet is in the state fault"),
    ({"state": OutletState.UNKNOWN}, "cancel", False, "the outlet is in the state unknown"),
    ({"switched": False}, "on", None, "the outlet has no relay"),
    ({}, "lock", None, "no relay moves by it"),
    (
        {"state": OutletState.ON_PENDING, "pending": Action.ON, "pending_s": 12.04},
        *("on", None, "not yet: its next step is in 12.0 s"),
    ),
    (
        {
            "state": OutletState.OFF_PENDING,
            "pending": Action.OFF,
            "pending_s": 90.0,
            "stopping": "its load is at 40 W.",
        },
        *("off", None, "not yet: it waits, its load is at 40 W"),
    ),
]


@pytest.mark.parametrize(("changes", "verb", "did", "reason"), CASES)
def test_what_the_relay_and_the_meter_say(
    changes: dict[str, Any], verb: str, did: bool | None, reason: str
) -> None:
    row = make_outlet(1, **changes)
    assert verification(row, verb) == Verification(did, reason)


def test_several_are_verified_when_each_is() -> None:
    yes, no, unknown = Verification(True, ""), Verification(False, ""), Verification(None, "")
    assert of_all([yes, yes]) is True
    assert of_all([yes, unknown]) is None
    assert of_all([yes, unknown, no]) is False
    assert of_all([]) is None


@pytest.mark.parametrize("text", ["", "soon", "-1", "31", "nan", "inf"])
def test_a_wait_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="expected 0 to 30 seconds"):
        wait_of({"wait_s": text})


def test_the_answer_waits_until_the_relay_has_moved_and_no_longer() -> None:
    on = make_snapshot()
    moving = replace(
        on,
        outlets=tuple(
            replace(row, state=OutletState.ON_PENDING, pending=Action.ON, pending_s=0.05)
            for row in on.outlets
        ),
    )
    looks = iter([moving, moving, on])
    asyncio.run(settled(lambda: next(looks), {1}, 2.0))
    assert next(looks, None) is None


def test_the_answer_comes_at_once_where_the_relay_moves_later_than_the_caller_waits() -> None:
    on = make_snapshot()
    late = replace(
        on,
        outlets=tuple(
            replace(row, state=OutletState.ON_PENDING, pending=Action.ON, pending_s=60.0)
            for row in on.outlets
        ),
    )
    began_s = time.monotonic()
    asyncio.run(settled(lambda: late, {1}, 5.0))
    assert time.monotonic() - began_s < 1


def test_all_outlets_have_the_verbs_too_and_a_cycle_is_a_reboot(agent: RunningAgent) -> None:
    answer = agent.local("POST", "/api/v1/outlets/all/off", {})
    assert answer.status == 200
    assert answer.json["outlets"][0]["outlet"]["state"] == "off pending"
    assert answer.json["outlets"][0]["verified"] is None
    assert answer.json["verified"] is not True
    cycled = agent.local("POST", "/api/v1/outlets/1/cycle", {})
    assert cycled.json["outlet"]["state"] == "rebooting"


def test_a_wait_is_refused_before_anything_is_done(agent: RunningAgent) -> None:
    answer = agent.local("POST", "/api/v1/outlets/1/off?wait_s=99", {})
    assert answer.status == 422
    assert agent.controller.batches == []
