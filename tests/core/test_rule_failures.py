# SPDX-License-Identifier: Apache-2.0
"""What a rule has switched, and its relay or board did not do, is tried again; an order of a person
that comes after it prevails.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.core.rules.settings import ActionSettings, RuleSettings
from pdu_agent.core.settings import GroupSettings
from pdu_agent.model.commands import Action
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import Workbench
from tests.core.test_rules import HOT, bench, feel, moves, restarted, row

RACK = replace(HOT, then=(ActionSettings(switch="off", group=1),))
GROUPS = (GroupSettings(1, "rack", (2, 3)),)


def lose(unit: Workbench) -> None:
    unit.board.answers = False
    unit.core.on_bank_lost(BankLost("main", "no answer"))


def meet(unit: Workbench) -> None:
    unit.queue.clear()
    unit.board.answers = True
    unit.core.on_bank(unit.board.state())
    unit.settle()


@pytest.mark.parametrize(("rule", "numbers"), [(HOT, (2,)), (RACK, (2, 3))])
def test_an_off_that_was_lost_with_its_board_comes_once_that_is_back(
    rule: RuleSettings, numbers: tuple[int, ...]
) -> None:
    unit = bench(rule, groups=GROUPS)
    feel(unit, 5, 25.0)
    unit.board.answers = False
    feel(unit, 12, 31.0)
    assert unit.state(2) is OutletState.OFF_PENDING
    lose(unit)
    feel(unit, 20, 31.0)
    assert row(unit).outcome.startswith("failed, tried again: off ")
    meet(unit)
    feel(unit, 3, 31.0)
    assert moves(unit) == [(number, False) for number in numbers]
    assert row(unit).outcome == "done at last"
    feel(unit, 200, 31.0)
    assert row(unit).fired == 1


def test_an_off_that_the_board_refuses_is_tried_again_after_a_minute() -> None:
    unit = bench(HOT)
    feel(unit, 5, 25.0)
    unit.board.fails = "the bus is busy"
    feel(unit, 12, 31.0)
    assert unit.state(2) is OutletState.FAULT
    unit.board.fails = ""
    feel(unit, 50, 31.0)
    assert moves(unit) == []
    feel(unit, 15, 31.0)
    assert moves(unit) == [(2, False)]


def test_it_is_still_to_be_done_after_a_restart() -> None:
    unit = bench(HOT)
    feel(unit, 5, 25.0)
    unit.board.stuck = {1}
    feel(unit, 15, 31.0)
    unit.board.stuck = set()
    again = restarted(unit, HOT)
    feel(again, 65, 31.0)
    assert moves(again) == [(2, False)]


def test_a_person_who_decides_after_the_failure_prevails() -> None:
    unit = bench(HOT)
    feel(unit, 5, 25.0)
    unit.board.stuck = {1}
    feel(unit, 12, 31.0)
    unit.board.stuck = set()
    unit.switch(2, Action.ON)
    feel(unit, 200, 31.0)
    assert moves(unit) == []
    assert unit.state(2) is OutletState.ON


def test_the_rest_of_a_group_is_tried_again_without_what_a_person_has_decided() -> None:
    unit = bench(RACK, groups=GROUPS)
    feel(unit, 5, 25.0)
    unit.board.stuck = {2}
    feel(unit, 12, 31.0)
    assert moves(unit) == [(2, False)]
    unit.switch(2, Action.ON)
    unit.board.stuck = set()
    feel(unit, 200, 31.0)
    assert moves(unit) == [(2, False), (2, True), (3, False)]


def test_what_was_done_is_not_done_again_when_somebody_else_undoes_it() -> None:
    unit = bench(HOT)
    feel(unit, 15, 31.0)
    assert moves(unit) == [(2, False)]
    unit.board.relays[1] = True  # by hand, behind the agent's back
    unit.core.on_bank(unit.board.state())
    feel(unit, 200, 31.0)
    assert moves(unit) == [(2, False)]


def test_whoever_switched_last_may_decide_anew_as_soon_as_the_board_is_back() -> None:
    unit = bench(HOT)
    unit.switch(2, Action.OFF)
    unit.run(2.0)
    lose(unit)
    feel(unit, 15, 31.0)
    assert "refused" in row(unit).outcome
    meet(unit)
    unit.switch(2, Action.ON)
    feel(unit, 200, 31.0)
    assert unit.state(2) is OutletState.ON
