# SPDX-License-Identifier: Apache-2.0
"""A pulse: the other state for a while and back, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.core.settings import MIN_ACTUATION_GAP_S, DeviceSettings, OutletSettings
from pdu_agent.model.commands import (
    Action,
    Actor,
    ConfigureOutlet,
    Hold,
    HoldOutlet,
    Lock,
    OutletSetting,
    Rank,
    SetLock,
    SwitchOutlet,
)
from pdu_agent.model.errors import InvalidValue, NotNow, OutletLocked
from pdu_agent.model.readings import BankLost, WriteRelays
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import OPS, Workbench


def movements(bench: Workbench) -> list[tuple[float, bool]]:
    return [(at_s, closed) for at_s, _, closed in bench.board.moves]


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("pulse_s", [0.5, 3.25])
def test_a_pulse_is_the_other_state_for_its_time(closed: bool, pulse_s: float) -> None:
    bench = Workbench(outlets=1, relays=[closed], pulse_s=pulse_s)
    bench.run(5)
    assert bench.switch(1, Action.PULSE)
    bench.run(10)
    (first_s, first), (second_s, second) = movements(bench)
    assert (first, second) == (not closed, closed)
    assert second_s - first_s == pytest.approx(pulse_s, abs=0.05)
    assert bench.state(1) is (OutletState.ON if closed else OutletState.OFF)
    assert bench.core.final_record().outlets[1].target_on is closed


def test_the_time_counts_from_the_movement_that_the_board_tells() -> None:
    bench = Workbench(outlets=1, relays=[False], pulse_s=2)
    bench.board.answers = False
    bench.switch(1, Action.PULSE)
    moved_s = bench.clock.monotonic_s() + 0.01
    bench.clock.advance(0.4)
    (order,) = (effect for effect in bench.queue if isinstance(effect, WriteRelays))
    bench.queue.clear()
    bench.core.on_relay_result(replace(bench.board.write(order), moved_s=moved_s))
    bench.board.answers = True
    bench.run(5)
    assert bench.board.moves[-1][0] - moved_s == pytest.approx(2, abs=0.05)


def test_what_is_shown_of_it() -> None:
    bench = Workbench(outlets=1, relays=[False], pulse_s=2)
    bench.switch(1, Action.PULSE)
    bench.run(0.5)
    row = bench.outlet(1)
    assert (row.state, row.pending) == (OutletState.OFF_PENDING, Action.OFF_DELAYED)
    assert row.pending_s == pytest.approx(1.5, abs=0.01)
    assert row.is_on
    assert not bench.switch(1, Action.PULSE)


def test_one_shorter_than_a_relays_rest_is_no_setting() -> None:
    bench = Workbench(outlets=1)
    with pytest.raises(InvalidValue, match="pulse_s"):
        bench.submit(ConfigureOutlet(1, OutletSetting.PULSE_S, 0.4))
    assert OutletSettings(1).pulse_s == MIN_ACTUATION_GAP_S


@pytest.mark.parametrize(
    ("closed", "least"), [(True, {"min_off_s": 60}), (False, {"min_on_s": 60})]
)
def test_one_shorter_than_a_minimum_time_is_refused(closed: bool, least: dict[str, int]) -> None:
    bench = Workbench(outlets=1, relays=[closed], pulse_s=59, **least)
    bench.run(100)
    with pytest.raises(NotNow, match=r"stays o\w+ for 60 s at least: its pulse of 59 s"):
        bench.switch(1, Action.PULSE)
    bench.submit(ConfigureOutlet(1, OutletSetting.PULSE_S, 60))
    assert bench.switch(1, Action.PULSE)


def test_one_that_would_have_to_wait_is_refused() -> None:
    bench = Workbench(outlets=1, relays=[True], min_on_s=30, pulse_s=5)
    bench.run(10)
    with pytest.raises(NotNow, match="has to stay on for another 20 s: a pulse cannot wait"):
        bench.switch(1, Action.PULSE)
    bench.run(20.1)
    assert bench.switch(1, Action.PULSE)


@pytest.mark.parametrize("pending", [Action.OFF_DELAYED, Action.REBOOT])
def test_one_of_an_outlet_that_is_on_its_way_is_refused(pending: Action) -> None:
    bench = Workbench(outlets=1, off_delay_s=30)
    bench.switch(1, pending)
    with pytest.raises(NotNow, match="a pulse begins and ends at rest"):
        bench.switch(1, Action.PULSE)


def test_a_locked_outlet_has_none() -> None:
    bench = Workbench(outlets=1)
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    with pytest.raises(OutletLocked):
        bench.switch(1, Action.PULSE)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("lost_s", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("away_s", [0.2, 10.0])
def test_a_board_that_goes_away_does_not_strand_it(
    closed: bool, lost_s: float, away_s: float
) -> None:
    bench = Workbench(outlets=1, relays=[closed], pulse_s=2)
    bench.run(1)
    bench.switch(1, Action.PULSE)
    bench.run(lost_s)
    bench.core.on_bank_lost(BankLost("main", "no answer"))
    bench.run(away_s)
    bench.core.on_bank(bench.board.state())
    bench.settle()
    bench.run(10)
    assert bench.board.relays == [closed]
    assert bench.state(1) is (OutletState.ON if closed else OutletState.OFF)


@pytest.mark.parametrize("closed", [True, False])
def test_a_rule_that_gives_it_up_while_its_board_is_away_gives_it_up_for_good(
    closed: bool,
) -> None:
    bench = Workbench(outlets=1, relays=[closed], pulse_s=2)
    bench.core.submit_all([SwitchOutlet(1, Action.PULSE)], Actor("schedule", "night"))
    bench.settle()
    bench.run(1)
    bench.core.on_bank_lost(BankLost("main", "no answer"))
    hold = Hold("hot", Rank.RULE, not closed, "so it is", bench.clock.wall_s())
    bench.core.submit_all([HoldOutlet(1, hold)], Actor("rule", "hot"))
    bench.run(10)
    bench.core.on_bank(bench.board.state())
    bench.run(10)
    assert bench.state(1) is (OutletState.OFF if closed else OutletState.ON)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("boot_id", ["boot-1", "boot-2"])
def test_a_restart_in_the_middle_ends_it(closed: bool, boot_id: str) -> None:
    bench = Workbench(outlets=1, relays=[closed], pulse_s=2)
    bench.switch(1, Action.PULSE)
    bench.run(1)
    record = bench.core.final_record()
    again = Workbench(
        outlets=1,
        board=bench.board,
        clock=bench.clock,
        record=record,
        boot_id=boot_id,
        continuous=boot_id == "boot-1",
        pulse_s=2,
    )
    again.run(5)
    assert again.board.relays == [closed]
    times = [at_s for at_s, _, _ in again.board.moves]
    assert len(times) == 2
    assert times[1] - times[0] == pytest.approx(2 if boot_id == "boot-1" else 3, abs=0.1)


@pytest.mark.parametrize(
    ("action", "ends_on"),
    [(Action.ON, True), (Action.OFF, False), (Action.REBOOT, True), (Action.TOGGLE, None)],
)
@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("after_s", [0.0, 0.7])
def test_a_command_in_the_middle_of_it_decides(
    action: Action, ends_on: bool | None, closed: bool, after_s: float
) -> None:
    bench = Workbench(outlets=1, relays=[closed], pulse_s=2)
    bench.run(1)
    bench.switch(1, Action.PULSE)
    bench.run(after_s)
    bench.switch(1, action)
    bench.run(20)
    assert bench.board.relays == [(not closed) if ends_on is None else ends_on]


@pytest.mark.parametrize("after_s", [0.0, 0.7, 1.9])
def test_a_reboot_in_the_middle_of_one_has_its_whole_off_time(after_s: float) -> None:
    bench = Workbench(outlets=1, pulse_s=2)
    bench.switch(1, Action.PULSE)
    bench.run(after_s)
    bench.core.submit_all([SwitchOutlet(1, Action.REBOOT)], OPS)
    began_s = bench.clock.monotonic_s()
    bench.settle()
    bench.run(20)
    assert bench.board.moves[-1][0] - began_s >= 5 - 1e-6
    assert bench.board.relays == [True]


def test_the_end_of_a_pulse_that_closes_waits_for_its_turn() -> None:
    bench = Workbench(
        outlets=5,
        relays=[True, False, False, False, False],
        device=DeviceSettings(sequence_interval_s=2),
        pulse_s=1,
    )
    bench.run(5)
    bench.submit(*(SwitchOutlet(n, Action.ON) for n in (2, 3, 4, 5)), SwitchOutlet(1, Action.PULSE))
    bench.run(30)
    opened_s, closed_s = (at_s for at_s, relay, _ in bench.board.moves if relay == 0)
    # Its turn is after the four that were there before it, at 0, 2, 4 and 6 s.
    assert closed_s - opened_s == pytest.approx(8, abs=0.1)


def test_a_pulse_that_opens_again_waits_for_no_gap() -> None:
    bench = Workbench(
        outlets=5,
        relays=[False] * 5,
        device=DeviceSettings(sequence_interval_s=2),
        pulse_s=1,
    )
    bench.run(5)
    bench.submit(SwitchOutlet(1, Action.PULSE), *(SwitchOutlet(n, Action.ON) for n in (2, 3, 4, 5)))
    bench.run(30)
    closed_s, opened_s = (at_s for at_s, relay, _ in bench.board.moves if relay == 0)
    assert opened_s - closed_s == pytest.approx(1, abs=0.05)
