# SPDX-License-Identifier: Apache-2.0
"""The virtual UPS of one outlet, on the real core: when its server is told to shut down."""

from __future__ import annotations

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.core.shutdown.settings import GracefulSettings, HookTerms
from pdu_agent.model.commands import Action, Actor, SwitchOutlet, Target, TargetKind
from pdu_agent.model.errors import CommandError
from pdu_agent.model.readings import BankLost, HookResult, RunHook
from pdu_agent.model.ups import Ups, UpsFlag
from pdu_agent.nut.outlet_ups import OutletUps
from tests.core.bench import OPS, Workbench

HOOKS = (HookTerms("tell", 30.0),)
GRACEFUL = GracefulSettings(idle_below_w=5.0, idle_for_s=2.0, time_limit_s=60.0)
READ = Grant.everywhere(Rights.READ)
ON_BATTERY = frozenset({UpsFlag.ON_BATTERY, UpsFlag.DISCHARGING})


def bench(**settings: object) -> Workbench:
    made = Workbench(
        hooks=HOOKS,
        outlets=3,
        before_off="tell",
        graceful=GRACEFUL,
        **settings,  # type: ignore[arg-type]
    )
    made.run(0.1)
    return made


def device(made: Workbench, outlet: int = 2, grant: Grant = READ) -> OutletUps:
    return OutletUps(made.core, outlet, "openpdu", grant)


def status(made: Workbench, outlet: int = 2) -> str | None:
    variables = device(made, outlet).variables()
    return None if variables is None else variables["ups.status"].value


def ends(made: Workbench, error: str = "") -> None:
    run = [effect for effect in made.hooks if isinstance(effect, RunHook)][-1]
    made.core.on_hook(HookResult(run.id, run.hook, error, 1.0))
    made.run(0.01)


def draws(made: Workbench, watts: float, seconds: float) -> None:
    for _ in range(round(seconds * 2)):
        made.read(Target(TargetKind.OUTLET, 2), active_power_w=watts)
        made.run(0.5)


def ups(
    *flags: UpsFlag,
    name: str = "rack",
    inlets: tuple[int, ...] = (1,),
    charge_pct: float | None = None,
    runtime_s: float | None = None,
    low_charge_pct: float | None = None,
    unreachable_since_s: float | None = None,
) -> Ups:
    return Ups(
        index=1,
        name=name,
        manufacturer="",
        model="",
        firmware="",
        flags=frozenset(flags),
        since_s={},
        unreachable_since_s=unreachable_since_s,
        on_battery_s=0.0,
        inlets=inlets,
        charge_pct=charge_pct,
        runtime_s=runtime_s,
        low_charge_pct=low_charge_pct,
    )


def test_from_its_hook_s_start_until_the_relay_is_open_the_server_is_told() -> None:
    made = bench()
    assert status(made) == "OL"
    made.switch(2, Action.OFF)
    made.run(0.01)
    assert status(made) == "FSD OB LB"
    ends(made)
    draws(made, 40.0, 5)
    assert status(made) == "FSD OB LB"
    draws(made, 1.0, 4)
    assert not made.board.relays[1]
    assert status(made) == "FSD OFF"
    made.switch(2, Action.ON)
    assert status(made) == "OL"


def test_the_server_of_another_outlet_is_not_told() -> None:
    made = bench()
    made.switch(2, Action.OFF)
    made.run(0.01)
    assert (status(made, 1), status(made, 3)) == ("OL", "OL")


def test_nothing_is_told_while_a_delay_still_runs() -> None:
    made = bench(off_delay_s=20)
    made.switch(2, Action.OFF_DELAYED)
    made.run(19)
    assert status(made) == "OL"
    made.run(2)
    assert status(made) == "FSD OB LB"


@pytest.mark.parametrize("action", [Action.CANCEL, Action.ON])
def test_a_stop_that_is_taken_back_is_told_no_more(action: Action) -> None:
    made = bench()
    made.switch(2, Action.OFF)
    made.run(0.01)
    made.switch(2, action)
    made.run(0.01)
    assert status(made) == "OL"


def test_a_server_that_hangs_is_told_no_more_once_its_time_is_over() -> None:
    made = bench()
    made.switch(2, Action.OFF)
    made.run(0.01)
    ends(made)
    draws(made, 40.0, 61)
    assert made.board.relays[1]
    assert status(made) == "OL"


def test_a_hook_that_fails_leaves_the_server_alone() -> None:
    made = bench()
    made.switch(2, Action.OFF)
    made.run(0.01)
    ends(made, "no upsd reads it")
    assert status(made) == "OL"


