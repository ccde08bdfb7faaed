# SPDX-License-Identifier: Apache-2.0
"""The section `outage`: what is taken, what is wrong and where, what is doubtful."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.core_settings import core_settings_of

UNIT = """\
schema: 1
snmp: {listen: []}
inlets: [{number: 1}, {number: 2}]
relays: [{name: main, driver: mcp23008, bus: sim}]
outlets:
- {number: 1, relay: main.0, before_off: bye}
- {number: 2, relay: main.1, before_off: bye}
- {number: 3}
- {number: 4, relay: main.2, inlet: 2, before_off: bye}
hooks: [{name: bye, kind: command, command: [/bin/true]}]
groups: [{number: 7, outlets: [1]}]
upses: [{name: rack, inlets: [1]}]
"""


def complaints(folder: Path, text: str, unit: str = UNIT) -> list[str]:
    path = folder / "openpdu.yaml"
    path.write_text(unit + text, encoding="utf-8")
    return [str(problem).replace(f"{path}:", "") for problem in check_file(path, {})]


def test_the_section_gets_to_the_core(tmp_path: Path) -> None:
    text = "outage: {enabled: true, shed: [{after_s: 60, groups: [7]}], low: {keep: [2]}}\n"
    assert not [each for each in complaints(tmp_path, text) if "outage" in each]
    outage = core_settings_of(load_settings(tmp_path / "openpdu.yaml", {})).outage
    assert (outage.enabled, outage.shed[0].groups, outage.low.keep) == (True, (7,), (2,))


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("{shed: [{after_s: 5}]}", "13:17", "outage.shed[0]: it names nothing that goes off"),
        ("{shed: [{outlets: [9]}]}", "13:28", "there is no outlet 9"),
        ("{shed: [{outlets: [3]}]}", "13:28", "outlet 3 is metered only"),
        ("{shed: [{outlets: [1, 1]}]}", "13:31", "outlet 1 is named twice"),
        ("{shed: [{groups: [8]}]}", "13:27", "there is no group 8 in `groups`"),
        ("{low: {keep: [9]}}", "13:23", "there is no outlet 9"),
        ("{shed: [{outlets: [1]}], low: {keep: [1]}}", "13:28", "outlet 1 is to stay on"),
    ],
)
def test_what_cannot_be_is_an_error_at_its_place(
    tmp_path: Path, text: str, place: str, expected: str
) -> None:
    (found,) = [each for each in complaints(tmp_path, f"outage: {text}\n") if expected in each]
    assert found.startswith(place)
    assert "warning" not in found


def test_without_a_ups_that_feeds_something_it_cannot_be_enabled(tmp_path: Path) -> None:
    text = "outage: {enabled: true}\n"
    unit = UNIT.replace(", inlets: [1]", "")
    (found,) = [each for each in complaints(tmp_path, text, unit) if "outage.enabled" in each]
    assert "no UPS in `upses` feeds an inlet: give one `inlets`" in found
    assert not [each for each in complaints(tmp_path, "", unit) if "outage" in each]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{shed: [{outlets: [4]}]}", "no UPS feeds inlet 2 of outlet 4: it is never shed"),
        (
            "{shed: [{charge_pct: 20, outlets: [1]}], low: {charge_pct: 20}}",
            "20: at 20 all are shut down already, by `outage.low.charge_pct`",
        ),
        (
            "{shed: [{after_s: 90, outlets: [1]}], low: {after_s: 60}}",
            "90: at 60 all are shut down already, by `outage.low.after_s`",
        ),
        ("{low: {charge_pct: 20}, back: {charge_pct: 10}}", "while the battery is low still"),
    ],
)
def test_what_is_doubtful_is_a_warning(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = [each for each in complaints(tmp_path, f"outage: {text}\n") if expected in each]
    assert "warning" in found


def test_outlets_that_would_be_cut_at_once_are_told(tmp_path: Path) -> None:
    unit = UNIT.replace("relay: main.1, before_off: bye", "relay: main.1")
    text = "outage: {enabled: true}\n"
    (found,) = [each for each in complaints(tmp_path, text, unit) if "outage.low" in each]
    assert "warning" in found
    assert "outlet 2 without `before_off` and `graceful`: cut at once" in found
