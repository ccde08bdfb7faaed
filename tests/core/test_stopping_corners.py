# SPDX-License-Identifier: Apache-2.0
"""Graceful off where boards, files and people interfere at the wrong moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.core.birth import Birth
from pdu_agent.core.core import Core
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.settings import GroupSettings, RelayRef
from pdu_agent.core.shutdown import stopping
from pdu_agent.model.commands import (
    Action,
    ConfigureOutlet,
    OutletSetting,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.events import StopEnded
from pdu_agent.model.readings import BankLost, BankState
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import INLET, OPS, Workbench
from tests.core.test_stopping import GRACEFUL, bench, draws, ends, is_closed, outlet, runs


def lose(made: Workbench) -> None:
    made.core.on_bank_lost(BankLost("main", "no answer"))


def find(made: Workbench) -> None:
    made.core.on_bank(made.board.state())
    made.settle()


def test_a_load_that_is_back_up_before_its_board_is_back_is_not_cut() -> None:
    made = bench(graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    draws(made, 1.0, 3)
    lose(made)
    draws(made, 1.0, 4)  # idle now, but nobody can cut it
    draws(made, 41.0, 2)  # somebody has pressed its button
    find(made)
    draws(made, 41.0, 60)
    assert is_closed(made)
    assert "41 W" in made.outlet(1).stopping
    draws(made, 41.0, 100)
    assert is_closed(made)
    assert "still 41 W" in made.alarms("shutdown")[0].text


def test_a_load_that_stirs_between_two_ticks_is_not_idle() -> None:
    """A loop that is late finds two readings at once; the second is low again."""
    made = bench(graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    for _ in range(6):
        draws(made, 1.0, 2)
        made.read(outlet(1), active_power_w=90.0)
        made.clock.advance(0.2)
        draws(made, 1.0, 0.5)
    assert is_closed(made)
    draws(made, 1.0, 6)
    assert not is_closed(made)


def test_a_load_whose_meter_fell_silent_before_its_board_is_back_is_not_cut() -> None:
    made = bench(graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    draws(made, 1.0, 3)
    lose(made)
    draws(made, 1.0, 4)
    made.run(2)
    find(made)
    made.run(200)
    assert is_closed(made)
    assert made.state(1) is OutletState.ON


def test_a_load_that_stays_idle_is_cut_once_its_board_is_back() -> None:
    made = bench(graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    draws(made, 1.0, 3)
    lose(made)
    draws(made, 1.0, 20)
    find(made)
    draws(made, 1.0, 40)
    assert not is_closed(made)


def test_a_load_that_is_back_up_before_its_minimum_time_is_over_is_not_cut() -> None:
    """Since nobody knows how the relay stood while its board was away, the time begins anew."""
    made = bench(graceful=GRACEFUL, min_on_s=60)
    made.run(61)
    made.switch(1, Action.OFF)
    draws(made, 1.0, 1)
    lose(made)
    find(made)
    draws(made, 1.0, 10)
    assert is_closed(made)
    assert not made.events(StopEnded)
    draws(made, 41.0, 100)
    assert is_closed(made)


def test_a_board_that_is_away_for_weeks_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "LONGEST_RETRY_S", 0.1)
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    lose(made)
    ends(made, "exit status 1")
    made.run(130)
    find(made)
    made.run(1)
    assert made.state(1) is OutletState.ON


def test_a_restart_does_not_take_back_a_forced_off_that_waits() -> None:
    made = bench(before_off="bye", min_on_s=100)
    made.core.submit_all([SwitchOutlet(1, Action.OFF, forced=True)], OPS)
    made.run(1)
    after = Workbench(
        outlets=2, record=made.saved[-1].record, clock=made.clock, before_off="bye", min_on_s=100
    )
    after.run(1)
    assert after.events(StopEnded) == []
    after.run(120)
    assert not is_closed(after)
    assert runs(after) == []


def test_a_restart_while_an_abort_waits_for_its_board_ends_it() -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    lose(made)
    ends(made, "exit status 1")
    made.run(2)
    after = Workbench(outlets=2, record=made.saved[-1].record, clock=made.clock, before_off="bye")
    after.run(1)
    row = after.outlet(1)
    assert (row.state, is_closed(after), runs(after)) == (OutletState.ON, True, [])
    assert row.last_actor is not None
    assert row.last_actor.because == "given up before the agent was restarted"


@pytest.mark.parametrize("away_s", [1, 1000])
def test_an_off_while_an_abort_cannot_be_carried_out_begins_anew(away_s: float) -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    lose(made)
    ends(made, "exit status 1")
    made.run(away_s)
    find(made)
    made.switch(1, Action.OFF)
    made.run(0.01)
    assert len(runs(made)) == 2
    ends(made)
    made.run(2)
    assert not is_closed(made)
    assert made.alarms("shutdown") == []


def test_a_hook_that_failed_is_not_forgiven_by_the_next_hook_s_terms() -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    made.submit(ConfigureOutlet(1, OutletSetting.BEFORE_OFF, "maybe"))
    assert "hook bye runs" in made.outlet(1).stopping
    ends(made, "exit status 1")
    made.run(1)
    assert is_closed(made)
    assert "hook bye: exit status 1" in made.alarms("shutdown")[0].text


def test_the_alarm_of_a_hang_goes_with_a_forced_reboot() -> None:
    made = bench(graceful=GRACEFUL)
    made.switch(1, Action.REBOOT)
    draws(made, 38.0, 121)
    assert made.alarms("shutdown")
    made.core.submit_all([SwitchOutlet(1, Action.REBOOT, forced=True)], OPS)
    made.settle()
    made.run(10)
    assert made.state(1) is OutletState.ON
    assert made.alarms("shutdown") == []


def test_the_alarm_of_a_hook_after_off_goes_with_the_next_order() -> None:
    made = bench(after_off="bye")
    made.switch(1, Action.OFF)
    made.run(1)
    ends(made, "exit status 1")
    assert made.alarms("hook")
    made.switch(1, Action.ON)
    made.run(2)
    assert made.alarms("hook") == []


def test_a_reboot_that_a_hook_precedes_is_not_stranded_by_a_cap() -> None:
    """It ran within the cap before; without the hook it would come back unasked."""
    made = bench(before_on="bye")
    cap = CapSettings(1, target=INLET, limit_w=500.0)
    made.core.renew(replace(made.settings, caps=(cap,)), OPS)
    made.read(outlet(1), active_power_w=200.0)
    made.read(INLET, active_power_w=480.0)
    made.switch(1, Action.REBOOT)
    for _ in range(12):
        made.read(outlet(1), active_power_w=0.0)
        made.read(INLET, active_power_w=350.0)
        made.run(0.5)
    ends(made)
    made.run(2)
    assert made.alarms("hook") == []
    assert made.state(1) is OutletState.ON


def test_a_group_that_is_rebooted_is_not_kept_off_by_a_board_that_is_away() -> None:
    made = bench(before_on="bye", graceful=GRACEFUL, groups=(GroupSettings(1, "pair", (1, 2)),))
    near, far = made.settings.outlets
    outlets = (near, replace(far, relay=RelayRef("far", 0)))
    birth = Birth(Record(engine_id=b"x"), True, "boot-1", "1.0")
    settings = replace(made.settings, outlets=outlets)
    made.core = Core(settings, made.clock, made._perform, birth)
    made.core.on_bank(made.board.state())
    made.core.on_bank(BankState("far", False, (True,)))
    made.submit(SwitchGroup(1, Action.REBOOT))
    draws(made, 1.0, 10)
    assert not is_closed(made)
    made.run(10)
    assert runs(made) == []  # the other is still on
    made.core.on_bank_lost(BankLost("far", "no answer"))
    made.run(1)
    ends(made)
    made.run(2)
    assert is_closed(made)
