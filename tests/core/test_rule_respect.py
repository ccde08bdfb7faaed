# SPDX-License-Identifier: Apache-2.0
"""A rule that acts again does not fight a person, and a faulty one stops no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pdu_agent.core.engine import Wish
from pdu_agent.core.rules.engine import Rules
from pdu_agent.core.rules.live import LiveRule
from pdu_agent.core.rules.settings import ActionSettings
from pdu_agent.core.settings import GroupSettings
from pdu_agent.model.commands import Action
from pdu_agent.model.snapshot import OutletState, Severity
from tests.core.test_rules import HOT, bench, feel, moves, row

AGAIN = replace(HOT, again_after_s=60.0)


def test_it_acts_again_but_not_against_a_person() -> None:
    unit = bench(replace(AGAIN, then=(ActionSettings(switch="off", outlets=(2, 3)),)))
    feel(unit, 20, 35.0)
    assert moves(unit) == [(2, False), (3, False)]
    unit.switch(2, Action.ON)
    feel(unit, 300, 35.0)
    assert unit.state(2) is OutletState.ON
    assert row(unit).outcome.endswith("outlet 3 off; outlet 2 left, as somebody decided otherwise")
    feel(unit, 30, 20.0)
    feel(unit, 20, 35.0)
    assert unit.state(2) is OutletState.OFF


def test_a_group_is_switched_again_without_what_a_person_wants_otherwise() -> None:
    rack = (ActionSettings(switch="off", group=1),)
    unit = bench(replace(AGAIN, then=rack, keep=True), groups=(GroupSettings(1, "rack", (2, 3)),))
    feel(unit, 20, 35.0)
    unit.switch(2, Action.ON)
    feel(unit, 300, 35.0)
    assert (unit.state(2), unit.state(3)) == (OutletState.ON, OutletState.OFF)
    assert unit.outlet(2).holds == ()
    assert len(unit.outlet(3).holds) == 1


def test_a_reboot_is_not_done_again_on_what_a_person_has_switched_off() -> None:
    unit = bench(replace(AGAIN, then=(ActionSettings(switch="reboot", outlets=(2,)),)))
    feel(unit, 30, 35.0)
    unit.switch(2, Action.OFF)
    feel(unit, 300, 35.0)
    assert unit.state(2) is OutletState.OFF


def test_a_fault_in_one_rule_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = replace(HOT, name="bad", then=(ActionSettings(switch="off", outlets=(3,)),))
    unit = bench(bad, HOT)
    turn, turns = Rules._turn, []

    def failing(self: Rules, rule: LiveRule) -> Iterator[Wish]:
        if rule.name == "bad":
            turns.append(unit.clock.monotonic_s())
            raise ZeroDivisionError("division by zero")
        yield from turn(self, rule)

    monkeypatch.setattr(Rules, "_turn", failing)
    feel(unit, 20, 35.0)
    assert moves(unit) == [(2, False)]
    assert len(turns) <= 22
    (alarm,) = unit.alarms("rule fault")
    assert (alarm.subject, alarm.severity) == ("rule bad", Severity.CRITICAL)
    assert "ZeroDivisionError: division by zero" in alarm.text
    assert unit.alarms("engine") == []
    monkeypatch.undo()
    unit.run(700.0)
    assert unit.alarms("rule fault") == []
