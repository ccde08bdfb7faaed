# SPDX-License-Identifier: Apache-2.0
"""A hold of a button, and everything that must not pass for one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.hw.hold import BOUNCE_S, MAX_GAP_S, REST_S, STUCK_S, HoldWatch, Press

HOLD_S = 1.5
LOOK_S = 0.03


class Finger:
    """Looks at a HoldWatch every LOOK_S, as a board's thread does."""

    def __init__(self, hold_s: float = HOLD_S) -> None:
        self.watch = HoldWatch(hold_s)
        self.now_s = 100.0
        self.told: list[tuple[float, Press]] = []

    def look(self, pressed: bool, seconds: float) -> Finger:
        for _ in range(max(1, round(seconds / LOOK_S))):
            self.now_s += LOOK_S
            press = self.watch.seen(pressed, self.now_s)
            if press is not None:
                self.told.append((self.now_s, press))
        return self

    def ready(self) -> Finger:
        self.look(False, 0.2)
        self.told.clear()
        return self

    @property
    def presses(self) -> list[Press]:
        return [press for _, press in self.told]


def test_hold_is_told_once_while_the_button_is_still_down():
    finger = Finger().ready()
    start_s = finger.now_s
    finger.look(True, 10.0)
    assert finger.presses == [Press.HELD]
    assert HOLD_S <= finger.told[0][0] - start_s <= HOLD_S + 2 * LOOK_S
    assert finger.look(False, 1.0).presses == [Press.HELD]


def test_next_hold_needs_a_release_first():
    finger = Finger().ready().look(True, 3.0).look(False, 0.3).look(True, 3.0)
    assert finger.presses == [Press.HELD, Press.HELD]


def test_glitch_of_a_released_look_does_not_let_one_hold_count_twice():
    finger = Finger().ready().look(True, 2.0).look(False, LOOK_S).look(True, 5.0)
    assert finger.presses == [Press.HELD]


def test_short_press_is_told_as_such_when_it_ends():
    finger = Finger().ready().look(True, 0.4)
    assert finger.presses == []
    assert finger.look(False, 0.3).presses == [Press.SHORT]


def test_single_look_of_interference_is_no_press_at_all():
    watch = HoldWatch(HOLD_S)
    looks = [(0.0, False), (0.1, False), (0.11, True), (0.11 + BOUNCE_S / 2, False), (0.3, False)]
    assert [watch.seen(pressed, t_s) for t_s, pressed in looks] == [None] * 5


def test_button_that_is_down_at_the_start_does_nothing_until_it_was_released():
    finger = Finger().look(True, 10.0)
    assert finger.presses == []
    assert finger.look(False, 0.3).look(True, 2.0).presses == [Press.HELD]


def test_button_that_is_down_when_the_board_returns_does_nothing_until_it_was_released():
    finger = Finger().ready().look(True, 1.0)
    finger.watch.lost()
    finger.look(True, 10.0)
    assert finger.presses == []
    assert finger.look(False, 0.3).look(True, 2.0).presses == [Press.HELD]


def test_hold_over_a_pause_without_looks_begins_anew():
    finger = Finger().ready().look(True, 1.4)
    finger.now_s += MAX_GAP_S + 0.1
    resumed_s = finger.now_s
    finger.look(True, 3.0)
    assert finger.presses == [Press.HELD]
    assert finger.told[0][0] - resumed_s >= HOLD_S


def test_stuck_button_is_told_once_and_when_it_is_free_again():
    finger = Finger().ready().look(True, STUCK_S + 60)
    assert finger.presses == [Press.HELD, Press.STUCK]
    finger.watch.lost()
    finger.look(True, STUCK_S + 60)
    assert finger.look(False, 0.3).presses == [Press.HELD, Press.STUCK, Press.FREED]
    assert finger.look(True, 2.0).presses[3:] == [Press.HELD]


def test_button_jammed_from_the_start_is_told_too():
    assert Finger().look(True, STUCK_S + 1).presses == [Press.STUCK]


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([True, True, False]),
            st.floats(0.0, 0.6),
            st.booleans(),
        ),
        max_size=120,
    )
)
def test_whatever_comes_only_an_unbroken_hold_after_a_release_switches(looks):
    """Looks at random distances, with losses of the board in between."""
    watch = HoldWatch(HOLD_S)
    history: list[tuple[float, bool | None]] = []
    now_s = 0.0
    for pressed, pause_s, is_lost in looks:
        now_s += pause_s
        if is_lost and pause_s > 0.55:
            watch.lost()
            history.append((now_s, None))
            continue
        history.append((now_s, pressed))
        if watch.seen(pressed, now_s) is Press.HELD:
            assert_unbroken_hold(history)
            history.append((now_s, None))  # the next one needs a release of its own


def assert_unbroken_hold(history: list[tuple[float, bool | None]]) -> None:
    end_s = history[-1][0]
    held = 0
    while held < len(history) and history[-1 - held][1]:
        held += 1
    down = history[len(history) - held :]
    inside = [t_s for t_s, _ in down if t_s >= end_s - HOLD_S - 1e-9]
    assert end_s - down[0][0] >= HOLD_S
    begun = [t_s for t_s, _ in down if t_s <= end_s - HOLD_S]
    pauses = [b - a for a, b in zip([begun[-1], *inside], inside, strict=False)]
    assert all(pause_s <= MAX_GAP_S for pause_s in pauses)
    before = history[: len(history) - held]
    since_loss = before[max((n + 1 for n, (_, p) in enumerate(before) if p is None), default=0) :]
    rests = [t_s for t_s, pressed in since_loss if pressed is False]
    assert rests
    assert rests[-1] - rests[0] >= REST_S


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(0.001, 1.4), st.floats(0.001, 0.5)), max_size=40))
def test_presses_shorter_than_the_hold_never_switch(bursts):
    """Looked at every millisecond or so, whatever bounces and breaks there are."""
    finger = Finger().ready()
    for down_s, up_s in bursts:
        finger.look(True, min(down_s, HOLD_S - 2 * LOOK_S)).look(False, up_s)
    assert Press.HELD not in finger.presses
