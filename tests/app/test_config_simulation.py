# SPDX-License-Identifier: Apache-2.0
"""What `openpdu check` tells of simulated devices and of the script that is played on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import check_file, load_settings

UNIT = """\
schema: 1
simulator: {script: SCRIPT, relay_log: RELAYS}
relays: [{name: a, driver: mcp23008, bus: sim}]
outlets: [{number: 1, relay: a.0}]
snmp: {listen: []}
http: {listen: ""}
"""


def told(folder: Path, script: str, name: str = "mine.yaml") -> list[str]:
    """What check says of a configuration and a script beside it."""
    (folder / "mine.yaml").write_text(script, encoding="utf-8")
    text = UNIT.replace("SCRIPT", name).replace("RELAYS", str(folder / "relays.log"))
    return complaints(folder, text)


def complaints(folder: Path, text: str) -> list[str]:
    (folder / "o.yaml").write_text(text, encoding="utf-8")
    found = [str(problem) for problem in check_file(folder / "o.yaml", {})]
    return [line.replace(f"{folder}/", "") for line in found]


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("- relay: {weld: 2}", "mine.yaml:1:17: steps[0].relay.weld: outlet 2 has no simulated"),
        ("- device: {name: b, unplug: true}", "mine.yaml:1:18: steps[0].device.name: no"),
        ("- device: {name: a, clip_channel: 1}", "mine.yaml:1:35: steps[0].device.clip_channel: a"),
        ("- bus: {name: sim:x, nack: 1}", "mine.yaml:1:15: steps[0].bus.name: no simulated bus"),
    ],
)
def test_a_script_that_the_devices_cannot_play_is_told_with_its_line(
    tmp_path: Path, script: str, complaint: str
) -> None:
    (line,) = told(tmp_path, script)
    assert line.startswith(complaint)


def test_a_script_is_looked_for_beside_the_configuration_and_check_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert told(tmp_path, "- relay: {weld: 1}") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "mine.yaml", "o.yaml"]
    settings = load_settings(tmp_path / "o.yaml", {})
    assert settings.simulator.script == str(tmp_path / "mine.yaml")


def test_a_ready_script_goes_by_its_name(tmp_path: Path) -> None:
    text = UNIT.replace("SCRIPT", "busy-day").replace(", relay_log: RELAYS", "")
    (complaint,) = complaints(tmp_path, text)[:1]
    assert "scripts/busy-day.yaml:" in complaint  # this unit has no outlet 2
    assert "there is no outlet 2" in complaint
    assert load_settings(tmp_path / "o.yaml", {}).simulator.script == "busy-day"


def test_a_device_without_a_simulator_is_told(tmp_path: Path) -> None:
    map_file = tmp_path / "map.yaml"
    map_file.write_text(
        "name: x\nfunction: 4\nvalues:\n  voltage: {register: 0, type: u16, unit: V}\n",
        encoding="utf-8",
    )
    text = (
        "schema: 1\nsnmp: {listen: []}\ninlets: [{number: 1}]\nmeters:\n"
        f"  - {{name: m, driver: modbus, port: sim, map: {map_file},"
        " channels: {main: inlet 1}}\n"
    )
    (complaint,) = complaints(tmp_path, text)
    assert complaint.startswith("o.yaml: meters: m: no simulated meter has the map")
