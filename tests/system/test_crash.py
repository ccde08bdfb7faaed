# SPDX-License-Identifier: Apache-2.0
"""The agent killed while it is switched: nothing that was answered is lost, nothing moves twice.

`bench/crash.py` does the same with many more kills.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.crash_judge import (
    Movement,
    Order,
    Relays,
    completions,
    gap_complaints,
    power_up_complaints,
    restart_complaints,
    ruling,
)
from tests.system.crash_rig import CrashRig

KILLED_S = 100.0


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[CrashRig]:
    rig = CrashRig(tmp_path, seed=20)
    try:
        yield rig
    finally:
        rig.close()


@pytest.mark.alone
def test_kills_and_a_power_cut_under_switching_break_no_promise(rig: CrashRig) -> None:
    rig.begin()
    for _ in range(4):
        rig.switch_and_kill(1.5)
        rig.restart_after_kill()
    rig.stop_switching(0.9)
    rig.restart_after_kill()
    rig.switch_and_kill(1.5)
    rig.cut_power()
    rig.judge_gaps()
    assert rig.tally.complaints == []
    assert max(rig.tally.kill_loss_s) <= 2
    assert max(rig.tally.cut_loss_s) <= 60.5
    assert max(rig.tally.answer_s) <= 15


# The judge itself: it has to see what it is there for.


def relays(*movements: tuple[float, int, bool]) -> Relays:
    return Relays(Movement(*movement) for movement in movements)


def test_the_judge_sees_an_answered_order_undone() -> None:
    orders = [Order("on", 50.0, 50.1), Order("off", 99.0, 99.1)]
    left = completions(orders[-1], 1, relays(), KILLED_S)
    assert left == {(False,)}
    assert ruling(orders) == [orders[-1]]


def test_the_judge_leaves_an_unanswered_order_open() -> None:
    orders = [Order("on", 50.0, 50.1), Order("off", 99.9, None)]
    assert ruling(orders) == orders
    for moved in (relays(), relays((100.2, 1, False))):
        assert restart_complaints(1, ruling(orders), moved, KILLED_S, 101.0, 110.0) == []


def test_the_judge_sees_a_relay_that_moved_for_nobody() -> None:
    moved = relays((100.2, 1, False))
    assert restart_complaints(1, [None], moved, KILLED_S, 101.0, 110.0)
    assert restart_complaints(2, [None], moved, KILLED_S, 101.0, 110.0) == []


def test_the_judge_sees_an_order_finished_too_late() -> None:
    orders = [Order("off", 99.0, 99.1)]
    late = relays((101.5, 1, False))
    assert restart_complaints(1, orders, late, KILLED_S, 101.0, 110.0)
    assert restart_complaints(1, orders, late, KILLED_S, 102.0, 110.0) == []


def test_the_judge_wants_a_reboot_whole_and_once() -> None:
    orders = [Order("reboot", 99.0, 99.1)]
    whole = relays((100.2, 1, False), (101.5, 1, True))
    assert restart_complaints(1, orders, whole, KILLED_S, 101.0, 110.0) == []
    twice = relays((99.2, 1, False), (99.9, 1, True), (100.5, 1, False))
    assert restart_complaints(1, orders, twice, KILLED_S, 101.0, 110.0)


def test_the_judge_knows_the_policy_after_a_power_cut() -> None:
    dropped = (99.99, 1, False)
    closed_again = relays(dropped, (101.0, 1, True))
    assert power_up_complaints(1, [None], closed_again, KILLED_S) == []
    assert power_up_complaints(1, [Order("off", 50.0, 50.1)], closed_again, KILLED_S)
    assert power_up_complaints(1, [None], relays(dropped), KILLED_S)


def test_the_judge_measures_gaps_and_rests() -> None:
    near = [Movement(10.0, 1, True), Movement(10.1, 2, True)]
    assert len(gap_complaints(near, [])) == 1
    chatter = [Movement(10.0, 1, True), Movement(10.3, 1, False)]
    assert len(gap_complaints(chatter, [])) == 1
    assert gap_complaints(chatter, [10.2]) == []
