# SPDX-License-Identifier: Apache-2.0
"""Rows are kept from one snapshot to the next, and nobody ever sees one that is out of date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.metered.tariffs import TariffSettings
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.rules.settings import ActionSettings, RuleSettings, TriggerSettings
from pdu_agent.core.shutdown.settings import GracefulSettings, HookTerms
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureOutlet,
    EnablePlan,
    Hold,
    HoldOutlet,
    Lock,
    OutletSetting,
    Quantity,
    Rank,
    ReleaseOutlet,
    Reset,
    ResetMeter,
    ResetTrip,
    ResetWear,
    SetCountdown,
    SetLock,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import CommandError
from pdu_agent.model.readings import BankLost, HookResult, InrushSeen, RunHook
from pdu_agent.model.snapshot import Outlet, Snapshot
from tests.core.bench import OPS, Workbench
from tests.core.test_plans import daily

OUTLETS = 3
NUMBERS = st.integers(1, OUTLETS)
HOT = RuleSettings(
    "hot",
    TriggerSettings(target=Target(TargetKind.OUTLET, 2), quantity=Quantity.CURRENT, above=3.0),
    (ActionSettings(switch="off", outlets=(3,)),),
    for_s=5.0,
)
Event = Callable[[Workbench], object]


def unit() -> Workbench:
    """Whatever can be told of an outlet is told of some."""
    made = Workbench(
        outlets=OUTLETS,
        plans=(daily("22:00", outlets=(1, 2)),),
        rules=(HOT,),
        caps=(CapSettings(1, limit_w=2000.0, restore_after_s=5.0),),
        hooks=(HookTerms("bye", 30.0),),
        tariffs=(TariffSettings("day"),),
        before_off="bye",
        graceful=GracefulSettings(idle_below_w=5.0, idle_for_s=2.0, time_limit_s=60.0),
        trip_above_a=10.0,
        trip_retry_after_s=5.0,
        relay_cycles=1000,
    )
    made.run(0.1)
    return made


def target(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def asked(command: Command) -> Event:
    def ask(made: Workbench) -> None:
        with suppress(CommandError):
            made.submit(command)

    return ask


def end_hooks(made: Workbench) -> None:
    for hook in made.hooks:
        if isinstance(hook, RunHook):
            made.core.on_hook(HookResult(hook.id, hook.hook, "", 1.0))
    made.hooks.clear()


def draw(number: int, current_a: float) -> Event:
    def read(made: Workbench) -> None:
        watts = 230 * current_a
        made.read(target(number), 1000.0, current_a=current_a, active_power_w=watts)
        made.read(energy_mj=1000.0, current_a=current_a, active_power_w=watts)

    return read


def board(answers: bool) -> Event:
    def change(made: Workbench) -> None:
        made.board.answers = answers
        made.core.on_bank(made.board.state()) if answers else made.core.on_bank_lost(
            BankLost("main", "unplugged")
        )
        made.settle()

    return change


def store(fails: bool) -> Event:
    return lambda made: setattr(made, "save_fails", fails)


def reloaded(number: int, **changes: object) -> Event:
    def renew(made: Workbench) -> None:
        outlets = tuple(
            replace(each, **changes) if each.number == number else each  # type: ignore[arg-type]
            for each in made.settings.outlets
        )
        made.core.renew(replace(made.settings, outlets=outlets), OPS)

    return renew


def hold(number: int, wants_on: bool) -> Command:
    return HoldOutlet(number, Hold("test", Rank.SAFETY, wants_on, "by a test", 0.0))


COMMANDS = st.one_of(
    st.builds(SwitchOutlet, NUMBERS, st.sampled_from(Action), st.sampled_from([None, 1.0, 30.0])),
    st.builds(SetLock, NUMBERS, st.sampled_from(Lock)),
    st.builds(
        ConfigureOutlet, NUMBERS, st.just(OutletSetting.NAME), st.sampled_from(["", "router"])
    ),
    st.builds(ConfigureOutlet, NUMBERS, st.just(OutletSetting.PRIORITY), st.integers(1, 9)),
    st.builds(ResetMeter, NUMBERS.map(target), st.sampled_from(Reset)),
    st.builds(SetCountdown, NUMBERS, st.just(Action.OFF), st.sampled_from([None, 3.0, 90.0])),
    st.builds(hold, NUMBERS, st.booleans()),
    st.builds(ReleaseOutlet, NUMBERS, st.just("test")),
    st.builds(ResetTrip, NUMBERS),
    st.builds(ResetWear, NUMBERS),
    st.builds(EnablePlan, st.just("night"), st.booleans()),
)
EVENTS = st.one_of(
    COMMANDS.map(asked),
    st.builds(draw, NUMBERS, st.sampled_from([0.0, 1.0, 4.0, 12.0])),
    st.sampled_from([0.05, 0.3, 1.0, 7.0, 70.0]).map(lambda s: lambda made: made.run(s)),
    st.just(end_hooks),
    st.booleans().map(board),
    st.booleans().map(store),
    st.builds(reloaded, NUMBERS, name=st.sampled_from(["", "switch"])),
    st.builds(reloaded, NUMBERS, after_on=st.just("bye"), rated_current_a=st.just(8.0)),
    NUMBERS.map(lambda n: lambda made: made.core.on_inrush(InrushSeen(n, 9.0, 0.1, 1.0))),
)


def go_through(made: Workbench, event: Event) -> None:
    event(made)
    made.core.tick()
    made.clock.advance(0.25)  # a snapshot that is older is made anew


def seen(made: Workbench) -> Snapshot:
    """But for its number."""
    return replace(made.core.snapshot, seq=0)


@given(st.lists(EVENTS, max_size=25))
def test_who_has_looked_often_sees_what_somebody_sees_who_never_looked(
    events: Sequence[Event],
) -> None:
    often, once = unit(), unit()
    for event in events:
        go_through(often, event)
        assert often.core.snapshot.outlets
        go_through(once, event)
    often.clock.advance(0.25)
    once.clock.advance(0.25)
    assert seen(often) == seen(once)


def rows(made: Workbench) -> tuple[Outlet, ...]:
    """Those of a new snapshot, half a second later."""
    made.clock.advance(0.5)
    return made.core.snapshot.outlets


def test_a_row_is_kept_until_something_of_it_changes() -> None:
    made = Workbench(outlets=OUTLETS)
    before = rows(made)
    assert all(new is old for new, old in zip(rows(made), before, strict=True))
    made.read(target(2), active_power_w=100.0)
    after = rows(made)
    assert [new is old for new, old in zip(after, before, strict=True)] == [True, False, True]
    assert after[1].meter is not None
    assert after[1].meter.electrical.active_power_w == 100.0


def test_a_row_that_counts_down_is_never_kept() -> None:
    made = Workbench(outlets=1)
    made.switch(1, Action.OFF_DELAYED, 30.0)
    (first,), (second,) = rows(made), rows(made)
    assert (first.pending_s, second.pending_s) == (29.5, 29.0)
