# SPDX-License-Identifier: Apache-2.0
"""Lines of a three-phase unit in the trees of the vendors, as their phases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.powernet.traps import TELLING as POWERNET_TELLING
from pdu_agent.mib_impl.sentry4.notifications import TELLING as SENTRY4_TELLING
from pdu_agent.model.commands import (
    ConfigureInlet,
    InletSetting,
    Limit,
    OverloadRestriction,
    Quantity,
    SetLimit,
    Target,
    TargetKind,
)
from pdu_agent.model.events import AlarmRaised, ReadingLost
from pdu_agent.model.snapshot import (
    Alarm,
    Crossing,
    Inlet,
    Line,
    Severity,
    Snapshot,
    Threshold,
    ThresholdState,
)
from tests.mib.unit import ELECTRICAL, METER, WALL_S, Bench, integer, outlet, unit

APC = ".1.3.6.1.4.1.318.1.1"
LINE_2 = Target(TargetKind.LINE, 2)


def line(number: int, current_a: float) -> Line:
    electrical = replace(ELECTRICAL, current_a=current_a, voltage_v=230.0 + number)
    meter = replace(METER, electrical=electrical, rated_current_a=32.0, peak_current_a=current_a)
    return Line(number, f"Line {number}", 1, f"l{number}", 32.0, meter)


def limits(target: Target) -> Threshold:
    return Threshold(
        target=target,
        quantity=Quantity.CURRENT,
        low_critical=0.0,
        low_warning=0.0,
        high_warning=24.0,
        high_critical=32.0,
        hysteresis=0.0,
        delay_s=0.0,
        enabled=frozenset({Limit.HIGH_WARNING, Limit.HIGH_CRITICAL}),
        state=ThresholdState.HIGH_WARNING if target == LINE_2 else ThresholdState.NORMAL,
        value=25.0,
    )


def three_phase() -> Snapshot:
    lines = (line(1, 10.0), line(2, 25.0), line(3, 8.0))
    return replace(
        unit(0),
        outlets=tuple(replace(outlet(n), line=f"l{n}") for n in (1, 2, 3)),
        inlets=(Inlet(1, "Inlet 1", 3, replace(METER, rated_current_a=32.0)),),
        lines=lines,
        thresholds=tuple(limits(Target(TargetKind.LINE, n)) for n in (1, 2, 3)),
    )


@pytest.fixture
def powernet() -> Bench:
    return Bench(three_phase(), mibs=("powernet",))


def test_rpdu_has_a_row_for_each_line(powernet: Bench) -> None:
    assert powernet.content(f"{APC}.12.2.1.2.0") == 3
    assert [powernet.content(f"{APC}.12.2.3.1.1.2.{n}") for n in (1, 2, 3)] == [100, 250, 80]
    assert [powernet.content(f"{APC}.12.2.3.1.1.3.{n}") for n in (1, 2, 3)] == [1, 3, 1]
    assert [powernet.content(f"{APC}.12.2.3.1.1.4.{n}") for n in (1, 2, 3)] == [1, 2, 3]
    assert powernet.content(f"{APC}.12.1.7.0") == 32
    assert [powernet.content(f"{APC}.12.3.3.1.1.3.{n}") for n in (1, 2, 3)] == [1, 2, 3]


def test_limits_of_a_phase_are_those_of_its_line(powernet: Bench) -> None:
    assert powernet.content(f"{APC}.12.2.2.1.1.3.2") == 24
    powernet.set((f"{APC}.12.2.2.1.1.3.2", integer(20)))
    (batch,) = powernet.controller.submitted
    assert batch == [SetLimit(LINE_2, Quantity.CURRENT, Limit.HIGH_WARNING, 20)]


def test_the_restriction_of_a_phase_is_that_of_its_inlet(powernet: Bench) -> None:
    powernet.set((f"{APC}.12.3.2.1.1.2.3", integer(3)))
    (batch,) = powernet.controller.submitted
    assert batch == [
        ConfigureInlet(1, InletSetting.OVERLOAD_RESTRICTION, OverloadRestriction.OVERLOAD)
    ]


def test_rpdu2_has_a_row_for_each_line(powernet: Bench) -> None:
    status = f"{APC}.26.6.3.1"
    assert powernet.content(f"{APC}.26.4.2.1.7.1") == 3
    assert [powernet.content(f"{status}.5.{n}") for n in (1, 2, 3)] == [100, 250, 80]
    assert [powernet.content(f"{status}.6.{n}") for n in (1, 2, 3)] == [231, 232, 233]
    assert [powernet.content(f"{status}.3.{n}") for n in (1, 2, 3)] == [1, 2, 3]


def test_a_trap_tells_the_phase_of_the_line() -> None:
    crossing = Crossing(Quantity.CURRENT, ThresholdState.HIGH_WARNING, 25.0, 24.0)
    alarm = Alarm(1, "threshold", Severity.WARNING, "line 2", "x", WALL_S, LINE_2, crossing)
    told = list(POWERNET_TELLING[AlarmRaised](AlarmRaised(WALL_S, alarm, None), three_phase()))
    assert len(told) == 1
    assert 2 in [value for _, value in told[0].values]
    on_inlet = replace(alarm, target=Target(TargetKind.INLET, 1))
    event = AlarmRaised(WALL_S, on_inlet, None)
    assert list(POWERNET_TELLING[AlarmRaised](event, three_phase())) == []


# Sentry4-MIB

ST4 = ".1.3.6.1.4.1.1718.4.1"


@pytest.fixture
def sentry4() -> Bench:
    return Bench(three_phase(), mibs=("sentry4",))


def test_sentry4_has_a_line_and_a_phase_for_each_line(sentry4: Bench) -> None:
    lines = [f"1.1.{n}" for n in (1, 2, 3)]
    assert sentry4.content(f"{ST4}.3.2.1.20.1.1") == 3
    assert sentry4.content(f"{ST4}.3.2.1.21.1.1") == 3
    assert sentry4.content(f"{ST4}.3.2.1.12.1.1") == 3 * 32 * 230
    assert [sentry4.content(f"{ST4}.4.2.1.2.{n}") for n in lines] == [b"AA1", b"AA2", b"AA3"]
    assert [sentry4.content(f"{ST4}.4.2.1.4.{n}") for n in lines] == [
        b"AA:L1",
        b"AA:L2",
        b"AA:L3",
    ]
    assert [sentry4.content(f"{ST4}.4.3.1.3.{n}") for n in lines] == [1000, 2500, 800]
    assert [sentry4.content(f"{ST4}.5.3.1.3.{n}") for n in lines] == [2310, 2320, 2330]
    outlets = [sentry4.content(f"{ST4}.8.2.1.30.1.1.{n}") for n in (1, 2, 3)]
    assert outlets == [b"AA1", b"AA2", b"AA3"]


def test_sentry4_limits_of_a_line_are_its_own(sentry4: Bench) -> None:
    sentry4.set((f"{ST4}.4.4.1.4.1.1.2", integer(200)))
    (batch,) = sentry4.controller.submitted
    assert batch == [SetLimit(LINE_2, Quantity.CURRENT, Limit.HIGH_WARNING, 20)]


def test_sentry4_tells_of_the_line_that_is_overloaded() -> None:
    crossing = Crossing(Quantity.CURRENT, ThresholdState.HIGH_WARNING, 25.0, 24.0)
    alarm = Alarm(1, "threshold", Severity.WARNING, "line 2", "x", WALL_S, LINE_2, crossing)
    event = AlarmRaised(WALL_S, alarm, None)
    told = list(SENTRY4_TELLING[AlarmRaised](event, three_phase()))
    assert [each.type.name for each in told] == ["st4LineCurrentEvent"]
    assert ((1, 1, 2), "AA2") in told[0].values
    lost = list(SENTRY4_TELLING[ReadingLost](ReadingLost(WALL_S, LINE_2), three_phase()))
    assert [each.type.name for each in lost] == ["st4LineStatusEvent", "st4PhaseStatusEvent"]
