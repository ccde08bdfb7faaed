# SPDX-License-Identifier: Apache-2.0
"""The sections groups, thresholds and sensors: what they take and what contradicts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import ConfigErrors, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.core.settings import GroupSettings, ThresholdSettings
from pdu_agent.hw.hwmon import HwmonSettings
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.snapshot import SensorKind

UNIT = """\
schema: 1
relays: [{name: main, driver: mcp23008, bus: sim}]
meters:
  - name: adc
    driver: ads130e08
    bus: sim:0
    voltage: {channel: 1, divider: 200}
    currents: [{channel: 2, feeds: inlet 1}, {channel: 3, feeds: outlet 1}]
outlets: [{number: 1, relay: main.0}, {number: 3, relay: main.2}]
sensors:
  - {number: 1, driver: hwmon, path: sim}
  - {number: 2, name: Air, kind: humidity, stale_after_s: 200, driver: hwmon, path: /sys/x,
     interval_s: 60}
"""


def load(folder: Path, text: str, environ: dict[str, str] | None = None) -> AgentSettings:
    path = folder / "openpdu.yaml"
    path.write_text(UNIT + text, encoding="utf-8")
    return load_settings(path, environ or {})


def test_the_three_sections_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "groups: [{number: 200, name: rack, outlets: [3, 1]}]\n"
        "thresholds:\n"
        "  - {target: inlet 1, quantity: power factor, low_warning: 0.8, hysteresis: 0.05}\n"
        "  - {target: sensor 2, quantity: humidity, high_critical: 80, delay_s: 60}\n",
    )
    assert settings.groups == (GroupSettings(200, "rack", (3, 1)),)
    assert settings.thresholds == (
        ThresholdSettings(
            Target(TargetKind.INLET, 1),
            Quantity.POWER_FACTOR,
            low_warning=0.8,
            hysteresis=0.05,
        ),
        ThresholdSettings(
            Target(TargetKind.SENSOR, 2), Quantity.HUMIDITY, high_critical=80, delay_s=60
        ),
    )
    board, air = settings.sensors
    assert (board.kind, board.stale_after_s, board.options) == (
        SensorKind.TEMPERATURE,
        30,
        HwmonSettings("sim"),
    )
    assert (air.name, air.options.interval_s) == ("Air", 60)


def threshold(text: str) -> str:
    return f"thresholds: [{{{text}}}]\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("groups: [{number: 1, outlets: [1, 2]}]", "groups[0].outlets[1]: there is no outlet 2"),
        ("groups: [{number: 1, outlets: [1, 1]}]", "outlet 1 is named twice"),
        ("groups: [{number: 1}, {number: 1}]", "1 is given to two entries"),
        ("groups: [{number: 256}]", "256 exceeds 255"),
        (threshold("target: outlet 3, quantity: current"), "nothing in `meters` feeds outlet 3"),
        (
            threshold("target: outlet 1, quantity: voltage"),
            "outlet 1 has no voltage to watch; it has current, active power, energy",
        ),
        (threshold("target: group 3, quantity: current"), "there is no group 3"),
        (
            "groups: [{number: 1, outlets: [3]}]\n"
            + threshold("target: group 1, quantity: active power"),
            "no outlet of group 1 is metered",
        ),
        (
            "groups: [{number: 1, outlets: [1]}]\n"
            + threshold("target: group 1, quantity: voltage"),
            "group 1 has no voltage to watch; it has current, active power, energy, demand",
        ),
        (threshold("target: unit 2, quantity: energy"), "the whole unit is unit 1"),
        (threshold("target: sensor 9, quantity: temperature"), "there is no sensor 9"),
        (
            threshold("target: sensor 1, quantity: humidity"),
            "sensor 1 has no humidity to watch; it has temperature",
        ),
        (
            threshold("target: inlet 1, quantity: current, high_warning: 16, high_critical: 16"),
            "high warning 16 is not below high critical 16",
        ),
        (threshold("target: inlet 1, quantity: amperes"), "'amperes' is none of them"),
        (threshold("target: inlet 1, quantity: current, high_warning: .inf"), "not finite"),
        (threshold("target: inlet 1, quantity: current, hysteresis: -1"), "-1 is below 0"),
        (
            "thresholds: [{target: inlet 1, quantity: current}, "
            "{target: inlet 1, quantity: current}]",
            "inlet 1 current comes twice",
        ),
    ],
)
def test_a_contradiction_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigErrors) as found:
        load(tmp_path, text)
    errors = [line for line in found.value.problems if ": warning: " not in line]
    assert len(errors) == 1, errors
    assert complaint in errors[0]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("path: sim", "path: temp1_input", "'temp1_input' is not absolute"),
        ("path: sim", "path: sim, kind: water", "driver hwmon gives no water"),
        ("path: sim", "path: sim, interval_s: 30", "30 does not exceed interval_s, 30"),
        ("driver: hwmon, path: sim", "driver: hwmin, path: sim", "did you mean 'hwmon'"),
        ("number: 2, name: Air", "number: 1, name: Air", "1 is given to two entries"),
        ("feeds: inlet 1", "feeds: sensor 1", "sensor 1 is not metered"),
    ],
)
def test_a_wrong_sensor_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = tmp_path / "openpdu.yaml"
    path.write_text(UNIT.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigErrors) as found:
        load_settings(path, {})
    assert complaint in str(found.value)


def test_thresholds_of_one_target_have_variables_of_their_own(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "thresholds: [{target: inlet 1, quantity: current}, {target: inlet 1, quantity: voltage}]",
        {
            "OPENPDU_THRESHOLDS_INLET_1_CURRENT_HIGH_WARNING": "12",
            "OPENPDU_THRESHOLDS_INLET_1_VOLTAGE_LOW_WARNING": "207",
            "OPENPDU_SENSORS_2_INTERVAL_S": "7",
        },
    )
    current, voltage = settings.thresholds
    assert (current.high_warning, voltage.low_warning) == (12, 207)
    assert settings.sensors[1].options.interval_s == 7


def test_groups_and_the_unit_can_be_watched(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "groups: [{number: 200, outlets: [1, 3]}]\n"
        "thresholds:\n"
        "  - {target: group 200, quantity: active power, high_warning: 800}\n"
        "  - {target: unit 1, quantity: current, high_critical: 16}\n",
    )
    assert [str(entry.target) for entry in settings.thresholds] == ["group 200", "unit 1"]
