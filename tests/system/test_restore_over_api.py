# SPDX-License-Identifier: Apache-2.0
"""A backup and its restore over the API of the real agent, which is started again in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.model.record import Record
from pdu_agent.store.backup.manifest import MANIFEST
from pdu_agent.store.files import FileOps
from pdu_agent.store.framing import decode
from pdu_agent.store.tier import Tier
from tests.system.run_process import Agent

KWH = 3_600_000_000
AT_THE_BACKUP_MJ = 123_456_789_012_345
RUNTIME_MJ = KWH // 10
"""More than the unit's loads take while a test runs: 420 W for a quarter of an hour."""
USER = {"name": "eve", "role": "operator", "password": "correct horse battery"}
ADMIN = {**USER, "name": "ada", "role": "admin"}


def loaded(unit: Agent) -> Record:
    record = Tier(unit.runtime_dir, False, FileOps()).read().record
    assert record is not None
    return record


def set_meters(unit: Agent, energy_mj: int) -> None:
    """As if the unit had run until its counters stand there; the agent is down."""
    record = loaded(unit)
    meters = {name: replace(each, energy_mj=energy_mj) for name, each in record.meters.items()}
    changed = replace(record, seq=record.seq + 50, meters=meters)
    for folder, is_durable in ((unit.runtime_dir, False), (unit.state_dir, True)):
        Tier(folder, is_durable, FileOps()).write(changed)


def energies_mj(record: Record) -> dict[str, int]:
    return {name: each.energy_mj for name, each in record.meters.items()}


def asked(unit: Agent, method: str, path: str, body: Any = None) -> Any:
    status, answer = unit.api(method, path, body)
    assert status == 200, answer
    return answer


def users(unit: Agent) -> set[str]:
    return {row["name"] for row in asked(unit, "GET", "/users")["users"]}


def test_a_restore_brings_totals_names_and_users_back(tmp_path: Path) -> None:
    """10 kWh, another name and one user less later: none of it is left but in the folder aside."""
    unit = Agent(tmp_path)
    with unit:
        unit.stop()
        set_meters(unit, AT_THE_BACKUP_MJ)
        unit.start()
        asked(unit, "PATCH", "/outlets/1", {"name": "before"})
        asked(unit, "POST", "/users", ADMIN)
        asked(unit, "POST", "/users", USER)
        name = asked(unit, "POST", "/backups", {})["name"]
        kept = decode((unit.state_dir / "backups" / name / "record").read_bytes())
        asked(unit, "PATCH", "/outlets/1", {"name": "after"})
        asked(unit, "DELETE", "/users/eve")
        unit.stop()
        set_meters(unit, AT_THE_BACKUP_MJ + 10 * KWH)
        unit.start()
        assert unit.outlets()[0]["name"] == "after"
        assert asked(unit, "POST", f"/backups/{name}/restore", {})["restore_ready"] is True
        assert unit.outlets()[0]["name"] == "after"  # not before the next start
        moved = unit.relay_movements()
        unit.stop()
        unit.start()
        assert unit.outlets()[0]["name"] == "before"
        assert users(unit) >= {"eve"}
        assert not asked(unit, "GET", "/backups")["restore_ready"]
        assert unit.relay_movements() == moved
        found = energies_mj(loaded(unit))
        assert found.keys() == kept.meters.keys()
        for meter, energy_mj in energies_mj(kept).items():
            assert AT_THE_BACKUP_MJ <= energy_mj < AT_THE_BACKUP_MJ + RUNTIME_MJ
            assert energy_mj <= found[meter] < energy_mj + RUNTIME_MJ, meter
        aside = next(unit.state_dir.glob("before-restore-*"))
        old = Tier(aside, True, FileOps()).read().record
        assert old is not None
        assert min(energies_mj(old).values()) >= AT_THE_BACKUP_MJ + 10 * KWH


def cut_short(folder: Path) -> None:
    part = folder / "record"
    part.write_bytes(part.read_bytes()[:-7])


def one_bit_off(folder: Path) -> None:
    part = folder / "record"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)


def of_somewhere_else(folder: Path) -> None:
    plain = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    plain["parts"]["../../etc/shadow"] = plain["parts"]["record"]
    (folder / MANIFEST).write_text(json.dumps(plain), encoding="utf-8")


def without_end(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b'{"format": 1, "parts": {' + b" " * 30_000_000)


def another_archive(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"openpdu.tar\0" * 100)


DAMAGE: dict[str, tuple[Callable[[Path], None], int]] = {
    "cut short": (cut_short, 503),
    "one bit off": (one_bit_off, 503),
    "names a file elsewhere": (of_somewhere_else, 404),
    "a manifest without end": (without_end, 404),
    "another kind of archive": (another_archive, 404),
}


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Agent(tmp_path_factory.mktemp("damaged")) as unit:
        yield unit


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_no_whole_backup_is_refused_and_nothing_is_lost(unit: Agent, name: str) -> None:
    damage, expected = DAMAGE[name]
    backups = unit.state_dir / "backups"
    made = backups / asked(unit, "POST", "/backups", {})["name"]
    spoilt = backups / "openpdu-20200101T000000Z"
    made.rename(spoilt)
    before = {path.name for path in unit.state_dir.iterdir()}
    damage(spoilt)
    status, answer = unit.api("POST", f"/backups/{spoilt.name}/restore", {})
    assert (status, answer["status"]) == (expected, expected)
    assert spoilt.name in answer["detail"]
    assert {path.name for path in unit.state_dir.iterdir()} == before
    assert not asked(unit, "GET", "/backups")["restore_ready"]
    assert asked(unit, "POST", "/backups", {})["name"]  # the next one is made all the same
    for path in sorted(spoilt.iterdir()):
        path.unlink()
    spoilt.rmdir()


def test_each_backup_while_meters_run_is_one_moment(unit: Agent) -> None:
    """All meters of a record are of the same second, and it never goes back."""
    seen: list[Record] = []
    for _ in range(5):
        name = asked(unit, "POST", "/backups", {})["name"]
        assert asked(unit, "POST", f"/backups/{name}/verify", {})["is_whole"]
        seen.append(decode((unit.state_dir / "backups" / name / "record").read_bytes()))
    for before, after in pairwise(seen):
        assert after.seq >= before.seq
        for meter, energy_mj in energies_mj(before).items():
            assert energies_mj(after)[meter] >= energy_mj
