# SPDX-License-Identifier: Apache-2.0
"""An audit log that an earlier version began is read, verified and gone on with; each switching of
an automaton or a person has two entries, its command's and its proof."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.core.settings import GroupSettings
from pdu_agent.model.audit import AuditEntry
from pdu_agent.model.commands import Action, Actor, SetCountdown, SwitchGroup, SwitchOutlet
from pdu_agent.model.record import Record
from pdu_agent.store.record_store import RecordStore
from tests.core import test_plans, test_rules, test_stopping
from tests.core.bench import Workbench

FIRST = Path(__file__).parents[1] / "fixtures" / "audit-v1.jsonl"
"""Of the version before entries had a reason of automata, forced orders and proofs."""
DEVICE = "80001f888001020304"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    shutil.copy(FIRST, folder / "audit.jsonl")
    return folder


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    main(["audit", *map(str, arguments)])
    return capsys.readouterr().out


def rows(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(printed(capsys, *arguments, "--json"))["entries"]
    return found


def store(tmp_path: Path, *entries: AuditEntry) -> tuple[object, ...]:
    """A log that ends in these; the options that name it."""
    folders = tmp_path / "run", tmp_path / "state"
    writer = RecordStore(*folders, lambda _: None)
    writer.load()
    writer.begin_audit(DEVICE)
    for entry in entries:
        writer.append_audit(entry)
    writer.flush_now(Record(seq=1, engine_id=b"x"))
    writer.close()
    return "--state-dir", folders[1], "--runtime-dir", folders[0]


def test_an_earlier_log_is_whole_and_shown(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", "--state-dir", str(state)]) == exits.OK
    assert "whole from number 1 to number 9" in capsys.readouterr().out
    shown = printed(capsys, "--state-dir", state)
    assert "snmp ops from 192.0.2.7:4242" in shown
    assert "refused: outlet 2 is locked on" in shown
    assert "outlet 3 was 0.000 kWh since" in shown
    assert [row["number"] for row in rows(capsys, "--state-dir", state, "--outlet", 3)] == [
        *(6, 7, 8, 9),
    ]


def test_an_earlier_log_that_was_altered_is_still_noticed(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = state / "audit.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace('"joe"', '"jim"'), encoding="utf-8")
    assert main(["audit", "verify", "--state-dir", str(state)]) == exits.PROBLEMS
    assert ":5: number 5: " in capsys.readouterr().out


def test_this_version_goes_on_after_it(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Workbench(3)
    bench.switch(1, Action.OFF)
    bench.run(10)
    where = store(tmp_path, *bench.audited, *bench.proved)
    assert main(["audit", "verify", *map(str, where)]) == exits.OK
    assert "whole from number 1 to number 11" in capsys.readouterr().out
    found = rows(capsys, *where, "--outlet", 1, "--since", "2027-01-01")
    assert [row["result"] for row in found] == [
        *("changed", "unchanged", "changed", "changed", "proof"),
    ]
    assert found[-1]["proof"]["verdict"] == "verified"


def by_door(actor: Actor) -> Workbench:
    bench = Workbench(1)
    bench.core.submit_all([SwitchOutlet(1, Action.OFF)], actor)
    bench.settle()
    bench.run(10)
    return bench


def by_plan() -> Workbench:
    unit = test_plans.bench("2026-11-01 21:59", test_plans.daily("22:00"))
    unit.run(120)
    return unit


def by_rule() -> Workbench:
    unit = test_rules.bench(test_rules.HOT)
    test_rules.feel(unit, 5, 25.0)
    test_rules.feel(unit, 30, 31.0)
    return unit


def by_countdown() -> Workbench:
    unit = test_plans.bench("2026-11-01 12:00")
    unit.submit(SetCountdown(1, Action.OFF, 60))
    unit.run(120)
    return unit


def by_graceful_off() -> Workbench:
    made = test_stopping.bench(before_off="bye")
    made.switch(1, Action.OFF)
    made.run(0.01)
    test_stopping.ends(made)
    made.run(10)
    return made


DOORS: dict[str, Callable[[], Workbench]] = {
    "snmp ops from 192.0.2.7": lambda: by_door(Actor("snmp", "ops", "192.0.2.7")),
    "http ann from 192.0.2.8": lambda: by_door(Actor("http", "ann", "192.0.2.8")),
    "cli root from pid 7": lambda: by_door(Actor("cli", "root", "pid 7")),
    "button 3": lambda: by_door(Actor("button", "3")),
    "nut upsmon from 192.0.2.9": lambda: by_door(Actor("nut", "upsmon", "192.0.2.9")),
    "safety cap 1 (517 W)": lambda: by_door(Actor("safety", "cap 1", "", "517 W")),
    "schedule night (due 2026-11-01 22:00 CET)": by_plan,
    "rule hot (sensor 1 temperature 31 C, at or above 30 C for 10 s)": by_rule,
    "snmp ops from 192.0.2.7:4242 (a countdown has ended)": by_countdown,
    "snmp ops from 192.0.2.7:4242 (its hook is done)": by_graceful_off,
}


@pytest.mark.parametrize("who", DOORS)
def test_each_door_leaves_a_command_and_its_proof(who: str) -> None:
    bench = DOORS[who]()
    (proof,) = bench.proved
    assert str(proof.actor) == who
    assert proof.proof is not None
    command = next(e for e in bench.audited if e.t_wall_s == proof.proof.command_wall_s)
    assert (str(command.actor), command.reason) == (who, proof.reason)
    before, after = command.outlets[proof.proof.outlet]
    assert before.startswith(("on", "off pending"))
    assert after.startswith("off pending")
    assert command.to_plain()["time"] == proof.to_plain()["proof"]["command"]


def test_each_movement_of_a_group_has_its_proof() -> None:
    bench = Workbench(3, groups=(GroupSettings(1, "db", (1, 2, 3)),))
    bench.submit(SwitchGroup(1, Action.REBOOT))
    bench.run(30)
    (command,) = bench.audited
    assert set(command.outlets) == {1, 2, 3}
    assert len(bench.proved) == 6
    assert {entry.proof.command_wall_s for entry in bench.proved if entry.proof} == {
        command.t_wall_s
    }
