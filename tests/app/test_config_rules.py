# SPDX-License-Identifier: Apache-2.0
"""The sections rules and hosts: what they take, what they refer to, and circles."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import ConfigErrors, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.core.rules.settings import (
    ActionSettings,
    HostSettings,
    MissingSettings,
    RuleSettings,
    TriggerSettings,
)
from pdu_agent.model.commands import Target, TargetKind

UNIT = """\
schema: 1
relays: [{name: main, driver: mcp23008, bus: sim}]
meters:
  - name: adc
    driver: ads130e08
    bus: sim:0
    voltage: {channel: 1, divider: 200}
    currents: [{channel: 2, feeds: inlet 1}, {channel: 3, feeds: outlet 1}]
outlets: [{number: 1, relay: main.0}, {number: 2, relay: main.1}, {number: 3}]
groups: [{number: 4, outlets: [1, 2]}]
io: [{name: panel, driver: mcp23017, bus: sim, address: 0x24}]
sensors:
  - {number: 1, driver: hwmon, path: sim}
  - {number: 2, kind: contact, driver: contact, input: panel.0}
hosts: [{name: nas, address: 192.0.2.9}]
rules:
"""


def load(folder: Path, text: str, before: str = "") -> AgentSettings:
    path = folder / "openpdu.yaml"
    path.write_text(UNIT.replace("hosts:", f"{before}hosts:") + text, encoding="utf-8")
    return load_settings(path, {})


def complaints(folder: Path, text: str) -> list[str]:
    """Without the file's name, so that line and column can be seen; lines from the first rule."""
    with pytest.raises(ConfigErrors) as caught:
        load(folder, text)
    first = UNIT.count("\n")
    told = []
    for problem in caught.value.problems:
        line, column, rest = problem.removeprefix(f"{folder}/openpdu.yaml:").split(":", 2)
        if "snmp.credentials" not in rest and "warning" not in rest:
            told.append(f"{int(line) - first}:{column}:{rest}")
    return told


def test_a_rule_is_read_with_all_of_it(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """\
  - name: hot
    when: {target: sensor 1, above: 30, hysteresis: 2}
    for_s: 10
    then: [{switch: off, outlets: [2]}, {alarm: critical, text: too hot}]
    keep: true
    otherwise: [{switch: on, group: 4}]
    on_missing: {after_s: 30, then: [{switch: off, outlets: [2]}]}
  - name: nas
    enabled: false
    when: {host: nas, failures: 5}
    then: [{switch: reboot, outlets: [1]}]
    again_after_s: 600
    times_per_day: 3
""",
    )
    off = ActionSettings(switch="off", outlets=(2,))
    assert settings.hosts == (HostSettings("nas", "192.0.2.9"),)
    assert settings.rules == (
        RuleSettings(
            "hot",
            TriggerSettings(target=Target(TargetKind.SENSOR, 1), above=30.0, hysteresis=2.0),
            (off, ActionSettings(alarm="critical", text="too hot")),
            for_s=10.0,
            keep=True,
            otherwise=(ActionSettings(switch="on", group=4),),
            on_missing=MissingSettings(30.0, (off,)),
        ),
        RuleSettings(
            "nas",
            TriggerSettings(host="nas", failures=5),
            (ActionSettings(switch="reboot", outlets=(1,)),),
            enabled=False,
            again_after_s=600.0,
            times_per_day=3,
        ),
    )


OFF_2 = "then: [{switch: off, outlets: [2]}]"


