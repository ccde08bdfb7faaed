# SPDX-License-Identifier: Apache-2.0
"""NUT's variables in the unit's terms, and what is known of a UPS while time goes by."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.model.ups import Ups, UpsFlag, UpsLine
from pdu_agent.nut.client.tracking import NOT_YET, Tracked
from pdu_agent.nut.client.values import fields_of, flags_in
from pdu_agent.nut.settings import UpsSettings

SMART_UPS = {
    "battery.charge": "100",
    "battery.charge.low": "10",
    "battery.runtime": "2550",
    "battery.runtime.low": "150",
    "battery.temperature": "29.2",
    "battery.voltage": "27.0",
    "battery.current": "-1.5",
    "device.mfr": "American Power Conversion",
    "device.model": "Smart-UPS 1500",
    "input.frequency": "49.9",
    "input.transfer.high": "253",
    "input.transfer.low": "208",
    "input.voltage": "231.8",
    "input.voltage.nominal": "230",
    "output.current": "1.2",
    "output.voltage": "230.4",
    "output.voltage.nominal": "230",
    "ups.firmware": "UPS 08.8",
    "ups.load": "18.2",
    "ups.power.nominal": "1440",
    "ups.realpower": "214",
    "ups.realpower.nominal": "980",
    "ups.status": "OL CHRG",
}


def test_a_single_phase_ups() -> None:
    assert fields_of(SMART_UPS) == {
        "charge_pct": 100.0,
        "low_charge_pct": 10.0,
        "runtime_s": 2550.0,
        "low_runtime_s": 150.0,
        "battery_temperature_c": 29.2,
        "battery_voltage_v": 27.0,
        "battery_current_a": -1.5,
        "manufacturer": "American Power Conversion",
        "model": "Smart-UPS 1500",
        "firmware": "UPS 08.8",
        "load_pct": 18.2,
        "low_transfer_v": 208.0,
        "high_transfer_v": 253.0,
        "nominal_input_v": 230.0,
        "nominal_output_v": 230.0,
        "nominal_apparent_power_va": 1440.0,
        "nominal_active_power_w": 980.0,
        "inputs": (UpsLine(231.8, None, None, 49.9),),
        "outputs": (UpsLine(230.4, 1.2, 214.0, None),),
    }


def test_three_phases() -> None:
    told = {
        "input.phases": "3",
        "input.frequency": "50.0",
        "input.L1-N.voltage": "229",
        "input.L2-N.voltage": "230",
        "input.L3-N.voltage": "231",
        "input.L1.current": "4.5",
        "input.L3.realpower": "900",
    }
    assert fields_of(told)["inputs"] == (
        UpsLine(229.0, 4.5, None, 50.0),
        UpsLine(230.0, None, None, 50.0),
        UpsLine(231.0, None, 900.0, 50.0),
    )
    assert fields_of(told)["outputs"] == ()


def test_what_is_not_told_is_none_and_never_nought() -> None:
    found = fields_of({"ups.status": "OL"})
    numbers = {name: value for name, value in found.items() if value not in ("", ())}
    assert set(numbers.values()) == {None}


@pytest.mark.parametrize(
    "text",
    ["", "nan", "inf", "-inf", "1e999", "0x10", "1_0", "12 V", "-1", "101", "9999999", "١٢"],
)
def test_what_is_no_charge_is_none(text: str) -> None:
    assert fields_of({"battery.charge": text})["charge_pct"] is None


@given(st.dictionaries(st.sampled_from([*SMART_UPS, "input.L1.voltage"]), st.text(max_size=12)))
def test_numbers_are_finite_whatever_is_told(variables: dict[str, str]) -> None:
    found = fields_of(variables)
    assert all(math.isfinite(value) for value in found.values() if isinstance(value, float))


def test_flags() -> None:
    every = " ".join(flag.value for flag in UpsFlag)
    assert flags_in({"ups.status": every}) == frozenset(UpsFlag)
    assert flags_in({"ups.status": "OL ALARM NEWWORD  OL"}) == {UpsFlag.ON_LINE}
    assert flags_in({}) == frozenset()


# -- over time --------------------------------------------------------------------------

RACK = UpsSettings("rack", "127.0.0.1:3493", inlets=(1,))
OUT = {"ups.status": "OB DISCHRG", "battery.charge": "60"}
OUT_FLAGS = frozenset({UpsFlag.ON_BATTERY, UpsFlag.DISCHARGING})


def tracked(now_s: float = 0.0) -> Tracked:
    return Tracked(RACK, 1, now_s, 15.0)


def test_before_the_first_answer_nothing_is_known() -> None:
    row = tracked(3.0).row
    assert (row.is_reachable, row.unreachable_since_s, row.trouble) == (False, 3.0, NOT_YET)
    assert (row.source, row.inlets, row.flags) == ("rack@127.0.0.1:3493", (1,), frozenset())


def test_since_when_each_flag_holds() -> None:
    ups = tracked()
    ups.answered({"ups.status": "OL CHRG"}, 10.0)
    ups.answered({"ups.status": "OL"}, 12.0)
    ups.answered(OUT, 20.0)
    ups.answered({"ups.status": "OB LB"}, 50.0)
    assert ups.row.since_s == {UpsFlag.ON_BATTERY: 20.0, UpsFlag.LOW_BATTERY: 50.0}
    assert ups.row.on_battery_s == 30.0
    ups.answered({"ups.status": "OL"}, 60.0)
    assert (ups.row.on_battery_s, ups.row.since_s) == (0.0, {UpsFlag.ON_LINE: 60.0})


def test_a_short_silence_is_none_and_a_long_one_keeps_what_was_known() -> None:
    ups = tracked()
    ups.answered(OUT, 10.0)
    ups.failed("the server closed the connection", 12.0)
    ups.look(25.0)
    assert ups.row.is_reachable
    ups.look(25.5)
    row = ups.row
    assert (row.unreachable_since_s, row.trouble) == (10.0, "the server closed the connection")
    assert (row.flags, row.charge_pct) == (OUT_FLAGS, 60.0)
    ups.failed("nothing listens", 30.0)
    assert (ups.row.unreachable_since_s, ups.row.trouble) == (10.0, "nothing listens")
    ups.answered(OUT, 31.0)
    assert (ups.row.is_reachable, ups.row.trouble, ups.row.on_battery_s) == (True, "", 21.0)


def test_a_server_that_starts_later_than_the_unit_is_no_loss() -> None:
    ups = tracked()
    ups.failed("nothing listens", 1.0)
    ups.look(14.0)
    assert ups.row.trouble == NOT_YET
    ups.look(15.5)
    assert (ups.row.trouble, ups.row.unreachable_since_s) == ("nothing listens", 0.0)
    ups.failed("its login is refused", 16.0)
    assert ups.row.trouble == "its login is refused"


def test_silence_without_a_reason() -> None:
    ups = tracked()
    ups.answered(OUT, 10.0)
    ups.look(26.0)
    assert "no answer for 15 s" in ups.row.trouble


def test_what_the_server_calls_stale_is_told_at_once() -> None:
    ups = tracked()
    ups.answered(OUT, 10.0)
    ups.failed("stale", 11.0, at_once=True)
    assert (ups.row.unreachable_since_s, ups.row.trouble) == (10.0, "stale")


@pytest.mark.parametrize("status", [{}, {"ups.status": ""}, {"ups.status": "WAIT"}])
def test_a_driver_that_starts_does_not_end_an_outage(status: dict[str, str]) -> None:
    ups = tracked()
    ups.answered(OUT, 10.0)
    ups.answered({"device.model": "x", **status}, 12.0)
    assert UpsFlag.ON_BATTERY in ups.row.flags
    assert ups.row.is_reachable
    ups.answered(status, 30.0)
    assert not ups.row.is_reachable
    assert "ups.status" in ups.row.trouble
    ups.answered(OUT, 40.0)
    assert ups.row.on_battery_s == 30.0


def test_other_settings_of_the_same_ups_keep_what_is_known() -> None:
    ups = tracked()
    ups.answered(OUT, 10.0)
    ups.renew(UpsSettings("rack", "127.0.0.1:3493", inlets=(2,)), 3, 15.0)
    row: Ups = ups.row
    assert (row.index, row.inlets, row.charge_pct) == (3, (2,), 60.0)
