# SPDX-License-Identifier: Apache-2.0
"""A countdown does its action once: over restarts, over reboots, and without a clock."""

from __future__ import annotations

import pytest

from pdu_agent.model.commands import Action, Lock, SetCountdown, SetLock
from pdu_agent.model.errors import InvalidValue, OutletLocked, UnknownTarget
from pdu_agent.model.events import CommandFailed
from tests.core.test_plans import PlanBench, again, bench

START = "2026-11-01 12:00"


def opened(rig: PlanBench, start_s: float) -> list[tuple[int, int]]:
    """Seconds since the start, and the outlet, of each relay that opened."""
    return [(round(s - start_s), relay + 1) for s, relay, closed in rig.board.moves if not closed]


def test_it_acts_once_when_its_time_has_passed() -> None:
    rig = bench(START)
    start_s = rig.clock.monotonic_s()
    assert rig.submit(SetCountdown(3, Action.OFF, 1800))
    change = rig.outlet(3).next_change
    assert change is not None
    assert (change.source, change.action) == ("countdown", Action.OFF)
    assert change.wall_s == pytest.approx(rig.clock.wall_s() + 1800)
    assert change.text == "off by a countdown"
    assert [each.source for each in rig.core.upcoming(5, 3)] == ["countdown"]
    rig.run(86400)
    assert opened(rig, start_s) == [(1800, 3)]
    outlet = rig.outlet(3)
    assert outlet.next_change is None
    assert str(outlet.last_actor) == "snmp ops from 192.0.2.7:4242 (a countdown has ended)"


def test_the_wall_clock_does_not_move_it() -> None:
    rig = bench(START)
    start_s = rig.clock.monotonic_s()
    rig.submit(SetCountdown(3, Action.OFF, 1800))
    rig.clock.jump_wall(7200)
    rig.run(1000)
    rig.clock.jump_wall(-90000)
    rig.run(1000)
    assert opened(rig, start_s) == [(1800, 3)]


def test_a_new_one_replaces_it_and_cancel_or_none_end_it() -> None:
    rig = bench(START)
    start_s = rig.clock.monotonic_s()
    rig.submit(SetCountdown(1, Action.OFF, 100))
    rig.submit(SetCountdown(1, Action.OFF, 300))
    rig.submit(SetCountdown(2, Action.OFF, 100))
    rig.submit(SetCountdown(3, Action.OFF, 100))
    assert rig.switch(2, Action.CANCEL)
    assert rig.submit(SetCountdown(3, Action.CANCEL, None))
    assert not rig.submit(SetCountdown(4, Action.CANCEL, None))
    rig.run(1000)
    assert opened(rig, start_s) == [(300, 1)]


def test_an_agent_that_starts_anew_goes_on_by_the_same_clock() -> None:
    rig = bench(START)
    start_s = rig.clock.monotonic_s()
    rig.submit(SetCountdown(3, Action.OFF, 1800))
    rig.clock.jump_wall(3600)
    rig.clock.advance(600)
    rig = again(rig)
    rig.run(3600)
    assert opened(rig, start_s) == [(1800, 3)]
    rig = again(rig)
    rig.run(3600)
    assert opened(rig, start_s) == [(1800, 3)]


def test_after_another_boot_the_wall_clock_tells() -> None:
    rig = bench(START)
    start_s = rig.clock.monotonic_s()
    rig.submit(SetCountdown(3, Action.OFF, 1800), SetCountdown(4, Action.OFF, 60))
    rig.clock.advance(600)
    rig = again(rig, boot="boot-2")
    rig.run(3600)
    assert opened(rig, start_s) == [(600, 4), (1800, 3)]


def test_after_another_boot_it_waits_for_a_clock() -> None:
    rig = bench(START)
    rig.submit(SetCountdown(3, Action.OFF, 1800))
    right_s = rig.clock.wall_s()
    rig.clock.jump_wall(-right_s)
    rig = again(rig, boot="boot-2")
    rig.run(86400)
    assert rig.board.moves == []
    rig.clock.jump_wall(right_s + 600 - rig.clock.wall_s())
    start_s = rig.clock.monotonic_s()
    rig.core.tick()  # the runtime ticks each second
    rig.run(3600)
    assert opened(rig, start_s) == [(1200, 3)]


def test_what_refuses_it_in_the_end_is_told() -> None:
    rig = bench(START)
    rig.submit(SetCountdown(3, Action.OFF, 60))
    rig.submit(SetLock(3, Lock.LOCKED_ON))
    rig.run(300)
    (event,) = rig.events(CommandFailed)
    assert isinstance(event, CommandFailed)
    assert "outlet 3 is locked on" in event.text
    assert rig.board.moves == []


def test_what_could_not_be_stored_at_its_end_is_done_a_little_later_and_told_once() -> None:
    rig = bench(START)
    start_s = rig.clock.monotonic_s()
    rig.submit(SetCountdown(3, Action.OFF, 60))
    rig.save_fails = True
    rig.run(100)
    assert opened(rig, start_s) == []
    assert len(rig.events(CommandFailed)) == 1
    rig.save_fails = False
    rig.run(60)
    ((at_s, outlet),) = opened(rig, start_s)
    assert outlet == 3
    assert at_s < 130
    assert rig.outlet(3).next_change is None


def test_what_cannot_be_done_for_long_is_given_up() -> None:
    rig = bench(START)
    start_s = rig.clock.monotonic_s()
    rig.submit(SetCountdown(3, Action.OFF, 60))
    rig.save_fails = True
    rig.run(4000)
    rig.save_fails = False
    rig.run(4000)
    assert opened(rig, start_s) == []
    assert rig.outlet(3).next_change is None


def test_a_pulse_can_be_counted_down_to() -> None:
    rig = bench(START)
    start_s = rig.clock.monotonic_s()
    rig.submit(SetCountdown(3, Action.PULSE, 60))
    rig.run(600)
    assert opened(rig, start_s) == [(60, 3)]
    assert rig.board.relays[2] is True


def test_what_makes_no_sense_is_refused() -> None:
    rig = bench(START)
    rig.submit(SetLock(2, Lock.LOCKED_ON))
    for command, kind, text in (
        (SetCountdown(77, Action.OFF, 60), UnknownTarget, "there is no outlet 77"),
        (SetCountdown(2, Action.OFF, 60), OutletLocked, "outlet 2 is locked on"),
        (SetCountdown(1, Action.OFF, 0), InvalidValue, "outside 1 to 604800"),
        (SetCountdown(1, Action.OFF, 604801), InvalidValue, "outside 1 to 604800"),
        (SetCountdown(1, Action.OFF_DELAYED, 60), InvalidValue, "expected on, off, reboot"),
    ):
        with pytest.raises(kind, match=text):
            rig.submit(command)
