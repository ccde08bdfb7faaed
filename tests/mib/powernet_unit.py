# SPDX-License-Identifier: Apache-2.0
"""A unit made by hand for the tests of PowerNet-MIB: eight outlets in every kind of state, two
inlets, a branch that is measured and one that is not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from pdu_agent.mib_impl.syntax import Value
from pdu_agent.model.commands import (
    Action,
    Command,
    ConfigureOutlet,
    Limit,
    Lock,
    OutletSetting,
    OverloadRestriction,
    PowerUp,
    Quantity,
    Target,
    TargetKind,
)
from pdu_agent.model.snapshot import (
    Branch,
    Outlet,
    OutletState,
    Snapshot,
    Threshold,
    ThresholdState,
)
from tests.mib.unit import METER, Bench, octets, unit

POWERNET = ".1.3.6.1.4.1.318"
GREATEST = 2**31 - 1
"""What a high limit that is not watched reads as."""

LOW, NEAR, OVER = Limit.LOW_WARNING, Limit.HIGH_WARNING, Limit.HIGH_CRITICAL


def watch(
    kind: TargetKind,
    index: int,
    state: ThresholdState = ThresholdState.NORMAL,
    quantity: Quantity = Quantity.CURRENT,
    **limits: float,
) -> Threshold:
    """A threshold that watches exactly the given limits."""
    enabled = frozenset(Limit[name.upper()] for name in limits)
    values = {limit.name.lower(): 0.0 for limit in Limit} | limits
    return Threshold(
        Target(kind, index),
        quantity,
        **values,
        hysteresis=0.5,
        delay_s=0.0,
        enabled=enabled,
        state=state,
        value=1.25,
    )


THRESHOLDS = (
    watch(
        TargetKind.INLET,
        1,
        ThresholdState.HIGH_WARNING,
        low_warning=0.4,
        high_warning=12.5,
        high_critical=16.0,
    ),
    watch(TargetKind.INLET, 2, ThresholdState.LOW_CRITICAL, low_critical=0.1, low_warning=1.0),
    watch(TargetKind.BRANCH, 1, ThresholdState.HIGH_CRITICAL, high_critical=10.0),
    *(watch(TargetKind.OUTLET, number) for number in (1, 2, 3, 4, 6, 7)),
    watch(TargetKind.OUTLET, 5, ThresholdState.UNKNOWN, high_warning=8.0),
)


def _outlets(made: Snapshot) -> tuple[Outlet, ...]:
    first, second, third, fourth, fifth, sixth, seventh, eighth = made.outlets
    off, unknown = OutletState.OFF, OutletState.UNKNOWN
    return (
        replace(first, branch=1, on_delay_s=20, off_delay_s=7200, reboot_s=10),
        replace(second, state=off, relay_closed=False, power_up=PowerUp.OFF, on_delay_s=30),
        replace(
            third,
            state=OutletState.ON_PENDING,
            pending=Action.ON_DELAYED,
            pending_s=12.0,
            relay_closed=False,
        ),
        replace(
            fourth, state=OutletState.REBOOTING, pending=Action.REBOOT, pending_s=3.0, reboot_s=1
        ),
        replace(fifth, lock=Lock.LOCKED_ON, name="a name of more than 20 characters"),
        replace(sixth, state=unknown, relay_closed=None),
        replace(seventh, switched=False, relay_closed=None, line="l3l1"),
        replace(eighth, inlet=2, branch=2, meter=None, reboot_s=90),
    )


def powernet_unit() -> Snapshot:
    made = unit(8)
    inlet = made.inlets[0]
    weak = replace(METER.electrical, current_a=0.04, active_power_w=-1.0, apparent_power_va=9.2)
    second = replace(inlet, index=2, name="Inlet 2", meter=replace(METER, electrical=weak))
    return replace(
        made,
        outlets=_outlets(made),
        inlets=(inlet, replace(second, overload_restriction=OverloadRestriction.OVERLOAD)),
        branches=(
            Branch(1, "B1", 1, "l1", 10.0, METER, OverloadRestriction.NEAR_OVERLOAD),
            Branch(2, "B2", 2, "l1", 16.0, None),
        ),
        thresholds=THRESHOLDS,
    )


class PowerNetBench:
    """Objects addressed below 318, as in "1.1.4.1.2.0"."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        made = powernet_unit() if snapshot is None else snapshot
        self.bench = Bench(made, mibs=("powernet",))

    def get(self, suffix: str) -> object:
        return self.bench.get(f"{POWERNET}.{suffix}")

    def content(self, suffix: str) -> object:
        return self.bench.content(f"{POWERNET}.{suffix}")

    def below(self, suffix: str) -> dict[str, object]:
        """All instances in a subtree, by what follows its OID."""
        root = self.bench.oid(f"{POWERNET}.{suffix}")
        return {
            ".".join(map(str, oid[len(root) :])): value.content
            for oid, value in self.bench.walk()
            if oid[: len(root)] == root
        }

    def columns(self, table: str, *numbers: int) -> dict[int, dict[str, object]]:
        """The contents of a table's columns by the index of their rows; of all by default."""
        found: dict[int, dict[str, object]] = defaultdict(dict)
        for name, content in self.below(f"{table}.1").items():
            column, _, index = name.partition(".")
            found[int(column)][index] = content
        return {number: found[number] for number in numbers or found}

    def commands(self, *changes: tuple[str, Value]) -> list[Command]:
        """What a SET asks the core to do."""
        submitted = self.bench.controller.submitted
        before = len(submitted)
        self.bench.set(*((f"{POWERNET}.{suffix}", value) for suffix, value in changes))
        return [command for batch in submitted[before:] for command in batch]


def text(value: str) -> Value:
    return octets(value.encode("ascii"))


def power_on(number: int, seconds: int) -> list[Command]:
    """What a power-on time asks of an outlet whose policy is, and stays, LAST."""
    return [
        ConfigureOutlet(number, OutletSetting.ON_DELAY_S, seconds),
        ConfigureOutlet(number, OutletSetting.POWER_UP, PowerUp.LAST),
    ]
