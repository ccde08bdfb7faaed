# SPDX-License-Identifier: Apache-2.0
"""Entries of the audit log are found from its end, over both files and what waits for the card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pdu_agent.store import audit_query
from pdu_agent.store.audit_chain import NEWER_NAME, OLDER_NAME, WAITING_NAME
from pdu_agent.store.audit_file import AuditFile
from pdu_agent.store.audit_query import Wanted, commands_newest_first, outlets_of
from pdu_agent.store.files import FileOps


def entry(number: int, **more: Any) -> dict[str, Any]:
    return {"kind": "command", "time": 1000.0 + number, "face": "http", "who": "joe", **more}


@pytest.fixture(params=[64 * 1024, 300])
def folders(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """30 entries: some in the older file, some in the newer, the last three in memory only."""
    monkeypatch.setattr(audit_query, "CHUNK_BYTES", request.param)
    runtime, state = tmp_path / "run", tmp_path / "state"
    runtime.mkdir()
    state.mkdir()
    file = AuditFile(runtime, state, FileOps(), full_bytes=6000)
    file.open(None)
    file.begin("device")
    for number in range(27):
        file.append(entry(number, asked=f"on {number % 4}", outlets={str(number % 4): ["a", "b"]}))
        file.write_out()
    for number in range(27, 30):
        file.append(entry(number, who="ann", face="snmp", proof={"outlet": 7}))
    assert (state / OLDER_NAME).exists()
    assert (state / NEWER_NAME).exists()
    assert (runtime / WAITING_NAME).exists()
    return runtime, state


def times(folders: tuple[Path, Path], wanted: Wanted, before: int | None = None) -> list[int]:
    found = commands_newest_first(*folders, wanted, before)
    return [round(row["time"]) - 1000 for row in found]


def test_all_come_once_and_the_newest_first(folders: tuple[Path, Path]) -> None:
    found = times(folders, Wanted())
    assert found == sorted(found, reverse=True)
    assert found[:27] == list(range(29, 2, -1))
    assert len(set(found)) == len(found)


def test_a_place_to_go_on_from_is_a_number(folders: tuple[Path, Path]) -> None:
    first = next(iter(commands_newest_first(*folders, Wanted())))
    assert times(folders, Wanted(), first["number"])[0] == 28
    assert times(folders, Wanted(), 1) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(outlet=7), [29, 28, 27]),
        (Wanted(outlet=3, since_s=1015.0), [23, 19, 15]),
        (Wanted(since_s=1026.0, until_s=1028.0), [28, 27, 26]),
        (Wanted(user="ann"), [29, 28, 27]),
        (Wanted(user="an"), []),
        (Wanted(actor="SNMP"), [29, 28, 27]),
        (Wanted(door="snmp", until_s=1027.0), [27]),
    ],
)
def test_only_what_is_wanted(folders: tuple[Path, Path], wanted: Wanted, found: list[int]) -> None:
    assert times(folders, wanted) == found


def test_a_torn_end_and_a_spoilt_line_are_left_out(folders: tuple[Path, Path]) -> None:
    newer = folders[1] / NEWER_NAME
    lines = newer.read_bytes().split(b"\n")
    lines[-3] = lines[-3].replace(b"joe", b"eve")
    newer.write_bytes(b"\n".join(lines) + b'{"number":99')
    found = times(folders, Wanted())
    assert found[:5] == [29, 28, 27, 26, 24]


def test_an_empty_folder_has_no_entries(tmp_path: Path) -> None:
    assert list(commands_newest_first(tmp_path, tmp_path, Wanted())) == []


def test_the_outlets_of_an_entry_are_those_named_anywhere_in_it() -> None:
    row = {
        "outlets": {"3": ["on", "off"]},
        "commands": [{"outlet": 4}, {"target": "outlet 5"}, {"target": "inlet 6"}, {"group": 1}],
        "proof": {"outlet": 7},
    }
    assert outlets_of(row) == {3, 4, 5, 7}


@pytest.mark.parametrize(
    "row",
    [{"outlets": 1}, {"outlets": {"x": 1}}, {"commands": [1]}, {"proof": []}, {"commands": 2}],
)
def test_an_entry_that_makes_no_sense_is_about_no_outlet(row: dict[str, Any]) -> None:
    assert outlets_of(row) == set()