def test_a_reboot_tells_the_server_and_is_over_when_it_is_on_again() -> None:
    made = bench()
    made.switch(2, Action.REBOOT)
    made.run(0.01)
    assert status(made) == "FSD OB LB"
    ends(made)
    draws(made, 0.0, 3.5)
    assert status(made) == "FSD OFF"
    made.run(6)
    assert status(made) == "OL"


def test_after_a_restart_while_its_draw_is_watched_the_server_is_told_again() -> None:
    made = bench()
    made.switch(2, Action.OFF)
    made.run(0.01)
    ends(made)
    draws(made, 40.0, 2)
    again = bench(
        record=made.core.final_record(), board=made.board, clock=made.clock, boot_id="boot-1"
    )
    assert status(again) == "FSD OB LB"
    assert not [effect for effect in again.hooks if isinstance(effect, RunHook)]


def test_a_cut_for_safety_is_told_although_no_hook_runs() -> None:
    made = bench()
    made.core.submit_all([SwitchOutlet(2, Action.OFF)], Actor("safety", "trip"))
    assert status(made) == "FSD OB LB"
    made.settle()
    assert status(made) == "FSD OFF"


def test_nothing_is_said_while_nobody_knows_where_the_relay_is() -> None:
    made = bench()
    made.core.on_bank_lost(BankLost("main", "it does not answer"))
    made.run(0.1)
    assert device(made).variables() is None


def test_a_board_that_is_lost_during_the_stop_does_not_take_the_word_back() -> None:
    made = bench()
    made.switch(2, Action.OFF)
    made.run(0.01)
    made.core.on_bank_lost(BankLost("main", "it does not answer"))
    made.run(0.1)
    assert status(made) == "FSD OB LB"


@pytest.mark.parametrize(
    ("upses", "expected"),
    [
        ((ups(UpsFlag.ON_LINE),), "OL"),
        ((ups(*ON_BATTERY),), "OB"),
        ((ups(*ON_BATTERY, UpsFlag.LOW_BATTERY),), "OB"),
        ((ups(*ON_BATTERY, UpsFlag.CALIBRATING),), "OL"),
        ((ups(*ON_BATTERY, inlets=(2,)),), "OL"),
        ((ups(*ON_BATTERY, inlets=()),), "OL"),
        ((ups(*ON_BATTERY), ups(UpsFlag.ON_LINE, name="spare")), "OL"),
        ((ups(*ON_BATTERY, unreachable_since_s=1.0),), "OB"),
        ((ups(UpsFlag.ON_LINE, unreachable_since_s=1.0),), "OL"),
    ],
)
def test_battery_is_told_and_never_that_it_is_low(upses: tuple[Ups, ...], expected: str) -> None:
    made = bench()
    made.core.on_upses(upses)
    assert status(made) == expected


def test_a_server_may_decide_itself_by_what_the_ups_tells() -> None:
    made = bench()
    made.core.on_upses((ups(*ON_BATTERY, charge_pct=41.7, runtime_s=612.4, low_charge_pct=20.0),))
    draws(made, 42.0, 0.5)
    variables = device(made).variables()
    assert variables is not None
    told = {name: variable.value for name, variable in variables.items()}
    assert told["battery.charge"] == "42"
    assert told["battery.runtime"] == "612"
    assert told["battery.charge.low"] == "20"
    assert told["outlet.realpower"] == "42.0"
    assert told["outlet.status"] == "on"
    made.core.on_upses((ups(*ON_BATTERY, charge_pct=41.7, unreachable_since_s=1.0),))
    assert not any(name.startswith("battery.") for name in device(made).variables() or ())


def test_without_the_right_to_read_only_the_status_is_told() -> None:
    made = bench()
    told = device(made, grant=Grant(Rights.READ, Rights.NONE)).variables()
    assert told is not None
    assert told["ups.status"].value == "OL"
    assert not any(name.startswith(("outlet.", "battery.", "device.model")) for name in told)


def test_nothing_can_be_ordered_or_written() -> None:
    made = bench()
    assert device(made).commands() == ()
    assert not any(variable.writable for variable in (device(made).variables() or {}).values())
    with pytest.raises(CommandError, match=r"no instant commands: .load\.off 10."):
        device(made).instruct("load.off", "10")
    with pytest.raises(CommandError, match="nothing of outlet2 can be written"):
        device(made).write("ups.status", "OL")
    assert made.core.snapshot.outlets[1].last_actor != OPS


def test_an_outlet_that_is_not_there_has_nothing_to_tell() -> None:
    assert device(bench(), outlet=9).variables() is None
