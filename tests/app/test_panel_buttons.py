# SPDX-License-Identifier: Apache-2.0
"""What a held button does to the core, and what it must not do."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.app.config.panel import ButtonSettings
from pdu_agent.app.panel.buttons import Button, ButtonWatcher
from pdu_agent.hw.hold import Press
from pdu_agent.model.commands import Lock, SetLock
from pdu_agent.model.io_line import IoLine
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import ChangeReason, OutletState
from tests.core.bench import OPS, Workbench

HOLD_S = 1.5


class Wall:
    """A unit with one button for outlet 1."""

    def __init__(self, **unit) -> None:
        self.bench = Workbench(outlets=2, **unit)
        self.told: list[tuple[str, str | None]] = []
        chosen = ButtonSettings(IoLine("panel", 0), outlet=1, hold_s=HOLD_S)
        self.button = Button(chosen, self.bench.core, lambda *said: self.told.append(said))
        self.watcher = ButtonWatcher(HOLD_S, self.button.happened)

    @property
    def state(self) -> OutletState:
        self.bench.run(2.0)
        return self.bench.core.snapshot.outlets[0].state


def test_hold_switches_off_what_is_on_and_on_what_is_off():
    wall = Wall()
    wall.button.happened(Press.HELD)
    assert wall.state is OutletState.OFF
    wall.button.happened(Press.HELD)
    assert wall.state is OutletState.ON


def test_change_is_told_as_made_at_the_unit_by_that_button():
    wall = Wall()
    wall.button.happened(Press.HELD)
    wall.bench.run(2.0)
    outlet = wall.bench.core.snapshot.outlets[0]
    assert outlet.last_reason is ChangeReason.LOCAL
    assert str(outlet.last_actor) == "button panel.0"


def test_locked_outlet_stays_and_the_refusal_is_logged(caplog: pytest.LogCaptureFixture):
    wall = Wall()
    wall.bench.core.submit_all([SetLock(1, Lock.LOCKED_ON)], OPS)
    wall.button.happened(Press.HELD)
    assert wall.state is OutletState.ON
    assert "button panel.0: refused" in caplog.text
    assert "locked" in caplog.text


def test_lost_relay_board_refuses_too(caplog: pytest.LogCaptureFixture):
    wall = Wall()
    wall.bench.core.on_bank_lost(BankLost("main", "no answer"))
    wall.button.happened(Press.HELD)
    assert wall.bench.board.moves == []
    assert "button panel.0" in caplog.text


def test_short_press_does_nothing_and_is_logged_for_those_who_look(
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG)
    wall = Wall()
    wall.button.happened(Press.SHORT)
    assert wall.state is OutletState.ON
    assert "not long enough" in caplog.text


def test_stuck_button_is_an_alarm_until_it_is_free_and_switches_nothing():
    wall = Wall()
    wall.button.happened(Press.STUCK)
    assert [name for name, text in wall.told if text] == ["panel.0"]
    wall.button.happened(Press.FREED)
    assert wall.told[-1] == ("panel.0", None)
    assert wall.bench.board.moves == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.floats(0.005, 0.2), st.integers(0, 20)),
        min_size=1,
        max_size=150,
    )
)
def test_no_relay_moves_unless_every_look_for_the_whole_hold_found_it_pressed(looks):
    """Bounces, interference and lost boards in any order, through to the contacts."""
    wall = Wall()
    now_s, unbroken_s, longest_s = 0.0, 0.0, 0.0
    for pressed, pause_s, chance in looks:
        now_s += pause_s
        if chance == 0:
            wall.watcher.lost("gone")
            unbroken_s = 0.0
            continue
        wall.watcher.seen(pressed, now_s)
        unbroken_s = unbroken_s + pause_s if pressed else 0.0
        longest_s = max(longest_s, unbroken_s)
    wall.bench.run(2.0)
    if longest_s < HOLD_S:
        assert wall.bench.board.moves == []
