# SPDX-License-Identifier: Apache-2.0
"""`openpdu audit` on the files of a store, beside its agent and without one."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.app.commands.audit import since
from pdu_agent.model.audit import AuditEntry, AuditResult, ResetMark
from pdu_agent.model.commands import Actor
from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import ChangeReason
from pdu_agent.store.audit_chain import START, sealed
from pdu_agent.store.record_store import RecordStore

OPS = Actor("snmp", "ops", "192.0.2.7:4242")
JOE = Actor("http", "joe", "192.0.2.8")
NOW_S = 1.8e9


def entry(outlet: int, t_wall_s: float, actor: Actor = OPS, **more: object) -> AuditEntry:
    return AuditEntry(
        t_wall_s,
        actor,
        ChangeReason.SNMP,
        f"outlet {outlet} off",
        ({"command": "SwitchOutlet", "outlet": outlet, "action": "off", "delay_s": None},),
        **{  # type: ignore[arg-type]
            "result": AuditResult.CHANGED,
            "outlets": {outlet: ("on", "off pending (off)")},
            **more,
        },
    )


RESET = AuditEntry(
    NOW_S + 4,
    JOE,
    ChangeReason.WEB,
    "outlet 2 reset energy",
    ({"command": "ResetMeter", "target": "outlet 2", "what": "energy"},),
    AuditResult.CHANGED,
    meters={"outlet 2": ResetMark(9_000_000, 7_200_000, NOW_S)},
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "run", tmp_path / "state", lambda _: None)
    store.load()
    store.begin_audit("80001f88")
    for each in (
        entry(1, NOW_S),
        entry(2, NOW_S + 1),
        entry(2, NOW_S + 2, JOE, result=AuditResult.REFUSED, error="outlet 2 is locked", missed=3),
        RESET,
    ):
        store.append_audit(each)
    store.flush_now(Record(seq=1, engine_id=b"x"))
    yield store
    store.close()


@pytest.fixture
def folders(store: RecordStore, tmp_path: Path) -> tuple[str, ...]:
    del store
    return ("--state-dir", str(tmp_path / "state"), "--runtime-dir", str(tmp_path / "run"))


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["audit", *arguments]) == exits.OK
    return capsys.readouterr().out.splitlines()[1:]


def test_it_shows_who_did_what(
    folders: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(capsys, *folders)
    assert len(lines) == 5
    assert "log of device 80001f88 begun" in lines[0]
    assert "snmp ops from 192.0.2.7:4242 outlet 1 off" in lines[1]
    assert lines[1].endswith("on -> off pending (off)")
    assert "refused: outlet 2 is locked; 3 refused before it without an entry" in lines[3]
    assert "outlet 2 reset energy (outlet 2 was 0.002 kWh since 2027-01-15" in lines[4]


@pytest.mark.parametrize(
    ("narrowed", "numbers"),
    [
        (("--outlet", "2"), [3, 4, 5]),
        (("--actor", "JOE"), [4, 5]),
        (("--actor", "192.0.2.7"), [2, 3]),
        (("--since", "2027-01-15T08:00:01+00:00"), [3, 4, 5]),
        (("--outlet", "2", "--actor", "snmp"), [3]),
        (("--count", "2"), [4, 5]),
        (("--outlet", "7"), []),
    ],
)
def test_it_shows_what_is_asked_for(
    folders: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    narrowed: tuple[str, ...],
    numbers: list[int],
) -> None:
    assert main(["audit", *folders, *narrowed, "--json"]) == exits.OK
    answer = json.loads(capsys.readouterr().out)
    assert [row["number"] for row in answer["entries"]] == numbers


def test_lines_that_wait_for_the_card_are_shown_and_verified(
    store: RecordStore, folders: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    store.append_audit(entry(1, NOW_S + 9))
    store.save(Record(seq=2, engine_id=b"x"))
    assert shown(capsys, *folders)[-1].split()[0] == "6"
    assert main(["audit", "verify", *folders]) == exits.OK
    assert capsys.readouterr().out.startswith("whole from number 1 to number 6\n")


def test_a_copy_of_the_state_folder_is_enough(
    folders: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "verify", *folders[:2], "--json"]) == exits.OK
    answer = json.loads(capsys.readouterr().out)
    assert (answer["whole"], answer["newest"]["number"], answer["recorded"]) == (True, 5, 5)


def test_an_altered_line_is_named_with_its_file(
    folders: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "state" / "audit.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"who":"joe"', b'"who":"ops"', 1))
    assert main(["audit", "verify", *folders]) == exits.PROBLEMS
    assert capsys.readouterr().out.startswith(f"{file}:4: number 4: altered")
    assert main(["audit", "verify", *folders, "--json"]) == exits.PROBLEMS
    first = json.loads(capsys.readouterr().out)["problems"][0]
    assert (first["file"], first["line"], first["number"]) == (str(file), 4, 4)
    assert main(["audit", *folders]) == exits.OK
    assert f"not whole: {file}:4" in capsys.readouterr().err


def test_a_log_without_a_record_says_what_it_cannot_tell(
    folders: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for record in tmp_path.glob("*/record-*"):
        record.unlink()
    assert main(["audit", "verify", *folders]) == exits.OK
    assert "a cut end would not be noticed" in capsys.readouterr().out


def test_no_log_is_an_error_and_not_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        assert main(["audit", "verify", "--state-dir", str(folder)]) == exits.UNAVAILABLE
        assert "--state-dir names another folder" in capsys.readouterr().err


def test_since_takes_times_and_spans() -> None:
    assert since("2027-01-15T08:00:00+00:00") == NOW_S
    assert abs(since("2h") - (time.time() - 7200)) < 5
    for wrong in ("yesterday", "5", "h", "99999999999999d"):
        with pytest.raises(argparse.ArgumentTypeError, match="expected a time"):
            since(wrong)


def test_the_chain_goes_on_over_restarts_and_power_cuts(
    store: RecordStore, folders: tuple[str, ...], tmp_path: Path
) -> None:
    store.append_audit(entry(1, NOW_S + 9))  # only in memory
    again = RecordStore(tmp_path / "memory", tmp_path / "state", lambda _: None)
    again.load()
    again.begin_audit("80001f88")
    again.append_audit(entry(2, NOW_S + 10))
    again.flush_now(Record(seq=2, engine_id=b"x"))
    again.close()
    assert main(["audit", "verify", *folders[:2]]) == exits.OK


def test_a_log_that_cannot_be_written_does_not_cost_the_record(
    store: RecordStore, tmp_path: Path
) -> None:
    file = tmp_path / "state" / "audit.jsonl"
    file.unlink()
    file.mkdir()
    store.append_audit(entry(1, NOW_S + 9))
    with pytest.raises(StoreError, match=r"audit\.jsonl"):
        store.flush_now(Record(seq=7, engine_id=b"x"))
    file.rmdir()
    loaded = RecordStore(tmp_path / "run2", tmp_path / "state", lambda _: None)
    record = loaded.load().record
    assert record is not None
    assert record.seq == 7
    loaded.close()


@pytest.mark.parametrize(
    "plain",
    [
        {"kind": "command"},
        {"kind": "command", "time": "noon", "outlets": 5, "commands": 7, "face": {}},
        {"kind": "command", "time": 1e300, "asked": "x", "result": "changed"},
        {"kind": "genesis"},
        {"kind": "something to come", "time": 1.0},
    ],
)
def test_a_line_that_somebody_else_wrote_is_shown_without_a_crash(
    tmp_path: Path, plain: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "audit.jsonl").write_bytes(sealed(plain, START).data)
    folder = ("--state-dir", str(tmp_path))
    assert shown(capsys, *folder)[0].startswith("1 ")
    assert main(["audit", *folder, "--outlet", "1", "--since", "2d", "--actor", "x"]) == exits.OK


def test_commands_that_change_nothing_get_to_the_card_before_there_are_too_many(
    store: RecordStore, tmp_path: Path
) -> None:
    file = tmp_path / "state" / "audit.jsonl"
    before = file.stat().st_size
    deadline_s = time.monotonic() + 5
    while file.stat().st_size == before:
        assert time.monotonic() < deadline_s
        for _ in range(100):
            store.append_audit(entry(1, NOW_S, result=AuditResult.UNCHANGED))
