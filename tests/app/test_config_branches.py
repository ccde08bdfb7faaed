# SPDX-License-Identifier: Apache-2.0
"""The section branches: what it takes, what refers to it, and how a meter channel feeds one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import ConfigErrors, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.config.wiring import SampledWiring
from pdu_agent.app.hardware import direct_points, stale_after_s
from pdu_agent.core.settings import BranchSettings, ThresholdSettings
from pdu_agent.model.commands import OverloadRestriction, Quantity, Target, TargetKind

BRANCH_2 = Target(TargetKind.BRANCH, 2)
UNIT = """\
schema: 1
relays: [{name: main, driver: mcp23008, bus: sim}]
inlets: [{number: 1, overload_restriction: near overload}, {number: 2, nominal_voltage_v: 208}]
"""
METERED = """\
meters:
  - name: adc
    driver: ads130e08
    bus: sim:0
    voltage: {channel: 1, divider: 200}
    currents: [{channel: 2, feeds: inlet 1}, {channel: 3, feeds: branch 2}]
"""
BRANCHES = "branches: [{number: 2, name: rear, line: l2, rated_current_a: 13}, {number: 1}]\n"
OUTLETS = "outlets: [{number: 1, relay: main.0, branch: 2}, {number: 3, relay: main.2}]\n"


def load(folder: Path, *texts: str, environ: dict[str, str] | None = None) -> AgentSettings:
    path = folder / "openpdu.yaml"
    path.write_text(UNIT + "".join(texts), encoding="utf-8")
    return load_settings(path, environ or {})


def test_branches_their_outlets_and_their_meters_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        METERED,
        BRANCHES,
        OUTLETS,
        "thresholds: [{target: branch 2, quantity: current, high_critical: 13}]\n",
    )
    assert settings.branches == (
        BranchSettings(2, "rear", line="l2", rated_current_a=13),
        BranchSettings(1),
    )
    assert [outlet.branch for outlet in settings.outlets] == [2, None]
    assert settings.thresholds == (ThresholdSettings(BRANCH_2, Quantity.CURRENT, high_critical=13),)
    (meter,) = settings.meters
    assert isinstance(meter.wiring, SampledWiring)
    assert meter.targets[1] == BRANCH_2
    limits_s = stale_after_s(settings)
    assert limits_s["branch 2"] == limits_s["inlet 1"] < 2


def test_inlets_have_a_nominal_voltage_and_a_restriction(tmp_path: Path) -> None:
    first, second = load(tmp_path, OUTLETS.replace(", branch: 2", "")).inlets
    assert first.overload_restriction is OverloadRestriction.NEAR_OVERLOAD
    assert (first.nominal_voltage_v, second.nominal_voltage_v) == (230, 208)


def test_what_an_ina_measures_is_direct_voltage(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        BRANCHES,
        "meters:\n"
        "  - {name: m, driver: ecm1240, port: /dev/ttyUSB0, channels: {ch1: branch 1}}\n"
        "  - {name: d, driver: ina3221, bus: /dev/i2c-1, channels: {ch2: branch 2}}\n",
    )
    assert direct_points(settings) == {BRANCH_2}


def test_a_counting_meter_feeds_a_branch_too(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        BRANCHES,
        "meters: [{name: m, driver: ecm1240, port: /dev/ttyUSB0, channels: {ch1: branch 2}}]\n",
    )
    assert settings.meters[0].targets == (BRANCH_2,)


def test_an_environment_variable_names_a_branch_by_its_number(tmp_path: Path) -> None:
    settings = load(tmp_path, BRANCHES, environ={"OPENPDU_BRANCHES_2_NAME": "top"})
    assert [branch.name for branch in settings.branches] == ["top", ""]


def test_a_spreadsheet_names_the_branch_of_an_outlet(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(
        "number,relay,branch\n1,main.0,2\n2,main.1,\n", encoding="utf-8"
    )
    settings = load(tmp_path, BRANCHES, "outlets_csv: o.csv\n")
    assert [outlet.branch for outlet in settings.outlets] == [2, None]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("branches: [{number: 1}, {number: 1}]\n", "1 is given to two entries"),
        ("branches: [{number: 33}]\n", "33 exceeds 32"),
        ("branches: [{number: 1, inlet: 3}]\n", "branches[0].inlet: there is no inlet 3"),
        ("branches: [{number: 1, line: l4}]\n", "'l4' is none of them"),
        (
            "branches: [{number: 1, overload_restriction: nearly}]\n",
            "expected one of none, near overload, overload",
        ),
        (OUTLETS, "outlets[0].branch: there is no branch 2"),
        (
            "branches: [{number: 2, inlet: 2}]\n" + OUTLETS,
            "outlets[0].branch: branch 2 is fed by inlet 2, this outlet by inlet 1",
        ),
        (METERED, "currents[1].feeds: there is no branch 2"),
        (METERED.replace("inlet 1", "branch 2") + BRANCHES, "branch 2 is metered twice"),
        (METERED.replace("branch 2", "phase 1"), "such as inlet 1, branch 2 or outlet 3"),
        (
            METERED.replace("branch 2", "sensor 1"),
            "expected an inlet, its residual current, a line, branch or outlet",
        ),
        (
            BRANCHES + "thresholds: [{target: branch 1, quantity: current}]\n",
            "nothing in `meters` feeds branch 1",
        ),
        (
            METERED + BRANCHES + "thresholds: [{target: branch 2, quantity: voltage}]\n",
            "branch 2 has no voltage to watch; it has current, active power, energy",
        ),
    ],
)
def test_a_contradiction_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigErrors) as found:
        load(tmp_path, text)
    errors = [line for line in found.value.problems if ": warning: " not in line]
    assert len(errors) == 1, errors
    assert complaint in errors[0]
