# SPDX-License-Identifier: Apache-2.0
"""Plans do what is due once: over DST nights, clock jumps, restarts and days without a clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pdu_agent.core.calendar.settings import SunEvent
from pdu_agent.core.metered.tariffs import ClockTime
from pdu_agent.core.plans.settings import MissedRuns, PlanSettings, PlanWhen
from pdu_agent.core.settings import DeviceSettings, GroupSettings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import (
    Action,
    EnablePlan,
    Hold,
    HoldOutlet,
    Lock,
    Rank,
    RunPlan,
    SetLock,
)
from pdu_agent.model.errors import UnknownTarget
from pdu_agent.model.events import PlanRan
from pdu_agent.model.record import Record
from tests.core.bench import OPS, Workbench

ROME = ZoneInfo("Europe/Rome")


def wall(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ROME).timestamp()


def daily(
    at: str,
    action: str = "off",
    name: str = "night",
    outlets: tuple[int, ...] = (1,),
    **more: object,
) -> PlanSettings:
    times = tuple(ClockTime(int(t[:2]) * 60 + int(t[3:])) for t in at.split())
    if more.get("group") or more.get("every"):
        outlets = ()
    return PlanSettings(
        name=name,
        outlets=outlets,
        action=action,
        when=PlanWhen(at=times),
        **more,  # type: ignore[arg-type]
    )


class PlanBench(Workbench):
    """Passes time from change to change, not from save to save."""

    def run(self, seconds: float) -> None:
        end_s = self.clock.monotonic_s() + seconds
        while (due_s := self.core.next_change_s()) <= end_s:
            self.clock.advance(max(0.0, due_s - self.clock.monotonic_s()) + 1e-9)
            self.core.tick()
            self.settle()
        self.clock.advance(max(0.0, end_s - self.clock.monotonic_s()))
        self.core.tick()
        self.settle()


def bench(start: str, *plans: PlanSettings, **more: object) -> PlanBench:
    clock = ManualClock(wall_s=wall(start))
    found = PlanBench(clock=clock, plans=plans, zone=ROME, **more)  # type: ignore[arg-type]
    found.core.tick()
    return found


def again(old: Workbench, boot: str = "boot-1", **more: object) -> PlanBench:
    """The agent was killed and is started again, on the same boards."""
    record = old.saved[-1].record
    return PlanBench(
        clock=old.clock,
        board=old.board,
        record=record,
        boot_id=boot,
        plans=old.settings.plans,
        zone=ROME,
        **more,  # type: ignore[arg-type]
    )


def moves(rig: Workbench) -> list[tuple[str, int, bool]]:
    """Local time of each movement, outlet, closed."""
    offset_s = rig.clock.wall_s() - rig.clock.monotonic_s()
    return [
        (
            datetime.fromtimestamp(round(s + offset_s), ROME).strftime("%m-%d %H:%M"),
            relay + 1,
            closed,
        )
        for s, relay, closed in rig.board.moves
    ]


def ran(rig: Workbench) -> list[PlanRan]:
    return [event for event in rig.events(PlanRan) if isinstance(event, PlanRan)]


def test_it_switches_at_its_time_each_day() -> None:
    rig = bench("2026-11-01 12:00", daily("22:00"), daily("06:30", "on", "morning"))
    rig.run(2 * 86400)
    assert moves(rig) == [
        ("11-01 22:00", 1, False),
        ("11-02 06:30", 1, True),
        ("11-02 22:00", 1, False),
        ("11-03 06:30", 1, True),
    ]
    outlet = rig.outlet(1)
    assert outlet.last_actor is not None
    assert (outlet.last_actor.face, outlet.last_actor.who) == ("schedule", "morning")
    assert outlet.last_actor.because == "due 2026-11-03 06:30 CET"


@pytest.mark.parametrize(
    ("start", "moved"),
    [
        ("2026-03-28 12:00", ("03-29 03:00", 1, False)),
        ("2026-10-24 12:00", ("10-25 02:30", 1, False)),
    ],
)
def test_in_a_night_of_dst_it_runs_once(start: str, moved: tuple[str, int, bool]) -> None:
    rig = bench(start, daily("02:30"))
    rig.run(86400)
    assert moves(rig) == [moved]
    assert [event.skipped for event in ran(rig)] == [False]


def test_each_run_is_logged_and_shown() -> None:
    rig = bench("2026-11-01 12:00", daily("22:00"))
    rig.run(86400)
    (plan,) = rig.core.snapshot.plans
    assert (plan.name, plan.runs, plan.missed, plan.action) == ("night", 1, 0, "off")
    assert plan.when == "at 22:00"
    assert plan.last_wall_s == pytest.approx(wall("2026-11-01 22:00"), abs=1)
    assert plan.next_wall_s == wall("2026-11-02 22:00")
    assert plan.outcome == "off, due 2026-11-01 22:00 CET"
    texts = [entry.text for entry in rig.core.snapshot.events]
    assert "plan night: off, due 2026-11-01 22:00 CET" in texts


def test_the_clock_set_forward_over_it_skips_or_does_it() -> None:
    plans = (
        daily("13:00", "off", "skips", (1,)),
        daily("13:00", "off", "once", (2,), missed=MissedRuns.ONCE),
        daily("13:00", "off", "late", (3,), missed=MissedRuns.LATE, late_s=3600),
        daily("12:10", "off", "too-late", (4,), missed=MissedRuns.LATE, late_s=3000),
    )
    rig = bench("2026-11-01 12:05", *plans)
    rig.clock.jump_wall(3600)
    rig.run(2)
    assert sorted(relay + 1 for _, relay, _ in rig.board.moves) == [2, 3]
    rows = {plan.name: plan for plan in rig.core.snapshot.plans}
    assert [rows[name].missed for name in ("skips", "once", "late", "too-late")] == [1, 0, 0, 1]
    assert rows["skips"].outcome == "missed the run due 2026-11-01 13:00 CET"
    assert rows["once"].outcome == "off, due 2026-11-01 13:00 CET, 5 min late"


def test_the_clock_set_back_over_it_does_not_do_it_again() -> None:
    rig = bench("2026-11-01 12:59", daily("13:00"))
    rig.run(120)
    rig.switch(1, Action.ON)
    rig.board.moves.clear()
    rig.clock.jump_wall(-3600)
    rig.run(86400 - 300)
    assert moves(rig) == []
    rig.run(3900)
    assert moves(rig) == [("11-02 13:00", 1, False)]


def test_a_clock_that_was_days_ahead_begins_anew() -> None:
    rig = bench("2026-12-24 12:59", daily("13:00"))
    rig.run(120)
    rig.switch(1, Action.ON)
    rig.board.moves.clear()
    rig.clock.jump_wall(wall("2026-11-01 12:30") - rig.clock.wall_s())
    rig.run(3600)
    assert moves(rig) == [("11-01 13:00", 1, False)]
    assert any("back by more than a day" in event.outcome for event in ran(rig))


def test_without_a_clock_it_waits_and_says_so() -> None:
    before = bench("2026-11-01 12:00", daily("13:00", missed=MissedRuns.ONCE))
    before.run(10)
    before.clock.jump_wall(-before.clock.wall_s() + 100.0)
    rig = again(before, boot="boot-2")
    rig.run(7200)
    assert rig.board.moves == []
    (alarm,) = rig.alarms("clock")
    assert "1970-01-01" in alarm.text
    assert "is not set" in alarm.text
    assert rig.core.snapshot.plans[0].next_wall_s is None
    rig.clock.jump_wall(wall("2026-11-01 14:00") - rig.clock.wall_s())
    rig.run(2)
    assert rig.alarms("clock") == []
    assert moves(rig) == [("11-01 14:00", 1, False)]


def test_a_clock_before_the_record_is_not_believed() -> None:
    before = bench("2026-11-01 12:00", daily("13:00"))
    before.run(10)
    before.clock.jump_wall(-40 * 86400)
    rig = again(before, boot="boot-2")
    rig.run(7200)
    assert rig.board.moves == []
    assert "before 2026-11-01 11:00 UTC" in rig.alarms("clock")[0].text


def test_the_last_state_comes_back_without_a_clock() -> None:
    before = bench("2026-11-01 12:00", daily("13:00"))
    before.switch(2, Action.OFF)
    before.clock.jump_wall(-before.clock.wall_s() + 100.0)
    before.board.cold, before.board.relays = True, [False] * 8
    rig = again(before, boot="boot-2")
    rig.run(30)
    assert rig.board.relays == [True, False, True, True, True, True, True, True]


def test_a_restart_neither_loses_nor_repeats_a_run() -> None:
    rig = bench("2026-11-01 12:59", daily("13:00 13:10"))
    rig.run(61)
    assert moves(rig) == [("11-01 13:00", 1, False)]
    rig.switch(1, Action.ON)
    rig = again(rig)
    rig.run(60)
    rig.clock.advance(wall("2026-11-01 13:10") - rig.clock.wall_s() + 20)
    rig = again(rig)
    rig.run(60)
    assert [move[2] for move in moves(rig)] == [False, True, False]


def test_what_was_due_while_nothing_ran_is_missed() -> None:
    rig = bench("2026-11-01 12:00", daily("13:00"))
    rig.run(2)
    rig.clock.advance(5 * 86400)
    rig = again(rig, boot="boot-2")
    rig.run(2)
    assert rig.board.moves == []
    (plan,) = rig.core.snapshot.plans
    assert (plan.missed, plan.outcome) == (5, "missed 5 runs, the last due 2026-11-05 13:00 CET")


def test_disabled_it_never_runs_but_by_hand() -> None:
    rig = bench("2026-11-01 12:00", daily("13:00", enabled=False))
    rig.run(86400)
    assert rig.board.moves == []
    assert rig.core.snapshot.plans[0].next_wall_s is None
    rig.submit(RunPlan("night"))
    rig.run(1)
    assert [move[1:] for move in moves(rig)] == [(1, False)]
    assert "run now by snmp ops" in rig.core.snapshot.plans[0].outcome
    rig.switch(1, Action.ON)
    rig.run(2 * 86400)
    assert len(rig.board.moves) == 2
    rig.submit(EnablePlan("night", True))
    rig.run(86400)
    assert len(rig.board.moves) == 3


def test_enabling_stands_over_a_restart_and_begins_from_then() -> None:
    rig = bench("2026-11-01 12:00", daily("13:00", enabled=False, missed=MissedRuns.ONCE))
    rig.run(3 * 86400)
    rig.submit(EnablePlan("night", True))
    rig = again(rig)
    rig.run(10)
    assert rig.board.moves == []
    rig.run(3600)
    assert moves(rig) == [("11-04 13:00", 1, False)]


def test_a_plan_that_is_not_there_is_refused() -> None:
    rig = bench("2026-11-01 12:00", daily("13:00"))
    for command in (RunPlan("day"), EnablePlan("day", True)):
        with pytest.raises(UnknownTarget, match="there is no plan 'day'; there are: night"):
            rig.submit(command)


def test_a_lock_or_a_stronger_wish_refuses_it_for_that_outlet_only() -> None:
    rig = bench("2026-11-01 12:00", daily("13:00", outlets=(1, 2, 3)))
    rig.submit(SetLock(1, Lock.LOCKED_ON))
    hold = Hold("rule fridge", Rank.RULE, True, "it is warm", rig.clock.wall_s())
    rig.submit(HoldOutlet(2, hold))
    rig.run(4000)
    assert [move[1:] for move in moves(rig)] == [(3, False)]
    (event,) = ran(rig)
    assert not event.skipped
    assert "outlet 1 is locked on" in event.outcome
    assert "outlet 2 is kept on by rule fridge" in event.outcome


def test_groups_and_all_are_switched_as_such() -> None:
    group = GroupSettings(3, outlets=(2, 4), gap_s=10)
    plans = (daily("13:00", name="g", group=3), daily("14:00", name="a", every=True))
    rig = bench("2026-11-01 12:00", *plans, groups=(group,))
    assert [plan.outlets for plan in rig.core.snapshot.plans] == [(2, 4), tuple(range(1, 9))]
    rig.run(3700)
    assert [move[1:] for move in moves(rig)] == [(4, False), (2, False)]
    rig.run(3600)
    assert rig.board.relays == [False] * 8


def test_of_two_at_one_instant_the_later_in_the_file_prevails_and_no_relay_twitches() -> None:
    plans = (daily("13:00", "off", "first", (1, 2)), daily("13:00", "on", "second", (1,)))
    rig = bench("2026-11-01 12:00", *plans)
    rig.run(4000)
    assert [move[1:] for move in moves(rig)] == [(2, False)]
    both = (daily("13:00", "off", "first", (1,)), daily("13:00", "on", "second", (1,)))
    rig = bench("2026-11-01 12:00", *both)
    rig.run(4000)
    assert moves(rig) == []
    assert ran(rig)[0].outcome == "left to second, due as well"


def test_the_next_runs_are_listed_in_their_order() -> None:
    plans = (daily("22:00"), daily("06:30", "on", "morning", (1, 2)))
    rig = bench("2026-11-01 12:00", *plans)
    found = rig.core.upcoming(3, None)
    assert [(each.source, each.action) for each in found] == [
        ("plan night", "off"),
        ("plan morning", "on"),
        ("plan night", "off"),
    ]
    assert [each.source for each in rig.core.upcoming(3, 2)] == ["plan morning"] * 3
    change = rig.outlet(1).next_change
    assert change is not None
    assert (change.source, change.action) == ("plan night", Action.OFF)
    assert (change.text, change.wall_s) == ("off by plan night", wall("2026-11-01 22:00"))
    assert rig.outlet(3).next_change is None


def test_a_plan_that_left_the_file_is_forgotten() -> None:
    rig = bench("2026-11-01 12:00", daily("13:00"))
    rig.run(2)
    record: Record = rig.saved[-1].record
    assert set(record.plans) == {"night"}
    other = replace(rig.settings.plans[0], name="day")
    rig = bench("2026-11-01 12:10", other, record=record)
    rig.run(2)
    assert set(rig.saved[-1].record.plans) == {"day"}


def test_a_new_time_in_the_file_is_not_late_for_what_was_before_it() -> None:
    rig = bench("2026-11-01 12:00", daily("22:00", missed=MissedRuns.ONCE))
    rig.run(60)
    other = daily("11:00 22:00", missed=MissedRuns.ONCE)
    rig.core.renew(replace(rig.settings, plans=(other,)), OPS)
    rig.run(60)
    assert rig.board.moves == []
    earlier = replace(rig.settings, plans=(daily("12:00", missed=MissedRuns.ONCE),))
    rig.clock.advance(3600)
    again_rig = bench(
        "2026-11-01 13:10", *earlier.plans, record=rig.saved[-1].record, board=rig.board
    )
    again_rig.run(60)
    assert rig.board.moves == []
    again_rig.run(86400)
    assert [move[1:] for move in moves(again_rig)] == [(1, False)]


def test_a_plan_that_is_enabled_before_the_clock_is_set_begins_with_the_clock() -> None:
    rig = bench("1970-01-01 01:10", daily("22:00", enabled=False, missed=MissedRuns.ONCE))
    rig.submit(EnablePlan("night", True))
    rig.run(60)
    rig.clock.jump_wall(wall("2026-11-21 12:00") - rig.clock.wall_s())
    rig.run(3600)
    assert moves(rig) == []
    rig.run(11 * 3600)
    assert moves(rig) == [("11-21 22:00", 1, False)]


@pytest.mark.parametrize("change", ["zone", "place"])
def test_times_that_a_new_zone_or_place_has_put_into_the_past_were_not_missed(change: str) -> None:
    """A reload moves no relay."""
    sunset = PlanSettings(
        name="night",
        outlets=(1,),
        action="off",
        when=PlanWhen(sun=SunEvent.SUNSET),
        missed=MissedRuns.ONCE,
    )
    plan = sunset if change == "place" else daily("13:00", missed=MissedRuns.ONCE)
    rig = bench("2026-11-21 02:00", plan, device=DeviceSettings(latitude=41.9, longitude=12.5))
    rig.run(10.5 * 3600)
    east = DeviceSettings(latitude=41.9, longitude=100.0)
    settings = replace(rig.settings, time_zone=ZoneInfo("Asia/Tokyo"))
    if change == "place":
        settings = replace(rig.settings, device=east)
    rig.core.renew(settings, OPS)
    rig.run(600)
    assert moves(rig) == []


def test_a_clock_behind_a_record_of_the_future_is_believed_after_a_day() -> None:
    rig = bench("2027-11-21 12:00", daily("22:00", missed=MissedRuns.ONCE))
    rig.core.tick()
    rig.run(7200)
    rig.submit(EnablePlan("night", True))
    rig.clock.jump_wall(wall("2026-11-21 13:00") - rig.clock.wall_s())
    late = again(rig)
    late.run(23 * 3600)
    assert len(late.alarms("clock")) == 1
    assert moves(late) == []
    late.run(2 * 3600)
    assert late.alarms("clock") == []
    assert moves(late) == []
    late.run(10 * 3600)
    assert moves(late) == [("11-22 22:00", 1, False)]
