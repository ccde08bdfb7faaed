# SPDX-License-Identifier: Apache-2.0
"""The groups of a UPS in PowerNet-MIB by known answers, and what is not said without one."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, NO_SUCH_INSTANCE, MibView
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine
from tests.mib.unit import UPSES, unit
from tests.mib.ups_events import ON_MAINS

UPS_ARC = (1, 3, 6, 1, 4, 1, 318, 1, 1, 1)
RACK = replace(
    UPSES[0],
    inputs=(UpsLine(231.4, frequency_hz=49.96),),
    high_transfer_v=253.0,
    low_transfer_v=207.0,
    nominal_output_v=230.0,
    variables={"ups.serial": "S 7", "battery.voltage.nominal": "24.0", "ups.power": "290"},
)
VIEW = MibView(agent_modules(lambda: 0.0, SnmpCounters(), mibs=("powernet-ups",)))


def read(suffix: str, *upses: Ups) -> Any:
    """The content of an instance below the arc of UPSes; None where there is none."""
    value = VIEW.get((*UPS_ARC, *map(int, suffix.split("."))), replace(unit(), upses=upses))
    if value is NO_SUCH_INSTANCE:
        return None
    assert isinstance(value, Value)
    return value.content


def walk(*upses: Ups) -> dict[str, Any]:
    found = {}
    oid, now = UPS_ARC, replace(unit(), upses=upses)
    while (step := VIEW.next(oid, now)) is not END_OF_MIB_VIEW and step[0][:10] == UPS_ARC:
        oid, value = step
        found[".".join(map(str, oid[10:]))] = value.content
    return found


def flags(*places: int) -> bytes:
    """upsBasicStateOutputState with these flags, counted from 1."""
    return bytes(ord("1") if place in places else ord("0") for place in range(1, 65))


def test_a_ups_on_a_low_battery() -> None:
    assert walk(RACK, UPSES[1]) == {
        "1.1.1.0": b"M 1500",
        "1.1.2.0": b"rack",
        "1.2.1.0": b"9.1",
        "1.2.3.0": b"S 7",
        "2.1.1.0": 3,
        "2.1.2.0": 6140,
        "2.2.1.0": 18,
        "2.2.2.0": 31,
        "2.2.3.0": 35900,
        "2.2.4.0": 1,
        "2.2.7.0": 24,
        "2.2.8.0": 25,
        "2.2.9.0": -8,
        "2.3.1.0": 176,
        "2.3.2.0": 315,
        "2.3.3.0": 240,
        "2.3.4.0": 253,
        "2.3.5.0": -75,
        "3.1.1.0": 1,
        "3.2.1.0": 231,
        "3.2.4.0": 50,
        "3.3.1.0": 2314,
        "3.3.4.0": 500,
        "4.1.1.0": 3,
        "4.1.2.0": 1,
        "4.2.1.0": 230,
        "4.2.2.0": 50,
        "4.2.3.0": 33,
        "4.2.4.0": 1,
        "4.2.8.0": 250,
        "4.2.9.0": 290,
        "4.3.1.0": 2296,
        "4.3.2.0": 500,
        "4.3.3.0": 334,
        "4.3.4.0": 13,
        "5.2.1.0": 230,
        "5.2.2.0": 253,
        "5.2.3.0": 207,
        "8.1.0": 1,
        "11.1.1.0": flags(1, 2, 3, 6, 19),
    }


def test_what_a_silent_ups_measured_is_not_shown() -> None:
    assert walk(replace(UPSES[1], variables={"ups.power": "290"})) == {
        "1.1.1.0": b"",
        "1.1.2.0": b"hall",
        "1.2.1.0": b"",
        "2.1.1.0": 1,
        "2.2.4.0": 2,
        "3.1.1.0": 3,
        "4.1.1.0": 1,
        "8.1.0": 2,
        "11.1.1.0": b"UNKNOWN",
    }


def test_there_is_nothing_without_a_ups() -> None:
    assert walk() == {}


def test_a_ups_that_said_nothing_yet() -> None:
    mute = replace(UPSES[1], flags=frozenset(), inputs=())
    assert set(walk(mute)) == {
        *("1.1.1.0", "1.1.2.0", "1.2.1.0", "2.1.1.0", "4.1.1.0", "8.1.0", "11.1.1.0")
    }


@pytest.mark.parametrize(
    ("said", "status", "places"),
    [
        ({UpsFlag.ON_LINE}, 2, (4, 6, 19)),
        ({UpsFlag.ON_LINE, UpsFlag.CHARGING}, 2, (4, 6, 19)),
        ({UpsFlag.ON_LINE, UpsFlag.BOOSTING}, 4, (4, 6, 7, 19)),
        ({UpsFlag.ON_LINE, UpsFlag.TRIMMING}, 12, (4, 6, 8, 19)),
        ({UpsFlag.ON_LINE, UpsFlag.BYPASS}, 6, (1, 4, 6, 13, 19)),
        ({UpsFlag.ON_BATTERY, UpsFlag.OFF}, 7, (1, 2, 6)),
        ({UpsFlag.ON_LINE, UpsFlag.REPLACE_BATTERY}, 2, (1, 4, 5, 6, 19)),
        ({UpsFlag.ON_LINE, UpsFlag.OVERLOADED}, 2, (1, 4, 6, 9, 19)),
        ({UpsFlag.ON_LINE, UpsFlag.CALIBRATING}, 2, (4, 6, 10, 19)),
        ({UpsFlag.ON_BATTERY, UpsFlag.FORCED_SHUTDOWN}, 3, (1, 2, 6, 19, 22)),
        ({UpsFlag.CHARGING}, 1, (6, 19)),
    ],
)
def test_the_state_and_its_flags(said: set[UpsFlag], status: int, places: tuple[int, ...]) -> None:
    ups = replace(ON_MAINS, flags=frozenset(said))
    assert (read("4.1.1.0", ups), read("11.1.1.0", ups)) == (status, flags(*places))


def test_two_lines_have_no_one_voltage() -> None:
    twice = replace(RACK, inputs=RACK.inputs * 2, outputs=RACK.outputs * 2)
    shown = walk(twice)
    assert (shown["3.1.1.0"], shown["4.1.2.0"]) == (2, 2)
    assert {"3.2.1.0", "3.3.1.0", "4.2.1.0", "4.2.4.0", "4.2.8.0"} & set(shown) == set()
    assert (shown["3.2.4.0"], shown["4.3.2.0"]) == (50, 500)


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_absent(nonsense: float) -> None:
    line = UpsLine(nonsense, nonsense, nonsense, nonsense)
    numbers = {
        field.name: nonsense
        for field in fields(Ups)
        if isinstance(getattr(RACK, field.name), float)
    }
    words = dict.fromkeys(RACK.variables, str(nonsense))
    odd = replace(RACK, **numbers, inputs=(line,), outputs=(line,), variables=words)
    assert {suffix for suffix, content in walk(odd).items() if isinstance(content, int)} == {
        *("2.1.1.0", "2.2.4.0", "3.1.1.0", "4.1.1.0", "4.1.2.0", "8.1.0")
    }


def test_words_of_a_driver_that_are_no_numbers_are_left_out() -> None:
    odd = replace(RACK, variables={"battery.voltage.nominal": "24 V", "ups.power": ""})
    assert (read("2.2.7.0", odd), read("4.2.9.0", odd), read("1.2.3.0", odd)) == (None,) * 3