@pytest.mark.parametrize(
    ("when", "complaint"),
    [
        ("{target: sensor 7, above: 1}", "target: there is no sensor 7"),
        ("{target: sensor 2, above: 1}", "is a contact; give it as sensor and contact"),
        ("{target: sensor 1, quantity: humidity, above: 1}", "has no humidity to watch"),
        ("{target: outlet 2, quantity: active power, above: 1}", "nothing in `meters` feeds"),
        ("{target: outlet 1, above: 1}", "expected a quantity, such as active power"),
        ("{target: outlet 1, quantity: activ power, above: 1}", "did you mean active power?"),
        ("{target: unit 1, quantity: active power}", "expected either above or below"),
        ("{target: sensor 1, above: 2, below: 1}", "expected either above or below"),
        ("{outlet: 9, state: on}", "there is no outlet 9; there are 1, 2, 3"),
        ("{outlet: 1, state: open}", "expected one of on, off, fault"),
        ("{outlet: 1}", "nothing is watched; expected one of"),
        ("{outlet: 1, state: on, host: nas}", "state and host is watched"),
        ("{outlet: 1, state: on, hysteresis: 3}", "hysteresis: does not go with outlet"),
        ("{outlet: 2, draws_below_w: 5}", "nothing in `meters` feeds outlet 2"),
        ("{outlet: 1, draws_below_w: 5, armed_above_w: 4}", "does not exceed draws_below_w"),
        ("{sensor: 9, contact: closed}", "there is no sensor 9"),
        ("{sensor: 1, contact: closed}", "it is no contact"),
        ("{sensor: 2, contact: wet}", "never wet; expected closed or open"),
        ("{host: nass}", "no host in `hosts` is called 'nass' (did you mean nas?)"),
        ("{ups: any, flag: on_batery}", "did you mean on_battery?"),
    ],
)
def test_what_cannot_be_watched_is_told_with_its_place(
    tmp_path: Path, when: str, complaint: str
) -> None:
    told = complaints(tmp_path, f"  - name: x\n    when: {when}\n    {OFF_2}\n")
    assert any(complaint in line and line.startswith("2:") for line in told), told


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ("{switch: off, outlets: [2, 8]}", "3:39: rules[0].then[0].outlets[1]: there is no"),
        ("{switch: off, outlets: [3]}", "outlet 3 is metered only: it has no relay"),
        ("{switch: off, outlets: [2, 2]}", "outlet 2 is named twice"),
        ("{switch: off, group: 5}", "there is no group 5; there are 4"),
        ("{switch: off, group: 4, outlets: [1]}", "expected either outlets or group"),
        ("{switch: off}", "expected either outlets or group"),
        ("{switch: of, outlets: [1]}", "did you mean off?"),
        ("{hook: page}", "no hook in `hooks` is called 'page'"),
        ("{alarm: warning, hook: page}", "expected one of switch, alarm, hook"),
        ("{text: hello}", "expected one of switch, alarm, hook"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_place(
    tmp_path: Path, action: str, complaint: str
) -> None:
    rule = f"  - name: x\n    when: {{outlet: 1, state: on}}\n    then: [{action}]\n"
    told = complaints(tmp_path, rule)
    assert any(complaint in line for line in told), told


def rule(name: str, when: str, then: str, more: str = "") -> str:
    return f"  - name: {name}\n    when: {{{when}}}\n    then: [{{{then}}}]\n{more}"


def test_two_rules_of_one_name_are_told(tmp_path: Path) -> None:
    text = rule("x", "outlet: 1, state: on", "switch: off, outlets: [2]") * 2
    (told,) = complaints(tmp_path, text)
    assert "'x' is given to two entries" in told


def test_two_rules_that_keep_an_outlet_both_ways_are_told(tmp_path: Path) -> None:
    keep = "    keep: true\n"
    text = rule("hot", "target: sensor 1, above: 30", "switch: off, outlets: [2]", keep)
    text += rule("cold", "target: sensor 1, below: 5", "switch: on, group: 4", keep)
    (told,) = complaints(tmp_path, text)
    assert "outlet 2 is kept on here, and the other way by rule hot" in told


@pytest.mark.parametrize(
    "bad",
    [
        "{name: a, address: x, probe: tcp}",
        "{name: a, address: x, port: 80}",
        "{name: '', address: x}",
        "{name: a, address: x, interval_s: 1, timeout_s: 2}",
    ],
)
def test_a_host_that_cannot_be_asked_is_told(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "openpdu.yaml"
    path.write_text(f"schema: 1\nhosts: [{bad}]\n", encoding="utf-8")
    with pytest.raises(ConfigErrors, match=r"hosts\[0\]"):
        load_settings(path, {})


# -- circles ----------------------------------------------------------------------------


def test_a_circle_through_states_is_an_error_with_names_and_places(tmp_path: Path) -> None:
    text = rule("a", "outlet: 1, state: on", "switch: off, outlets: [2]")
    text += rule("b", "outlet: 2, state: off", "switch: off, outlets: [1]")
    text += rule("c", "outlet: 1, state: off", "switch: on, outlets: [1]")
    (told,) = complaints(tmp_path, text)
    assert told.startswith("1:5: rules[0]: a circle of rules: ")
    assert all(f"{name} ({tmp_path}/openpdu.yaml:" in told for name in "abc")


def test_rules_that_follow_each_other_are_no_circle(tmp_path: Path) -> None:
    """One way each: on makes on, and off makes off."""
    text = rule("a", "outlet: 1, state: on", "switch: on, outlets: [2]")
    text += rule("b", "outlet: 2, state: on", "switch: on, outlets: [1]")
    text += rule("c", "outlet: 1, state: off", "switch: off, outlets: [2]")
    assert len(load(tmp_path, text).rules) == 3


def test_a_rule_that_undoes_itself_is_a_circle(tmp_path: Path) -> None:
    otherwise = "    otherwise: [{switch: on, outlets: [1]}]\n"
    text = rule("x", "outlet: 1, state: on", "switch: off, outlets: [1]", otherwise)
    assert any("a circle of rules" in line for line in complaints(tmp_path, text))


def test_rules_that_reboot_each_other_are_a_circle(tmp_path: Path) -> None:
    text = rule("a", "outlet: 1, state: off", "switch: reboot, outlets: [2]")
    text += rule("b", "outlet: 2, state: off", "switch: reboot, outlets: [1]")
    assert any("a circle of rules" in line for line in complaints(tmp_path, text))


def test_a_disabled_rule_makes_no_circle(tmp_path: Path) -> None:
    otherwise = "    otherwise: [{switch: on, outlets: [1]}]\n    enabled: false\n"
    text = rule("x", "outlet: 1, state: on", "switch: off, outlets: [1]", otherwise)
    assert load(tmp_path, text).rules


def test_a_circle_through_what_is_drawn_is_a_warning(tmp_path: Path) -> None:
    """Less is drawn once the outlet is off, and then it comes on again."""
    otherwise = "    otherwise: [{switch: on, outlets: [2]}]\n"
    when = "target: inlet 1, quantity: active power, above: 2000"
    (warning,) = [
        text
        for text in load(
            tmp_path, rule("shed", when, "switch: off, outlets: [2]", otherwise)
        ).warnings
        if "a circle of rules" in text
    ]
    assert "warning: rules[0]: a circle of rules:" in warning
    assert "inlet 1 draws less" in warning
    one_way = load(tmp_path, rule("shed", when, "switch: off, outlets: [2]"))
    assert not any("a circle of rules" in text for text in one_way.warnings)
