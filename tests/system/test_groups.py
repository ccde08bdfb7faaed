# SPDX-License-Identifier: Apache-2.0
"""A group of the real agent, switched from the command line: relays, words, causes, audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.test_graceful_off import Unit

CONFIG = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: []}}
http: {{listen: ''}}
simulator: {{relay_log: {folder}/relays.log}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
hooks: [{{name: bye, kind: command, command: [/bin/sleep, "1"]}}]
outlets:
  - {{number: 1, relay: main.0, reboot_s: 1}}
  - {{number: 2, relay: main.1, reboot_s: 1, before_off: bye}}
  - {{number: 3, relay: main.2, reboot_s: 1}}
  - {{number: 4, relay: main.3, reboot_s: 1}}
groups: [{{number: 7, name: rack, outlets: [1, 2, 3]}}]
"""


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    started = Unit(tmp_path_factory.mktemp("groups"), CONFIG)
    yield started
    started.close()


def movements(folder: Path, since: int = 0) -> list[tuple[int, str]]:
    """Outlet and what its relay became, as the simulator wrote it."""
    lines = (folder / "relays.log").read_text(encoding="utf-8").splitlines()[since:]
    return [(int(line.split()[1]), line.split()[2]) for line in lines]


def test_a_group_is_rebooted_as_a_whole_but_for_what_is_locked(unit: Unit) -> None:
    assert unit.ask("on", "all", "--wait").returncode == 0  # outlet 4 may still start
    assert unit.ask("on", "--group", "rack", "--wait").returncode == 0
    assert unit.ask("lock", "3").returncode == 0
    begun = len(movements(unit.folder))
    done = unit.ask("cycle", "-g", "7", "--wait")
    assert done.returncode == 0, done.stderr
    assert "outlet 3: left on, it is locked on: unlock it before switching it" in done.stdout
    moves = movements(unit.folder, begun)
    assert [outlet for outlet, _ in moves] in ([1, 2, 1, 2], [1, 2, 2, 1])
    assert len({value for _, value in moves[:2]}) == 1
    told = json.loads(unit.ask("why", "2", "--json").stdout)["sentences"]
    assert any("Last changed by cli " in sentence for sentence in told)


def test_each_member_has_a_command_and_proofs_in_the_audit_log(unit: Unit) -> None:
    unit.ask("cycle", "--group", "rack", "--now", "--wait")
    config = str(unit.folder / "openpdu.yaml")
    shown = unit.ask("audit", "--config", config, "--outlet", "1", "--since", "1h", "--json")
    rows = json.loads(shown.stdout)["entries"]
    command = next(row for row in reversed(rows) if row["result"] == "changed")
    assert command["asked"] == "group 7 reboot forced"
    proofs = [row["proof"] for row in rows if row["result"] == "proof"]
    assert [proof["ordered"] for proof in proofs[-2:]] == ["off", "on"]
    assert {proof["command"] for proof in proofs[-2:]} == {command["time"]}
    assert unit.ask("audit", "verify", "--config", config).returncode == 0


def test_a_group_that_is_not_there_is_named(unit: Unit) -> None:
    refused = unit.ask("off", "--group", "rock")
    assert refused.returncode == 4
    assert "groups that exist: 7 rack" in refused.stderr
    listed = unit.ask("groups").stdout
    assert "rack" in listed
