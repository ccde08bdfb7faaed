# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2: what the tables of phases and those of banks have in common.

A phase is a line or an inlet, see phases.py; a bank is a branch. The settings are there twice:
with limits in whole amperes, and ("Adv") in tenths of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pdu_agent.mib_impl.powernet.limits import limit
from pdu_agent.mib_impl.powernet.phases import Phase
from pdu_agent.mib_impl.powernet.rpdu2_columns import (
    LOAD_STATE,
    NUMBER,
    TENTHS,
    date,
    leading,
    reset,
    unsupported,
)
from pdu_agent.mib_impl.powernet.watched import Watched
from pdu_agent.mib_impl.schema import ObjectType
from pdu_agent.mib_impl.syntax import Enumerated
from pdu_agent.model.commands import (
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureInlet,
    InletSetting,
    Limit,
    OverloadRestriction,
    Reset,
    ResetMeter,
    Target,
    TargetKind,
)
from pdu_agent.model.snapshot import Branch, Meter, Threshold

Circuit = Watched[Phase] | Watched[Branch]

RESTRICTION = Enumerated(
    (1, "alwaysAllowTurnON", OverloadRestriction.NONE),
    (2, "restrictOnNearOverload", OverloadRestriction.NEAR_OVERLOAD),
    (3, "restrictOnOverload", OverloadRestriction.OVERLOAD),
)
_RESTRICTION_NOT_SUPPORTED = 4


def numbered(prefix: str) -> tuple[ObjectType[Any], ...]:
    """The first three columns."""
    return (
        *leading(prefix, _number),
        ObjectType(3, f"{prefix}Number", NUMBER, _number),
    )


def settings(prefix: str, peak_reset: str, *, tenths: bool) -> tuple[ObjectType[Any], ...]:
    """All columns of a table of settings. tenths: limits are in tenths of an ampere."""
    current = partial(
        limit,
        watch=_watch,
        units="tenths of an ampere" if tenths else "amperes",
        syntax=TENTHS if tenths else NUMBER,
        absent=-1,
    )
    return (
        *numbered(prefix),
        ObjectType(
            4,
            f"{prefix}OverloadRestriction",
            RESTRICTION,
            _restriction,
            to_command=_restricts,
            absent=_RESTRICTION_NOT_SUPPORTED,
        ),
        current(5, f"{prefix}LowLoadCurrentThreshold", which=Limit.LOW_WARNING),
        current(6, f"{prefix}NearOverloadCurrentThreshold", which=Limit.HIGH_WARNING),
        current(7, f"{prefix}OverloadCurrentThreshold", which=Limit.HIGH_CRITICAL),
        reset(
            8,
            f"{prefix}{peak_reset}",
            lambda circuit: ResetMeter(_target(circuit), Reset.PEAK_CURRENT),
            lambda circuit: circuit.part.meter is not None,
        ),
    )


def metered(part: Callable[[Meter], float | None]) -> Callable[[Circuit], float | None]:
    """What the meter of a circuit tells; None where there is no meter."""

    def of(circuit: Circuit) -> float | None:
        meter = circuit.part.meter
        return None if meter is None else part(meter)

    return of


def load_and_current(prefix: str) -> tuple[ObjectType[Any], ...]:
    """Columns 4 and 5 of a table of what is measured."""
    return (
        ObjectType(4, f"{prefix}LoadState", LOAD_STATE, lambda circuit: circuit.load),
        ObjectType(
            5,
            f"{prefix}Current",
            TENTHS,
            lambda circuit: circuit.current_a,
            units="tenths of an ampere",
            absent=-1,
        ),
    )


def peak_current(prefix: str, first: int) -> tuple[ObjectType[Any], ...]:
    """Three columns, numbered from `first`."""
    n = first
    return (
        ObjectType(
            n,
            f"{prefix}PeakCurrent",
            TENTHS,
            metered(lambda meter: meter.peak_current_a),
            units="tenths of an ampere",
            absent=-1,
        ),
        date(n + 1, f"{prefix}PeakCurrentTimestamp", metered(lambda m: m.peak_current_wall_s)),
        date(
            n + 2, f"{prefix}PeakCurrentStartTime", metered(lambda m: m.peak_current_since_wall_s)
        ),
    )


def _number(circuit: Circuit) -> int:
    return circuit.part.index


def _watch(circuit: Circuit) -> Threshold | None:
    return circuit.watch


def _target(circuit: Circuit) -> Target:
    if isinstance(circuit.part, Phase):
        return circuit.part.target
    return Target(TargetKind.BRANCH, circuit.part.index)


def _restriction(circuit: Circuit) -> OverloadRestriction | None:
    """Nothing can be restricted by a current that is not measured."""
    return None if circuit.part.meter is None else circuit.part.overload_restriction


def _restricts(circuit: Circuit, restriction: OverloadRestriction) -> Command:
    part = circuit.part
    if part.meter is None:
        raise unsupported("its current is not measured")
    if isinstance(part, Phase):
        return ConfigureInlet(part.inlet.index, InletSetting.OVERLOAD_RESTRICTION, restriction)
    return ConfigureBranch(part.index, BranchSetting.OVERLOAD_RESTRICTION, restriction)
