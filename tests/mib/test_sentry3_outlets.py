# SPDX-License-Identifier: Apache-2.0
"""outletStatus and outletControlState of Sentry3-MIB for every state that an outlet can be in."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from pdu_agent.mib_impl.sentry3.outlet_states import control_state
from pdu_agent.mib_impl.sentry3.words import (
    CONTROL_STATE,
    LINE_STATUS,
    LOAD_STATUS,
    OUTLET_CAPABILITIES,
)
from pdu_agent.mib_impl.syntax import Tag, Value
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import Action, Lock
from pdu_agent.model.snapshot import (
    ChangeReason,
    MeterStatus,
    OutletHooks,
    OutletState,
    ThresholdState,
)
from tests.mib.sentry3_unit import Sentry3Bench, strip
from tests.mib.unit import METER, with_outlet

STATUS = "2.3.1.5.1.1.1"
CONTROL = "2.3.1.10.1.1.1"
CAPABILITIES = "2.3.1.4.1.1.1"

ON, OFF = OutletState.ON, OutletState.OFF
ON_PENDING, OFF_PENDING = OutletState.ON_PENDING, OutletState.OFF_PENDING
REBOOTING, FAULT, UNKNOWN = OutletState.REBOOTING, OutletState.FAULT, OutletState.UNKNOWN

MOVING = (ON_PENDING, OFF_PENDING, REBOOTING)

# state, pending, what the relay was read back as -> both columns, after a command
COMMANDED = [
    (ON, None, True, "on", "on"),
    (OFF, None, False, "off", "off"),
    (ON_PENDING, Action.ON, False, "onWait", "pendOn"),
    (ON_PENDING, Action.ON, None, "onWait", "pendOn"),
    (ON_PENDING, Action.ON_DELAYED, False, "onWait", "pendOn"),
    (OFF_PENDING, Action.OFF, True, "offWait", "pendOff"),
    (OFF_PENDING, Action.OFF, None, "offWait", "pendOff"),
    (OFF_PENDING, Action.OFF_DELAYED, True, "offWait", "pendOff"),
    (OFF_PENDING, Action.REBOOT_DELAYED, True, "offWait", "pendOff"),
    (REBOOTING, Action.REBOOT, True, "offWait", "reboot"),
    (REBOOTING, Action.REBOOT, None, "offWait", "reboot"),
    (REBOOTING, Action.REBOOT, False, "offWait", "reboot"),
    (FAULT, None, True, "onError", "on"),
    (FAULT, None, False, "offError", "off"),
    (FAULT, None, None, "noComm", None),
    (UNKNOWN, None, None, "noComm", None),
]

REASONS = [
    (ChangeReason.UNKNOWN, "idleOn", "idleOff"),
    (ChangeReason.POWER_UP, "wakeOn", "wakeOff"),
    (ChangeReason.SNMP, "on", "off"),
    (ChangeReason.WEB, "on", "off"),
    (ChangeReason.SCHEDULE, "on", "off"),
    (ChangeReason.LOAD_SHEDDING, "eventOn", "eventOff"),
    (ChangeReason.THRESHOLD, "eventOn", "eventOff"),
    (ChangeReason.NUT, "on", "off"),
    (ChangeReason.LOCAL, "on", "off"),
    (ChangeReason.OTHER, "on", "off"),
    (ChangeReason.RULE, "eventOn", "eventOff"),
    (ChangeReason.OVERCURRENT, "eventOn", "eventOff"),
    (ChangeReason.OUTAGE, "eventOn", "eventOff"),
]


def shown(**changes: object) -> tuple[str, str | None]:
    """The labels of both columns for outlet 1 with these changes."""
    bench = Sentry3Bench(with_outlet(strip(), 1, **changes))
    control = bench.get(CONTROL)
    return (
        _label(LINE_STATUS.labels, bench.content(STATUS)),
        None
        if control is NO_SUCH_INSTANCE
        else _label(CONTROL_STATE.labels, bench.content(CONTROL)),
    )


def _label(labels: dict[str, int], number: object) -> str:
    return next(label for label, each in labels.items() if each == number)


@pytest.mark.parametrize("lock", Lock)
@pytest.mark.parametrize(("state", "pending", "closed", "status", "control"), COMMANDED)
def test_an_outlet_that_was_commanded(
    state: OutletState,
    pending: Action | None,
    closed: bool | None,
    status: str,
    control: str | None,
    lock: Lock,
) -> None:
    if lock is not Lock.UNLOCKED and state in (ON, OFF):
        control = "lockedOn" if state is ON else "lockedOff"
    found = shown(
        state=state,
        pending=pending,
        relay_closed=closed,
        lock=lock,
        last_reason=ChangeReason.SNMP,
    )
    assert found == (status, control)


@pytest.mark.parametrize(("reason", "on", "off"), REASONS)
def test_an_outlet_at_rest_tells_who_wanted_it_so(reason: ChangeReason, on: str, off: str) -> None:
    assert shown(state=ON, relay_closed=True, last_reason=reason) == ("on", on)
    assert shown(state=OFF, relay_closed=False, last_reason=reason) == ("off", off)


@pytest.mark.parametrize("state", [OFF_PENDING, REBOOTING])
@pytest.mark.parametrize(
    ("reason", "control"),
    [(ChangeReason.SNMP, "shutdown"), (ChangeReason.LOAD_SHEDDING, "eventShutdown")],
)
def test_an_outlet_that_is_being_shut_down(
    state: OutletState, reason: ChangeReason, control: str
) -> None:
    found = shown(state=state, relay_closed=True, last_reason=reason, stopping="hook tidy")
    assert found[1] == control


@pytest.mark.parametrize(("state", "control"), [(ON_PENDING, "pendOn"), (REBOOTING, "reboot")])
def test_an_outlet_whose_hook_runs_before_it_goes_on_is_not_shut_down(
    state: OutletState, control: str
) -> None:
    found = shown(state=state, relay_closed=False, last_reason=ChangeReason.SNMP, stopping="wake")
    assert found[1] == control


def test_only_what_is_told_before_it_goes_off_can_be_shut_down() -> None:
    told = Sentry3Bench(with_outlet(strip(), 1, hooks=OutletHooks(before_off="tidy")))
    able, without = (
        OUTLET_CAPABILITIES.decode(Value(Tag.OCTET_STRING, bench.content(CAPABILITIES)))
        for bench in (told, Sentry3Bench(strip()))
    )
    assert able - without == {"shutdown"}


def test_every_reason_is_judged() -> None:
    assert {reason for reason, _, _ in REASONS} == set(ChangeReason)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (ChangeReason.LOAD_SHEDDING, "eventReboot"),
        (ChangeReason.THRESHOLD, "eventReboot"),
        (ChangeReason.POWER_UP, "reboot"),
    ],
)
def test_a_reboot_by_an_event_is_told_apart(reason: ChangeReason, expected: str) -> None:
    found = shown(state=REBOOTING, pending=Action.REBOOT, last_reason=reason)
    assert found == ("offWait", expected)


def test_waking_up_is_pending_until_the_relay_has_closed() -> None:
    found = shown(
        state=ON_PENDING,
        pending=Action.ON_DELAYED,
        relay_closed=False,
        last_reason=ChangeReason.POWER_UP,
    )
    assert found == ("onWait", "pendOn")


def test_an_outlet_without_a_relay_is_on_and_idle() -> None:
    bench = Sentry3Bench(with_outlet(strip(), 2, last_reason=ChangeReason.UNKNOWN))
    assert (bench.content("2.3.1.5.1.1.2"), bench.content("2.3.1.10.1.1.2")) == (1, 1)
    assert bench.content("2.3.1.4.1.1.2") == bytes.fromhex("4180")


def test_both_columns_agree_with_every_other_view_in_every_combination() -> None:
    on_labels = {"on", "idleOn", "wakeOn", "lockedOn", "eventOn"}
    off_labels = {"off", "idleOff", "wakeOff", "lockedOff", "eventOff", "reboot", "eventReboot"}
    outlet = strip().outlets[0]
    for state, pending, closed, lock, reason in product(
        OutletState, (None, *Action), (True, False, None), Lock, ChangeReason
    ):
        row = replace(
            outlet,
            state=state,
            pending=pending,
            relay_closed=closed,
            lock=lock,
            last_reason=reason,
        )
        if (state in MOVING) is (pending is None):
            continue  # what rests has nothing pending, and what moves has
        control = control_state(row)
        if control in on_labels:
            assert row.is_on is True
        elif control in off_labels and state is not REBOOTING:
            assert row.is_on is False
        elif control is None:
            assert row.is_on is None


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ThresholdState.NORMAL, "notOn"),
        (ThresholdState.LOW_WARNING, "notOn"),
        (ThresholdState.HIGH_WARNING, "loadHigh"),
        (ThresholdState.HIGH_CRITICAL, "overLoad"),
    ],
)
def test_what_is_off_is_not_short_of_load_but_can_carry_too_much(
    state: ThresholdState, expected: str
) -> None:
    at = with_outlet(strip(), 1, state=OFF, relay_closed=False)
    passed = tuple(replace(row, state=state) for row in at.thresholds)
    bench = Sentry3Bench(replace(at, thresholds=passed))
    assert bench.content("2.3.1.6.1.1.1") == LOAD_STATUS.labels[expected]


def test_the_load_status_of_an_outlet_whose_meter_is_silent_says_so_even_when_it_is_off() -> None:
    silent = replace(METER, status=MeterStatus.STALE)
    at = with_outlet(strip(), 1, state=OFF, relay_closed=False, meter=silent)
    assert Sentry3Bench(at).content("2.3.1.6.1.1.1") == 7
