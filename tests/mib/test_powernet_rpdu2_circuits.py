# SPDX-License-Identifier: Apache-2.0
"""rPDU2: phases and banks, by known answers. The scales are those of a recorded AP8853."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.set_errors import ErrorStatus, SetError
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.commands import (
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureInlet,
    InletSetting,
    Limit,
    OverloadRestriction,
    Quantity,
    Reset,
    ResetMeter,
    SetLimit,
    Target,
    TargetKind,
)
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import ThresholdState
from tests.mib.powernet_unit import GREATEST
from tests.mib.rpdu2_unit import (
    BRANCHES,
    INLET,
    INLET_METER,
    THRESHOLDS,
    Rpdu2Bench,
    local,
    rpdu2_unit,
    text,
    two_inlets,
)
from tests.mib.unit import WALL_S, integer

NOT_SUPPORTED = b"notsupported "
INLET_1 = Target(TargetKind.INLET, 1)
BRANCH_1 = Target(TargetKind.BRANCH, 1)


def test_a_phase_reads_what_a_recorded_unit_with_the_same_load_reads() -> None:
    bench = Rpdu2Bench()
    assert bench.content("5.0") == 1
    assert bench.contents("6.2", 1, 2, 3) == [1, 1, 1]
    assert bench.contents("6.3", *range(1, 13)) == [
        1,
        1,
        1,
        3,
        49,
        242,
        114,
        119,
        96,
        60,
        local(WALL_S - 1800),
        local(WALL_S - 9000),
    ]


def test_settings_of_a_phase_in_whole_and_in_tenths_of_amperes() -> None:
    bench = Rpdu2Bench()
    assert bench.contents("6.1", *range(1, 9)) == [1, 1, 1, 1, 0, 26, 32, 1]
    assert bench.contents("15.1", *range(1, 9)) == [1, 1, 1, 1, 0, 256, 320, 1]


def test_settings_and_properties_of_a_bank() -> None:
    bench = Rpdu2Bench()
    assert bench.content("7.0") == 2
    assert bench.contents("8.1", *range(1, 9)) == [1, 1, 1, 1, 0, 1, GREATEST, 1]
    assert bench.contents("14.1", *range(1, 9)) == [1, 1, 1, 1, 0, 1, GREATEST, 1]
    assert bench.contents("8.2", 1, 2, 3, 4, 5) == [1, 1, 1, 1, 16]
    assert bench.contents("8.2", 1, 2, 3, 4, 5, index=2) == [2, 1, 2, 4, 10]


def test_what_a_bank_carries() -> None:
    bench = Rpdu2Bench()
    dates = [local(WALL_S - 1800), local(WALL_S - 9000)]
    assert bench.contents("8.3", *range(1, 9)) == [1, 1, 1, 2, 49, 60, *dates]


def test_a_bank_without_a_meter_says_so_in_every_column() -> None:
    bench = Rpdu2Bench()
    assert bench.contents("8.1", 3, 4, 5, 6, 7, index=2) == [2, 4, -1, -1, -1]
    assert bench.contents("8.3", 3, 5, 6, 7, 8, index=2) == [2, -1, -1, *[NOT_SUPPORTED] * 2]
    for column in ("8.1.1.8.2", "8.3.1.4.2"):
        assert bench.get(column) is NO_SUCH_INSTANCE


@pytest.mark.parametrize("column", [4, 5, 6, 7, 8])
@pytest.mark.parametrize("table", ["8.1", "14.1"])
def test_nothing_of_a_bank_without_a_meter_can_be_set(table: str, column: int) -> None:
    with pytest.raises(SetError) as refused:
        Rpdu2Bench().commands((f"{table}.1.{column}.2", integer(2)))
    assert refused.value.status is ErrorStatus.NOT_WRITABLE


def test_a_unit_without_branches_has_no_banks() -> None:
    bench = Rpdu2Bench(rpdu2_unit(branches=()))
    assert bench.content("7.0") == 0
    for table in ("8.1", "8.2", "8.3", "14.1"):
        assert bench.get(f"{table}.1.1.1") is NO_SUCH_INSTANCE


def test_every_inlet_is_a_phase_up_to_the_third() -> None:
    assert Rpdu2Bench(two_inlets()).contents("6.3", 3, 5, index=2) == [2, 49]
    five = tuple(replace(INLET, index=number) for number in range(1, 6))
    bench = Rpdu2Bench(rpdu2_unit(inlets=five))
    assert bench.content("5.0") == 3
    assert bench.get("6.3.1.3.4") is NO_SUCH_INSTANCE


@pytest.mark.parametrize(
    ("state", "number"),
    [
        (ThresholdState.LOW_CRITICAL, 1),
        (ThresholdState.LOW_WARNING, 1),
        (ThresholdState.NORMAL, 2),
        (ThresholdState.HIGH_WARNING, 3),
        (ThresholdState.HIGH_CRITICAL, 4),
    ],
)
def test_the_load_of_a_phase_follows_its_threshold(state: ThresholdState, number: int) -> None:
    watch = replace(THRESHOLDS[0], state=state)
    bench = Rpdu2Bench(rpdu2_unit(thresholds=(watch,)))
    assert bench.content("6.3.1.4.1") == number


def test_an_inlet_that_measures_nothing_reads_minus_one() -> None:
    meter = replace(
        INLET_METER,
        electrical=Electrical(),
        peak_current_a=None,
        peak_current_wall_s=None,
        peak_current_since_wall_s=None,
    )
    watch = replace(THRESHOLDS[0], state=ThresholdState.UNKNOWN)
    snapshot = rpdu2_unit(inlets=(replace(INLET, meter=meter),), thresholds=(watch,))
    bench = Rpdu2Bench(snapshot)
    assert bench.get("6.3.1.4.1") is NO_SUCH_INSTANCE
    assert bench.contents("6.3", *range(5, 13)) == [*[-1] * 6, *[NOT_SUPPORTED] * 2]


@pytest.mark.parametrize(
    ("restriction", "number"),
    [
        (OverloadRestriction.NONE, 1),
        (OverloadRestriction.NEAR_OVERLOAD, 2),
        (OverloadRestriction.OVERLOAD, 3),
    ],
)
def test_restrictions_of_phase_and_bank(restriction: OverloadRestriction, number: int) -> None:
    bench = Rpdu2Bench(
        rpdu2_unit(
            inlets=(replace(INLET, overload_restriction=restriction),),
            branches=(replace(BRANCHES[0], overload_restriction=restriction),),
        )
    )
    to_inlet = ConfigureInlet(1, InletSetting.OVERLOAD_RESTRICTION, restriction)
    to_branch = ConfigureBranch(1, BranchSetting.OVERLOAD_RESTRICTION, restriction)
    for table, command in (
        ("6.1", to_inlet),
        ("15.1", to_inlet),
        ("8.1", to_branch),
        ("14.1", to_branch),
    ):
        assert bench.content(f"{table}.1.4.1") == number
        assert bench.commands((f"{table}.1.4.1", integer(number))) == [command]


@pytest.mark.parametrize(
    ("column", "value", "command"),
    [
        ("6.1.1.5", 1, SetLimit(INLET_1, Quantity.CURRENT, Limit.LOW_WARNING, 1)),
        ("6.1.1.6", 26, SetLimit(INLET_1, Quantity.CURRENT, Limit.HIGH_WARNING, 26)),
        ("6.1.1.7", 0, SetLimit(INLET_1, Quantity.CURRENT, Limit.HIGH_CRITICAL, None)),
        ("6.1.1.8", 2, ResetMeter(INLET_1, Reset.PEAK_CURRENT)),
        ("8.1.1.5", 2, SetLimit(BRANCH_1, Quantity.CURRENT, Limit.LOW_WARNING, 2)),
        ("8.1.1.7", 16, SetLimit(BRANCH_1, Quantity.CURRENT, Limit.HIGH_CRITICAL, 16)),
        ("8.1.1.8", 2, ResetMeter(BRANCH_1, Reset.PEAK_CURRENT)),
        ("14.1.1.6", 83, SetLimit(BRANCH_1, Quantity.CURRENT, Limit.HIGH_WARNING, 8.3)),
        ("14.1.1.8", 2, ResetMeter(BRANCH_1, Reset.PEAK_CURRENT)),
        ("15.1.1.5", 3, SetLimit(INLET_1, Quantity.CURRENT, Limit.LOW_WARNING, 0.3)),
        ("15.1.1.7", 0, SetLimit(INLET_1, Quantity.CURRENT, Limit.HIGH_CRITICAL, None)),
        ("15.1.1.8", 2, ResetMeter(INLET_1, Reset.PEAK_CURRENT)),
    ],
)
def test_what_is_written_is_what_the_core_is_told(
    column: str, value: int, command: Command
) -> None:
    assert Rpdu2Bench().commands((f"{column}.1", integer(value))) == [command]


@pytest.mark.parametrize(
    ("column", "value", "status"),
    [
        ("4", integer(0), ErrorStatus.WRONG_VALUE),
        ("4", integer(4), ErrorStatus.WRONG_VALUE),
        ("5", integer(-1), ErrorStatus.WRONG_VALUE),
        ("6", text("10"), ErrorStatus.WRONG_TYPE),
        ("8", integer(0), ErrorStatus.WRONG_VALUE),
        ("8", integer(3), ErrorStatus.WRONG_VALUE),
        ("3", integer(1), ErrorStatus.NOT_WRITABLE),
    ],
)
@pytest.mark.parametrize("table", ["6.1", "8.1", "14.1", "15.1"])
def test_bad_input_is_refused(table: str, column: str, value: Value, status: ErrorStatus) -> None:
    with pytest.raises(SetError) as refused:
        Rpdu2Bench().commands((f"{table}.1.{column}.1", value))
    assert refused.value.status is status


@pytest.mark.parametrize("index", [0, 3, 4_000_000_000])
@pytest.mark.parametrize("table", ["6.1", "8.1", "14.1", "15.1"])
def test_a_row_that_is_not_there_can_be_neither_read_nor_set(table: str, index: int) -> None:
    bench = Rpdu2Bench()
    assert bench.get(f"{table}.1.5.{index}") is NO_SUCH_INSTANCE
    with pytest.raises(SetError) as refused:
        bench.commands((f"{table}.1.5.{index}", integer(1)))
    assert refused.value.status is ErrorStatus.NO_CREATION
