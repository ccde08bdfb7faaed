# SPDX-License-Identifier: Apache-2.0
"""The section `upses`: what is taken, what is wrong and where, what is doubtful."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.changes import needing_restart
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.nut.settings import Tls, UpsSettings

UNIT = """\
schema: 1
snmp: {listen: []}
relays: [{name: main, driver: mcp23008, bus: sim}]
outlets: [{number: 1, relay: main.0}]
"""


def complaints(folder: Path, text: str) -> list[str]:
    path = folder / "openpdu.yaml"
    path.write_text(UNIT + text, encoding="utf-8")
    return [str(problem).replace(f"{path}:", "") for problem in check_file(path, {})]


def test_the_section_is_read(tmp_path: Path) -> None:
    file = tmp_path / "openpdu.yaml"
    file.write_text(
        UNIT + "upses: [{name: rack, server: '[2001:db8::7]:3493', ups: apc, inlets: [1],"
        " tls: verified, poll_s: 1}]\n",
        encoding="utf-8",
    )
    expected = UpsSettings("rack", "[2001:db8::7]:3493", "apc", (1,), tls=Tls.VERIFIED, poll_s=1.0)
    assert load_settings(file, {}).upses == (expected,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("upses: [{name: a}, {name: a}]\n", "given to two UPSes; the first is at"),
        ("upses: [{name: any}]\n", "and not 'any'"),
        ("upses: [{name: a, server: here}]\n", "expected host:port"),
        ("upses: [{name: a, server: 'here:0'}]\n", "expected host:port"),
        ("upses: [{name: a, server: '::1:3493'}]\n", "expected host:port"),
        ("upses: [{name: a, inlets: [2]}]\n", "there is no inlet 2"),
        ("upses: [{name: a, inlets: [1, 1]}]\n", "inlet 1 is named twice"),
        ("upses: [{name: a, user: me}]\n", "there is no secret_file"),
        ("upses: [{name: a, secret_file: /x}]\n", "there is no user"),
        ("upses: [{name: a, user: me, secret_file: x}]\n", "no absolute path"),
        ("upses: [{name: a, ca_file: /x}]\n", "`tls: verified` only"),
        ("upses: [{name: a, poll_s: 20}]\n", "does not exceed poll_s, 20"),
    ],
)
def test_what_cannot_be_is_an_error_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = [each for each in complaints(tmp_path, text) if expected in each]
    assert found.startswith("5:")
    assert "warning" not in found


RULE = (
    "rules: [{name: r, when: {ups: %s, flag: on_battery}, then: [{switch: 'off', outlets: [1]}]}]\n"
)


def test_a_rule_about_a_ups_that_is_not_there(tmp_path: Path) -> None:
    found = complaints(tmp_path, "upses: [{name: rack}]\n" + RULE % "rakc")
    assert any("6:" in each and "'rakc' (did you mean" in each for each in found), found
    assert complaints(tmp_path, "upses: [{name: rack}]\n" + RULE % "rack") == []
    assert complaints(tmp_path, "upses: [{name: rack}]\n" + RULE % "any") == []
    (doubt,) = complaints(tmp_path, RULE % "any")
    assert "warning" in doubt
    assert "never comes true" in doubt


def test_a_plan_that_waits_for_a_ups_that_is_not_there(tmp_path: Path) -> None:
    plan = (
        "plans: [{name: p, at: ['22:00'], outlets: [1], action: 'off',"
        " conditions: {not_on_battery: true}}]\n"
    )
    (doubt,) = complaints(tmp_path, plan)
    assert "warning" in doubt
    assert "always skipped" in doubt
    assert complaints(tmp_path, "upses: [{name: rack}]\n" + plan) == []


def test_doubts_about_files_and_what_can_be_overheard(tmp_path: Path) -> None:
    secret = tmp_path / "ups.secret"
    ups = f"upses: [{{name: a, server: 'ups.example:3493', user: me, secret_file: {secret}}}]\n"
    missing = complaints(tmp_path, ups)
    assert any("cannot be read: No such file" in each for each in missing)
    assert any("use verified" in each for each in missing)
    assert all("warning" in each for each in missing)
    secret.write_text("hunter2\n", encoding="utf-8")
    secret.chmod(0o644)
    assert any(f"chmod 640 {secret}" in each for each in complaints(tmp_path, ups))
    secret.chmod(0o640)
    assert [each for each in complaints(tmp_path, ups) if "secret_file" in each] == []
    assert not any("hunter2" in each for each in complaints(tmp_path, ups))


def test_a_certificate_for_an_address(tmp_path: Path) -> None:
    (doubt,) = complaints(tmp_path, "upses: [{name: a, server: '192.0.2.7:1', tls: verified}]\n")
    assert "has to name the address 192.0.2.7" in doubt


def test_upses_are_taken_on_a_reload_but_the_simulated_ones_are_made_once(tmp_path: Path) -> None:
    def loaded(text: str) -> AgentSettings:
        file = tmp_path / "openpdu.yaml"
        file.write_text(UNIT + text, encoding="utf-8")
        return load_settings(file, {})

    none, real = loaded(""), loaded("upses: [{name: rack}]\n")
    simulated = loaded("upses: [{name: rack, server: sim, inlets: [1]}]\n")
    renamed = loaded("upses: [{name: rack, server: sim, inlets: [1], poll_s: 1}]\n")
    assert needing_restart(none, real) == []
    assert needing_restart(real, none) == []
    assert needing_restart(none, simulated) == ["upses"]
    assert needing_restart(simulated, renamed) == []
