# SPDX-License-Identifier: Apache-2.0
"""Lines of a three-phase unit in the trees of the vendors, as their phases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.powernet.traps import TELLING as POWERNET_TELLING
from pdu_agent.mib_impl.sentry3.notifications import TELLING as SENTRY3_TELLING
from pdu_agent.mib_impl.sentry4.notifications import TELLING as SENTRY4_TELLING
from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.model.commands import (
    Action,
    ConfigureInlet,
    InletSetting,
    Limit,
    OverloadRestriction,
    Quantity,
    SetLimit,
    SwitchOutlet,
    Target,
    TargetKind,
)
from pdu_agent.model.events import AlarmRaised, ReadingLost
from pdu_agent.model.snapshot import (
    Alarm,
    Branch,
    Crossing,
    Inlet,
    Line,
    Severity,
    Snapshot,
    Threshold,
    ThresholdState,
)
from tests.mib.unit import ELECTRICAL, METER, WALL_S, Bench, integer, octets, outlet, unit

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


# Sentry3-MIB

ST3 = ".1.3.6.1.4.1.1718.3.2"


@pytest.fixture
def sentry3() -> Bench:
    return Bench(three_phase(), mibs=("sentry3",))


def test_sentry3_has_an_infeed_for_each_line(sentry3: Bench) -> None:
    infeeds = [f"1.{n}" for n in (1, 2, 3)]
    assert sentry3.content(f"{ST3}.1.1.5.1") == 3
    assert sentry3.content(f"{ST3}.1.1.9.1") == 3 * 32 * 230
    assert [sentry3.content(f"{ST3}.2.1.2.{n}") for n in infeeds] == [b"AA", b"AB", b"AC"]
    assert [sentry3.content(f"{ST3}.2.1.3.{n}") for n in infeeds] == [
        b"Line 1",
        b"Line 2",
        b"Line 3",
    ]
    assert [sentry3.content(f"{ST3}.2.1.6.{n}") for n in infeeds] == [0, 4, 0]
    assert [sentry3.content(f"{ST3}.2.1.7.{n}") for n in infeeds] == [1000, 2500, 800]
    assert [sentry3.content(f"{ST3}.2.1.9.{n}") for n in infeeds] == [1, 1, 1]
    assert [sentry3.content(f"{ST3}.2.1.10.{n}") for n in infeeds] == [32, 32, 32]
    assert [sentry3.content(f"{ST3}.2.1.18.{n}") for n in infeeds] == [2310, 2320, 2330]
    assert [sentry3.content(f"{ST3}.2.1.21.{n}") for n in infeeds] == [b"L1", b"L2", b"L3"]
    assert [sentry3.content(f"{ST3}.2.1.23.{n}") for n in infeeds] == [b"L1-N", b"L2-N", b"L3-N"]
    assert [sentry3.content(f"{ST3}.2.1.24.{n}") for n in infeeds] == [32 * 230] * 3


def test_sentry3_shows_no_voltage_between_lines_that_nobody_measures(sentry3: Bench) -> None:
    assert sentry3.content(f"{ST3}.2.1.11.1.1") == -1


def test_sentry3_outlets_hang_on_their_lines(sentry3: Bench) -> None:
    outlets = [(n, sentry3.content(f"{ST3}.3.1.2.1.{n}.{n}")) for n in (1, 2, 3)]
    assert outlets == [(1, b"AA1"), (2, b"AB2"), (3, b"AC3")]
    sentry3.set((f"{ST3}.3.1.11.1.2.2", integer(2)))
    (batch,) = sentry3.controller.submitted
    assert batch == [SwitchOutlet(2, Action.OFF)]


def test_sentry3_limits_of_an_infeed_are_those_of_its_line(sentry3: Bench) -> None:
    sentry3.set((f"{ST3}.2.1.8.1.2", integer(20)))
    (batch,) = sentry3.controller.submitted
    assert batch == [SetLimit(LINE_2, Quantity.CURRENT, Limit.HIGH_WARNING, 20)]


def test_sentry3_does_not_rename_a_line(sentry3: Bench) -> None:
    with pytest.raises(SetError) as caught:
        sentry3.set((f"{ST3}.2.1.3.1.2", octets(b"x")))
    assert caught.value.status is ErrorStatus.NOT_WRITABLE


def test_sentry3_wires_what_lies_between_two_lines_to_the_first_of_them() -> None:
    unit = three_phase()
    lines = ("l3l1", "l2l3", "unknown")
    outlets = tuple(
        replace(each, line=line) for each, line in zip(unit.outlets, lines, strict=True)
    )
    branches = (Branch(7, "B", 1, "l2", 16.0, None), Branch(8, "C", 1, "l2l3", 16.0, None))
    bench = Bench(replace(unit, outlets=outlets, branches=branches), mibs=("sentry3",))
    found = [bench.content(f"{ST3}.3.1.2.1.{where}") for where in ("3.1", "2.2", "1.3")]
    assert found == [b"AC1", b"AB2", b"AA3"]
    assert [bench.content(f"{ST3}.7.1.2.1.2.{n}") for n in (1, 2)] == [b"AB1", b"AB2"]


def test_sentry3_counts_an_inlet_without_lines_after_those_before_it() -> None:
    unit = three_phase()
    second = Inlet(2, "Inlet 2", 1, METER)
    outlets = (*unit.outlets, replace(outlet(4), inlet=2, line="unknown"))
    two = replace(unit, inlets=(*unit.inlets, second), outlets=outlets)
    bench = Bench(two, mibs=("sentry3",))
    assert bench.content(f"{ST3}.2.1.3.1.4") == b"Inlet 2"
    assert bench.content(f"{ST3}.3.1.2.1.4.4") == b"AD4"


def test_sentry3_tells_of_the_line_that_is_overloaded() -> None:
    crossing = Crossing(Quantity.CURRENT, ThresholdState.HIGH_WARNING, 25.0, 24.0)
    alarm = Alarm(1, "threshold", Severity.WARNING, "line 2", "x", WALL_S, LINE_2, crossing)
    told = list(SENTRY3_TELLING[AlarmRaised](AlarmRaised(WALL_S, alarm, None), three_phase()))
    assert [each.type.name for each in told] == ["infeedLoadEvent"]
    assert ((1, 2), "AB") in told[0].values
    lost = list(SENTRY3_TELLING[ReadingLost](ReadingLost(WALL_S, LINE_2), three_phase()))
    assert [each.type.name for each in lost] == ["infeedStatusEvent"]
    of_inlet = ReadingLost(WALL_S, Target(TargetKind.INLET, 1))
    assert list(SENTRY3_TELLING[ReadingLost](of_inlet, three_phase())) == []


# POWER-ATTRIBUTES-MIB

ATTRIBUTES = ".1.3.6.1.2.1.230.1"


def test_eman_has_a_phase_for_each_line_of_an_inlet() -> None:
    bench = Bench(three_phase(), mibs=("energy",))
    phases = [f"101.{angle}" for angle in (0, 120, 240)]
    assert bench.content(f"{ATTRIBUTES}.1.1.1.101") == 3  # wye
    assert [bench.content(f"{ATTRIBUTES}.3.1.2.{n}") for n in phases] == [2310, 2320, 2330]
    assert [bench.content(f"{ATTRIBUTES}.3.1.3.{n}") for n in phases] == [100, 250, 80]
    assert [bench.content(f"{ATTRIBUTES}.3.1.4.{n}") for n in phases] == [262_500] * 3


def test_eman_has_all_three_phases_or_none() -> None:
    unit = three_phase()
    blind = replace(unit.lines[1], meter=None)
    bench = Bench(replace(unit, lines=(unit.lines[0], blind, unit.lines[2])), mibs=("energy",))
    assert not isinstance(bench.get(f"{ATTRIBUTES}.1.1.1.101"), Value)
    assert not isinstance(bench.get(f"{ATTRIBUTES}.3.1.2.101.0"), Value)


def test_eman_shows_distortion() -> None:
    distorted = replace(ELECTRICAL, voltage_thd_percent=2.345, current_thd_percent=31.4)
    unit = replace(
        three_phase(),
        inlets=(Inlet(1, "Inlet 1", 3, replace(METER, electrical=distorted)),),
        lines=tuple(
            replace(line(n, 1.0), meter=replace(METER, electrical=distorted)) for n in (1, 2, 3)
        ),
    )
    bench = Bench(unit, mibs=("energy",))
    assert bench.content(f"{ATTRIBUTES}.1.1.11.101") == 3140
    assert bench.content(f"{ATTRIBUTES}.1.1.12.101") == 235
    assert bench.content(f"{ATTRIBUTES}.3.1.8.101.120") == 3140
    assert bench.content(f"{ATTRIBUTES}.3.1.9.101.240") == 235
