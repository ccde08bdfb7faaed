# SPDX-License-Identifier: Apache-2.0
"""Graceful off: hook, idle draw, cut; what fails or hangs leaves the outlet on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.settings import GroupSettings
from pdu_agent.core.shutdown.settings import GracefulSettings, HookTerms, OnHang
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Action,
    Actor,
    ConfigureOutlet,
    Hold,
    HoldOutlet,
    Lock,
    OutletSetting,
    Rank,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import CommandError, ConfigError, InvalidValue
from pdu_agent.model.events import HookFailed, StopEnded
from pdu_agent.model.readings import BankLost, HookMoment, HookResult, RunHook, StopHook
from pdu_agent.model.record import StopRecord
from pdu_agent.model.snapshot import OutletState, Severity
from pdu_agent.store.plain_record import from_plain, to_plain
from tests.core.bench import OPS, Workbench

HOOKS = (HookTerms("bye", 30.0), HookTerms("maybe", 30.0, ignore_errors=True))
GRACEFUL = GracefulSettings(idle_below_w=5.0, idle_for_s=5.0, time_limit_s=120.0)
SAFETY = Actor("safety", "trip", "", "32 A")


def bench(**settings: object) -> Workbench:
    made = Workbench(hooks=HOOKS, outlets=2, **settings)  # type: ignore[arg-type]
    made.run(0.1)
    return made


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def draws(made: Workbench, watts: float, seconds: float, number: int = 1) -> None:
    """A reading each half second."""
    for _ in range(round(seconds * 2)):
        made.read(outlet(number), active_power_w=watts)
        made.run(0.5)


def runs(made: Workbench) -> list[RunHook]:
    return [effect for effect in made.hooks if isinstance(effect, RunHook)]


def ends(made: Workbench, error: str = "") -> None:
    """The newest hook ends."""
    run = runs(made)[-1]
    made.core.on_hook(HookResult(run.id, run.hook, error, 1.0))
    made.run(0.01)


def is_closed(made: Workbench, number: int = 1) -> bool:
    return made.board.relays[number - 1]


def test_a_load_that_ends_is_cut_once_it_was_idle_for_its_time() -> None:
    made = bench(before_off="bye", graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    made.run(0.01)
    assert [(run.hook, run.moment, run.outlet) for run in runs(made)] == [
        ("bye", HookMoment.BEFORE_OFF, 1)
    ]
    row = made.outlet(1)
    assert (row.state, row.pending) == (OutletState.OFF_PENDING, Action.OFF_DELAYED)
    assert row.is_on
    assert row.pending_s == pytest.approx(150, abs=1)
    draws(made, 0.0, 10)
    assert is_closed(made)  # idle, but its hook still runs
    ends(made)
    draws(made, 41.0, 20)
    assert is_closed(made)
    assert made.outlet(1).stopping.startswith(
        "shutting down: 41 W, waits for under 5 W for 5 s, 100 s left"
    )
    draws(made, 3.0, 4.5)
    draws(made, 6.0, 0.5)
    draws(made, 3.0, 5.0)
    assert is_closed(made)
    draws(made, 3.0, 1.0)
    assert not is_closed(made)
    row = made.outlet(1)
    assert row.state is OutletState.OFF
    assert row.stopping == ""
    assert row.last_actor == replace(OPS, because="it drew under 5 W for 5 s")
    (event,) = made.events(StopEnded)
    assert isinstance(event, StopEnded)
    assert (event.outlet, event.aborted) == (1, False)
    assert made.alarms("shutdown") == []


def test_a_load_that_hangs_is_not_cut() -> None:
    made = bench(before_off="bye", graceful=GRACEFUL)
    made.switch(1, Action.REBOOT)
    made.run(0.01)
    ends(made)
    draws(made, 38.0, 121)
    row = made.outlet(1)
    assert row.state is OutletState.ON
    assert row.last_actor == replace(OPS, because="still 38 W after 120 s; not switched off")
    assert is_closed(made)
    assert made.board.moves == []
    (alarm,) = made.alarms("shutdown")
    assert alarm.text == "still 38 W after 120 s; not switched off"
    assert alarm.severity is Severity.CRITICAL
    (event,) = made.events(StopEnded)
    assert isinstance(event, StopEnded)
    assert event.aborted
    draws(made, 0.0, 60)
    assert is_closed(made)  # that is over
    assert made.alarms("shutdown")


def test_a_load_that_hangs_is_cut_by_force_where_the_policy_says_so() -> None:
    made = bench(graceful=replace(GRACEFUL, on_hang=OnHang.FORCE))
    made.switch(1, Action.OFF)
    draws(made, 38.0, 119)
    assert is_closed(made)
    draws(made, 38.0, 2)
    assert not is_closed(made)
    (alarm,) = made.alarms("shutdown")
    assert alarm.severity is Severity.WARNING
    assert "cut by force: still 38 W after 120 s" in alarm.text
    made.run(1)
    made.switch(1, Action.ON)
    made.run(1.5)
    assert made.alarms("shutdown") == []


@pytest.mark.parametrize("silent_from_s", [0, 3])
def test_no_reading_is_never_idle(silent_from_s: int) -> None:
    made = bench(graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    draws(made, 1.0, silent_from_s)
    made.run(125)
    assert is_closed(made)
    assert made.alarms("shutdown")[0].text.startswith("still without a reading after 120 s")


def test_a_sample_of_before_the_order_does_not_count() -> None:
    made = bench(graceful=replace(GRACEFUL, idle_for_s=0.0))
    made.read(outlet(1), active_power_w=0.0)
    made.run(0.3)
    made.switch(1, Action.OFF)
    made.run(0.1)
    assert is_closed(made)
    made.read(outlet(1), active_power_w=0.0)
    made.run(0.01)
    assert not is_closed(made)


@pytest.mark.parametrize(
    ("hook", "error", "is_cut"),
    [
        ("bye", "", True),
        ("bye", "exit status 1", False),
        ("bye", "killed after 30 s", False),
        ("maybe", "exit status 1", True),
    ],
)
def test_the_outcomes_of_a_hook_before_off(hook: str, error: str, is_cut: bool) -> None:
    made = bench(before_off=hook)
    made.switch(1, Action.OFF)
    made.run(0.01)
    ends(made, error)
    made.run(1)
    assert is_closed(made) is not is_cut
    assert made.state(1) is (OutletState.OFF if is_cut else OutletState.ON)
    told = [alarm.text for alarm in made.alarms("shutdown")]
    assert told == ([] if is_cut else [f"hook bye: {error}; not switched off"])
    assert len(made.events(HookFailed)) == (0 if is_cut else 1)


@pytest.mark.parametrize(
    ("hook", "error", "goes_on"),
    [
        ("bye", "", True),
        ("bye", "exit status 1", False),
        ("bye", "killed after 30 s", False),
        ("maybe", "exit status 1", True),
    ],
)
def test_the_outcomes_of_a_hook_before_on(hook: str, error: str, goes_on: bool) -> None:
    made = bench(before_on=hook, relays=[False, False])
    made.switch(1, Action.ON)
    made.run(5)
    assert made.state(1) is OutletState.ON_PENDING
    assert made.outlet(1).is_on is False
    assert not is_closed(made)
    assert runs(made)[0].moment is HookMoment.BEFORE_ON
    ends(made, error)
    made.run(1)
    assert is_closed(made) is goes_on
    assert made.state(1) is (OutletState.ON if goes_on else OutletState.OFF)
    assert bool(made.alarms("hook")) is not goes_on


@pytest.mark.parametrize(
    ("hook", "error", "alarm"),
    [
        ("bye", "", False),
        ("bye", "exit status 1", True),
        ("bye", "killed after 30 s", True),
        ("maybe", "exit status 1", False),
    ],
)
@pytest.mark.parametrize("on", [True, False])
def test_the_outcomes_of_a_hook_after_a_switching(
    hook: str, error: str, alarm: bool, on: bool
) -> None:
    name = "after_on" if on else "after_off"
    made = bench(**{name: hook}, relays=[not on] * 2)
    made.switch(1, Action.ON if on else Action.OFF)
    made.run(1)
    assert is_closed(made) is on
    (run,) = runs(made)
    assert run.moment is (HookMoment.AFTER_ON if on else HookMoment.AFTER_OFF)
    ends(made, error)
    assert bool(made.alarms("hook")) is alarm
    assert bool(made.events(HookFailed)) is alarm
    assert is_closed(made) is on


def test_a_reboot_runs_its_four_hooks_in_order() -> None:
    made = bench(before_off="bye", after_off="maybe", before_on="bye", after_on="maybe")
    made.switch(1, Action.REBOOT)
    made.run(0.01)
    ends(made)
    made.run(20)
    assert made.state(1) is OutletState.REBOOTING
    assert not is_closed(made)
    ends(made)
    made.run(1)
    assert is_closed(made)
    assert [run.moment for run in runs(made)] == [
        HookMoment.BEFORE_OFF,
        HookMoment.AFTER_OFF,
        HookMoment.BEFORE_ON,
        HookMoment.AFTER_ON,
    ]


def test_a_second_off_changes_nothing() -> None:
    made = bench(before_off="bye", graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    made.run(0.01)
    before = made.outlet(1)
    for action in (Action.OFF, Action.OFF_DELAYED):
        assert not made.switch(1, action)
        made.run(0.01)
    assert len(runs(made)) == 1
    assert made.outlet(1).last_actor == before.last_actor


def test_a_reboot_of_what_shuts_down_lets_it_come_back() -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    assert made.switch(1, Action.REBOOT)
    made.run(0.01)
    assert len(runs(made)) == 1
    ends(made)
    made.run(10)
    assert is_closed(made)
    assert [closed for _, relay, closed in made.board.moves if relay == 0] == [False, True]


@pytest.mark.parametrize("action", [Action.CANCEL, Action.ON, Action.TOGGLE, Action.ON_DELAYED])
def test_what_shuts_down_can_be_called_back(action: Action) -> None:
    made = bench(before_off="bye", graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    made.run(0.01)
    made.switch(1, action)
    made.run(1)
    assert made.state(1) is OutletState.ON
    assert made.hooks[-1] == StopHook(runs(made)[0].id)
    ends(made)  # too late
    draws(made, 0.0, 20)
    assert is_closed(made)
    assert made.alarms("shutdown") == []


def test_a_cancel_and_an_off_at_once_begin_anew() -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    made.switch(1, Action.CANCEL)
    made.switch(1, Action.OFF)
    made.run(0.01)
    first, second = runs(made)
    assert StopHook(first.id) in made.hooks
    made.core.on_hook(HookResult(first.id, "bye", "", 1.0))
    made.run(1)
    assert is_closed(made)
    made.core.on_hook(HookResult(second.id, "bye", "", 1.0))
    made.run(1)
    assert not is_closed(made)


def test_force_and_safety_cut_at_once() -> None:
    made = bench(before_off="bye", graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    made.run(0.01)
    made.submit(SwitchOutlet(1, Action.OFF, forced=True))
    made.run(0.01)
    assert not is_closed(made)
    assert made.hooks[-1] == StopHook(runs(made)[0].id)
    made.core.submit_all([SwitchOutlet(2, Action.OFF)], SAFETY)
    made.settle()
    assert not is_closed(made, 2)
    assert len(runs(made)) == 1


def test_a_forced_off_that_waits_for_its_minimum_time_is_not_asked_again() -> None:
    made = bench(before_off="bye", min_on_s=60)
    made.submit(SwitchOutlet(1, Action.OFF, forced=True))
    made.run(61)
    assert not is_closed(made)
    assert runs(made) == []


def test_a_delayed_off_begins_when_its_delay_is_over() -> None:
    made = bench(before_off="bye", off_delay_s=30)
    made.switch(1, Action.OFF_DELAYED)
    made.run(29)
    assert runs(made) == []
    made.run(2)
    assert len(runs(made)) == 1
    assert is_closed(made)
    ends(made)
    made.run(1)
    assert not is_closed(made)


def test_each_outlet_waits_for_its_own_draw() -> None:
    made = bench(graceful=GRACEFUL)
    made.submit(SwitchAll(Action.OFF))
    for _ in range(14):
        made.read(outlet(1), active_power_w=1.0)
        made.read(outlet(2), active_power_w=90.0)
        made.run(0.5)
    assert (is_closed(made, 1), is_closed(made, 2)) == (False, True)


def restarted(made: Workbench, seconds: float = 0.1) -> Workbench:
    record = made.saved[-1].record
    after = Workbench(
        hooks=HOOKS,
        outlets=2,
        record=record,
        board=made.board,
        clock=made.clock,
        before_off=made.settings.outlets[0].before_off,
        graceful=made.settings.outlets[0].graceful,
    )
    after.run(seconds)
    return after


def test_a_hook_that_a_crash_cut_short_counts_as_failed() -> None:
    made = bench(before_off="bye", graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    made.run(0.01)
    after = restarted(made)
    assert runs(after) == []
    assert after.state(1) is OutletState.ON
    assert "restarted" in after.alarms("shutdown")[0].text
    draws(after, 0.0, 20)
    assert is_closed(after)


def test_the_wait_for_idle_goes_on_after_a_crash() -> None:
    made = bench(before_off="bye", graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    made.run(0.01)
    ends(made)
    draws(made, 1.0, 4.0)
    after = restarted(made)
    assert after.state(1) is OutletState.OFF_PENDING
    draws(after, 1.0, 4.0)
    assert is_closed(after)
    draws(after, 1.0, 2.0)
    assert not is_closed(after)


@pytest.mark.parametrize(
    "stops",
    [
        {7: StopRecord("off", "hook", 0.0, ("cli", "root", ""))},
        {1: StopRecord("explode", "hook", 0.0, ("cli", "root", ""))},
        {1: StopRecord("off", "later", 0.0, ())},
    ],
)
def test_a_row_of_another_unit_or_version_is_forgotten(stops: dict[int, StopRecord]) -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    made.saved[-1] = replace(made.saved[-1], record=replace(made.saved[-1].record, stops=stops))
    after = restarted(made)
    after.run(5)
    # The order itself was accepted: it is prepared anew.
    assert is_closed(after)
    assert [run.hook for run in runs(after)] == ["bye"]


def test_what_waits_survives_as_json() -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    record = made.saved[-1].record
    assert from_plain(json.loads(json.dumps(to_plain(record)))).stops == record.stops


def test_a_lock_while_it_shuts_down_is_refused() -> None:
    made = bench(graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    for lock in (Lock.LOCKED_ON, Lock.LOCKED_OFF):
        with pytest.raises(CommandError):
            made.submit(SetLock(1, lock))


def test_a_hold_set_meanwhile_keeps_it_on() -> None:
    made = bench(before_off="bye")
    night = Actor("schedule", "night", "", "22:00")
    made.core.submit_all([SwitchOutlet(1, Action.OFF)], night)
    made.run(0.01)
    hold = Hold("rule hot", Rank.RULE, True, "33 C", 0.0)
    made.core.submit_all([HoldOutlet(1, hold)], Actor("rule", "hot"))
    ends(made)
    made.run(1)
    assert is_closed(made)
    assert made.state(1) is OutletState.ON
    assert "kept on by rule hot" in made.alarms("shutdown")[0].text


def test_a_load_that_hangs_on_an_outlet_that_safety_keeps_off_is_cut() -> None:
    made = bench(graceful=GRACEFUL)
    hold = Hold("cap 1", Rank.SAFETY, False, "shed at 517 W", 0.0)
    made.core.submit_all([HoldOutlet(1, hold)], SAFETY)
    made.switch(1, Action.OFF)
    draws(made, 41.0, 130)
    assert not is_closed(made)
    row = made.outlet(1)
    assert (row.state, row.pending, row.stopping) == (OutletState.OFF, None, "")
    (alarm,) = made.alarms("shutdown")
    assert alarm.text == (
        "cut by force: its load did not end, and outlet 1 is kept off by cap 1: shed at 517 W"
    )


def test_a_board_that_is_lost_on_the_way_leaves_it_on_and_says_so() -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    made.core.on_bank_lost(BankLost("main", "no answer"))
    ends(made)
    made.run(200)
    assert "no answer" in made.alarms("shutdown")[0].text
    assert is_closed(made)
    made.core.on_bank(made.board.state())
    made.run(700)
    assert made.state(1) is OutletState.ON
    assert is_closed(made)


def test_a_board_that_is_back_in_time_is_cut() -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    made.core.on_bank_lost(BankLost("main", "no answer"))
    made.core.on_bank(made.board.state())
    ends(made)
    made.run(30)
    assert not is_closed(made)


def test_an_alarm_that_somebody_has_seen_goes() -> None:
    made = bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    ends(made, "exit status 1")
    made.run(1)
    made.submit(AcknowledgeAlarm(made.alarms("shutdown")[0].id, True))
    made.run(2)
    assert made.alarms("shutdown") == []


def test_only_hooks_that_are_configured_can_be_chosen() -> None:
    made = bench()
    with pytest.raises(InvalidValue, match="no hook is called '/bin/sh'; there are: bye, maybe"):
        made.submit(ConfigureOutlet(1, OutletSetting.BEFORE_OFF, "/bin/sh"))
    made.submit(ConfigureOutlet(1, OutletSetting.BEFORE_OFF, "bye"))
    made.switch(1, Action.OFF)
    made.run(0.01)
    assert runs(made)[0].hook == "bye"


def test_an_outlet_without_power_has_nothing_to_shut_down() -> None:
    made = bench(before_off="bye", graceful=GRACEFUL, relays=[False, False])
    made.switch(1, Action.OFF)
    made.run(1)
    assert runs(made) == []
    assert made.state(1) is OutletState.OFF


def test_a_power_loss_ends_it() -> None:
    made = bench(before_on="bye", relays=[False, False])
    made.switch(1, Action.ON)
    made.run(0.01)
    made.board.cold = True
    made.core.on_bank(made.board.state())
    made.settle()
    made.run(2)
    assert made.state(1) is OutletState.ON  # as its policy says, without a hook


@pytest.mark.parametrize(
    "settings",
    [{}, {"idle_below_w": 5.0, "idle_below_a": 0.1}, {"idle_below_w": 5.0, "idle_for_s": 120.0}],
)
def test_a_level_is_needed_and_the_times_must_fit(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        GracefulSettings(**settings)  # type: ignore[arg-type]


def test_the_longest_wait_is_told_at_once() -> None:
    """A command that waits takes its patience from the first answer."""
    made = bench(before_off="bye", graceful=GRACEFUL)
    made.core.submit_all([SwitchOutlet(1, Action.OFF)], OPS)
    assert made.outlet(1).pending_s == pytest.approx(150)


def test_a_meter_without_power_is_never_idle_and_keeps_nobody_busy() -> None:
    made = bench(graceful=GRACEFUL)
    made.switch(1, Action.OFF)
    made.run(0.1)
    made.read(outlet(1), current_a=0.0)
    made.core.tick()
    made.core.tick()
    assert made.core.next_deadline_s() > made.clock.monotonic_s()
    for _ in range(250):
        made.read(outlet(1), current_a=0.0)
        made.run(0.5)
    assert is_closed(made)
    assert made.alarms("shutdown")


def test_a_level_in_amperes() -> None:
    made = bench(graceful=GracefulSettings(idle_below_a=0.1, idle_for_s=1.0))
    made.switch(1, Action.OFF)
    for current_a in (0.3, 0.3, 0.05, 0.05):
        made.read(outlet(1), current_a=current_a)
        made.run(0.5)
        assert is_closed(made)
    assert "0.05 A, waits for under 0.1 A for 1 s" in made.outlet(1).stopping
    made.read(outlet(1), current_a=0.05)
    made.run(0.1)
    assert not is_closed(made)


def test_a_group_that_is_rebooted_waits_for_its_slowest_and_none_goes_on_before() -> None:
    groups = (GroupSettings(1, "pair", (1, 2)),)
    made = bench(graceful=GRACEFUL, before_on="bye", groups=groups)
    made.submit(SwitchGroup(1, Action.REBOOT))
    for _ in range(60):
        made.read(outlet(1), active_power_w=1.0)
        made.read(outlet(2), active_power_w=90.0)
        made.run(0.5)
    assert (is_closed(made, 1), is_closed(made, 2)) == (False, True)
    assert runs(made) == []  # outlet 1 is not prepared to go on yet
    draws(made, 1.0, 7.0, number=2)
    assert not any(made.board.relays)
    made.run(6)
    for run in runs(made):
        made.core.on_hook(HookResult(run.id, run.hook, "", 1.0))
    made.run(2)
    assert all(made.board.relays)
    order = [(relay, closed) for _, relay, closed in made.board.moves]
    assert [closed for _, closed in order] == [False, False, True, True]


@given(
    st.lists(
        st.sampled_from(
            [
                Action.OFF,
                Action.ON,
                Action.REBOOT,
                Action.CANCEL,
                Action.TOGGLE,
                "low",
                "high",
                "ends",
                "fails",
                "wait",
            ]
        ),
        max_size=25,
    )
)
def test_a_load_that_never_was_idle_is_never_cut(steps: list[Action | str]) -> None:
    made = bench(before_off="bye", graceful=GRACEFUL)
    low_s = None
    for step in steps:
        closed = is_closed(made)
        if isinstance(step, Action):
            made.switch(1, step)
            made.run(0.1)
        elif step in ("ends", "fails"):
            if runs(made):
                ends(made, "" if step == "ends" else "exit status 1")
        elif step == "wait":
            made.run(3)
            low_s = None
        else:
            for _ in range(8):
                made.read(outlet(1), active_power_w=1.0 if step == "low" else 90.0)
                if step == "low" and low_s is None:
                    low_s = made.clock.monotonic_s()
                made.run(0.5)
            low_s = low_s if step == "low" else None
        if closed and not is_closed(made):
            assert low_s is not None
            assert made.clock.monotonic_s() - low_s >= GRACEFUL.idle_for_s
    assert made.core.next_deadline_s() > made.clock.monotonic_s() - 1e-6
