# SPDX-License-Identifier: Apache-2.0
"""A plan's run that is refused for a reason that passes is done a little later, or given up."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.core.birth import Birth
from pdu_agent.core.core import Core
from pdu_agent.core.settings import GroupSettings, RelayRef
from pdu_agent.model.commands import Action, EnablePlan
from pdu_agent.model.events import PlanRan
from pdu_agent.model.readings import BankLost, BankState
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import OutletState
from tests.core.test_plans import bench, daily, moves, ran

START = "2026-11-01 12:59"


def test_what_could_not_be_stored_is_done_a_little_later_and_told_once() -> None:
    rig = bench(START, daily("13:00", outlets=(1, 2)))
    rig.save_fails = True
    rig.run(100)
    assert moves(rig) == []
    (event,) = ran(rig)
    assert event.skipped
    assert "refused: " in event.outcome
    assert event.outcome.endswith("tried again for 10 min")
    rig.save_fails = False
    rig.run(60)
    assert [move[1:] for move in moves(rig)] == [(1, False), (2, False)]
    (event,) = ran(rig)
    assert not event.skipped
    assert event.outcome == "off, due 2026-11-01 13:00 CET; it had been refused before"
    (row,) = rig.core.snapshot.plans
    assert row.runs == 1


def test_it_is_given_up_after_ten_minutes() -> None:
    rig = bench(START, daily("13:00", outlets=(1, 2, 3)))
    rig.save_fails = True
    rig.run(1000)
    rig.save_fails = False
    rig.run(1000)
    assert moves(rig) == []
    tried = [entry for entry in rig.audited if entry.actor.face == "schedule"]
    assert len(tried) in range(60, 63)
    assert [event.outcome.split(":")[0] for event in ran(rig)] == ["refused", "given up"]


def test_a_newer_order_prevails_over_what_is_left() -> None:
    rig = bench(START, daily("13:00"), daily("13:02", "on", "later"))
    rig.save_fails = True
    rig.run(200)
    rig.save_fails = False
    rig.run(600)
    assert moves(rig) == []


def test_a_persons_order_prevails_over_what_is_left() -> None:
    rig = bench(START, daily("13:00", outlets=(1, 2)))
    rig.core.on_bank_lost(BankLost("main", "no answer"))
    rig.run(65)
    rig.core.on_bank(rig.board.state())
    rig.switch(1, Action.REBOOT)
    rig.run(600)
    assert [move[1:] for move in moves(rig)] == [(1, False), (1, True), (2, False)]


def test_a_plan_that_is_disabled_meanwhile_is_given_up() -> None:
    rig = bench(START, daily("13:00"))
    rig.core.on_bank_lost(BankLost("main", "no answer"))
    rig.run(65)
    rig.submit(EnablePlan("night", False))
    rig.core.on_bank(rig.board.state())
    rig.run(600)
    assert moves(rig) == []
    assert ran(rig)[-1].outcome == "given up: it had been refused, and the plan was disabled"


def test_a_contrary_plan_of_one_member_leaves_the_group_its_gaps() -> None:
    group = GroupSettings(3, outlets=(1, 2, 4), gap_s=10)
    plans = (daily("13:00", "off", "rack", group=3), daily("13:00", "on", "one", (2,)))
    rig = bench(START, *plans, groups=(group,))
    start_s = rig.clock.monotonic_s()
    rig.run(200)
    assert [(round(s - start_s), relay + 1) for s, relay, _ in rig.board.moves] == [
        (60, 4),
        (70, 1),
    ]
    assert "group 3 off without outlet 2" in {entry.asked for entry in rig.audited}


def test_a_member_on_a_board_that_is_down_is_switched_once_it_is_back() -> None:
    group = GroupSettings(3, outlets=(1, 2, 4), gap_s=10)
    rig = bench(START, daily("13:00", "off", "rack", group=3), groups=(group,))
    near, far, *others = rig.settings.outlets
    outlets = (near, replace(far, relay=RelayRef("far", 0)), *others)
    birth = Birth(Record(engine_id=b"x"), True, "boot-1", "1.0")
    rig.core = Core(replace(rig.settings, outlets=outlets), rig.clock, rig._perform, birth)
    heard = rig.core.events.subscribe(1000)
    rig.core.on_bank(rig.board.state())
    rig.core.on_bank(BankState("far", False, (True,)))
    rig.core.on_bank_lost(BankLost("far", "no answer"))
    rig.run(100)
    assert [move[1:] for move in moves(rig)] == [(4, False), (1, False)]
    rig.core.on_bank(BankState("far", False, (True,)))
    rig.queue.clear()
    rig.run(20)
    assert rig.outlet(2).state is not OutletState.ON
    told = [event.outcome for event in heard.drain() if isinstance(event, PlanRan)]
    done = "off, due 2026-11-01 13:00 CET; "
    refused = "refused: outlet 2: board far: no answer; tried again for 10 min"
    assert told == [done + refused, done + "it had been refused before"]
    (row,) = rig.core.snapshot.plans
    assert row.runs == 1
