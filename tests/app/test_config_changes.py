# SPDX-License-Identifier: Apache-2.0
"""What a running agent can take over from its file, and what it says needs a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.changes import needing_restart
from pdu_agent.app.config.load import load_settings
from pdu_agent.app.config.schema import AgentSettings

FILE = """\
schema: 1
device: {name: strip, sequence_interval_s: 0.5, coil_budget: 8}
snmp: {listen: ["127.0.0.1:0"]}
relays: [{name: main, driver: mcp23008, bus: sim, address: 0x20}]
inlets: [{number: 1, rated_current_a: 16}]
branches: [{number: 1, rated_current_a: 10}]
outlets:
  - {number: 1, name: web, relay: main.0, branch: 1, on_delay_s: 3}
  - {number: 2, relay: main.1}
sensors: [{number: 1, driver: hwmon, path: sim}]
groups: [{number: 1, outlets: [1]}]
upses: [{name: rack, inlets: [1]}]
outage: {enabled: false}
"""


def settings(folder: Path, *changes: tuple[str, str]) -> AgentSettings:
    text = FILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / "openpdu.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, {})


TAKEN = [
    ("name: strip", "name: rack"),
    ("sequence_interval_s: 0.5", "sequence_interval_s: 2"),
    ("name: web", "name: db"),
    ("on_delay_s: 3", "on_delay_s: 30"),
    ("rated_current_a: 16", "rated_current_a: 10"),
    ("groups: [{number: 1, outlets: [1]}]", "groups: [{number: 2, outlets: [1, 2]}]"),
    ("sensors: [{number: 1,", "sensors: [{number: 1, name: hot,"),
    ("outage: {enabled: false}", "outage: {enabled: true, confirm_s: 9}"),
]
FIXED = [
    ("coil_budget: 8", "coil_budget: 4", "device coil_budget"),
    ("relay: main.1", "relay: main.2", "outlets 2 relay"),
    ("relay: main.0, branch: 1", "relay: main.0", "outlets 1 branch"),
    ("  - {number: 2, relay: main.1}\n", "", "outlets 2"),
    ("address: 0x20", "address: 0x21", "relays"),
    ('listen: ["127.0.0.1:0"]', "listen: []", "snmp"),
    ("sensors: [{number: 1,", "sensors: [{number: 3,", "sensors 1"),
]


@pytest.mark.parametrize(("old", "new"), TAKEN)
def test_these_changes_need_no_restart(tmp_path: Path, old: str, new: str) -> None:
    before, after = settings(tmp_path), settings(tmp_path, (old, new))
    assert before != after
    assert needing_restart(before, after) == []


@pytest.mark.parametrize(("old", "new", "named"), FIXED)
def test_these_changes_are_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert named in needing_restart(settings(tmp_path), settings(tmp_path, (old, new)))


def test_all_that_needs_a_restart_is_named_at_once(tmp_path: Path) -> None:
    after = settings(tmp_path, ("coil_budget: 8", "coil_budget: 4"), ("main.1", "main.2"))
    assert needing_restart(settings(tmp_path), after) == ["device coil_budget", "outlets 2 relay"]
